package password_test

import (
	"context"
	"crypto/sha512"
	"encoding/base64"
	"fmt"

	"github.com/ginauth/ginauth/ginauth/password"
)

// Users of a Django app keep their passwords. Give the Hasher to ginauth.Options.Passwords, and
// Login does this.
func ExampleDjango() {
	hasher, err := password.New(password.Options{Readers: []password.Reader{password.Django()}})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	stored, err := password.ParseHash("pbkdf2_sha256$1000$sixteenbytesok01$IzN8Yr9dtuO88EEg03pWpvk9GAjJiUcfgcRCGsrjxTk=")
	if err != nil {
		fmt.Println(err)
		return
	}
	ok, err := hasher.Verify(ctx, stored, "correct horse battery staple")
	fmt.Println(ok, err)
	if ok && hasher.NeedsRehash(stored) {
		ours, err := hasher.Hash(ctx, "correct horse battery staple")
		fmt.Println(ours.Reveal()[:10], err)
	}
	// Output:
	// true <nil>
	// $argon2id$ <nil>
}

func ExampleBcryptOf() {
	// What the app did before it called bcrypt.
	sha384 := func(plain string) string {
		sum := sha512.Sum384([]byte(plain))
		return base64.StdEncoding.EncodeToString(sum[:])
	}
	hasher, err := password.New(password.Options{Readers: []password.Reader{password.BcryptOf(sha384)}})
	if err != nil {
		fmt.Println(err)
		return
	}
	stored, err := password.ParseHash("$2b$04$abcdefghijklmnopqrstuuOKJCTunptct9j4drb6si4PBSWrUeJM.")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(hasher.Verify(context.Background(), stored, "correct horse battery staple"))
	// Output: true <nil>
}

// Before an import: which hashes will their users be able to log in with?
func ExampleHasher_Check() {
	hasher, err := password.New(password.Options{Readers: []password.Reader{password.Django()}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, text := range []string{
		"pbkdf2_sha256$600000$sixteenbytesok01$IzN8Yr9dtuO88EEg03pWpvk9GAjJiUcfgcRCGsrjxTk=",
		"pbkdf2_sha256$1000000000$sixteenbytesok01$IzN8Yr9dtuO88EEg03pWpvk9GAjJiUcfgcRCGsrjxTk=",
		"5f4dcc3b5aa765d61d8327deb882cf99", // MD5
	} {
		hash, err := password.ParseHash(text)
		if err == nil {
			err = hasher.Check(hash)
		}
		fmt.Println(err)
	}
	// Output:
	// <nil>
	// malformed or unsupported password hash: its cost is out of bounds
	// malformed or unsupported password hash: no reader knows its format
}
