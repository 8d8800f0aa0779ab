package password_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/ginauth/ginauth/ginauth/password"
)

func ExampleHasher() {
	ctx := context.Background()
	hasher := password.Default()

	hash, err := hasher.Hash(ctx, "correct horse battery staple")
	if err != nil {
		fmt.Println(err)
		return
	}
	row := hash.Reveal() // what a store keeps
	fmt.Println(hash, row[:30])

	stored, err := password.ParseHash(row)
	if err != nil {
		fmt.Println(err)
		return
	}
	ok, err := hasher.Verify(ctx, stored, "correct horse battery staple")
	fmt.Println(ok, err, hasher.NeedsRehash(stored))

	// An account that does not exist costs as much.
	ok, err = hasher.Verify(ctx, password.Hash{}, "correct horse battery staple")
	fmt.Println(ok, err)
	// Output:
	// [hash] $argon2id$v=19$m=19456,t=2,p=1
	// true <nil> false
	// false <nil>
}

func ExampleNew() {
	_, err := password.New(password.Options{Params: password.Params{MemoryKiB: 8192, Passes: 2}})
	fmt.Println(err)

	_, err = password.New(password.Options{InsecureCheap: true}) // in tests only
	fmt.Println(err)
	// Output:
	// password.Params: MemoryKiB is 8192; with Passes 2 it must be at least 19456 (OWASP)
	// <nil>
}

func ExamplePolicy() {
	policy := password.Policy{Words: []string{"Acme"}}
	if err := policy.Validate(); err != nil {
		fmt.Println(err)
		return
	}
	for _, plain := range []string{
		"tr0ub4dor&3", "1qaz2wsx3edc4rfv", "wile and the roadrunner", "my acme web account", "correct horse battery staple",
	} {
		err := policy.Check(plain, "wile@example.com", "Wile E. Coyote")
		var refused *password.PolicyError
		if errors.As(err, &refused) {
			fmt.Println(refused.Code, refused.Limit, err)
			continue
		}
		fmt.Println("accepted")
	}
	// Output:
	// too_short 15 password must have at least 15 characters
	// common 0 password is too easy to guess
	// contains_personal 0 password must not contain your name or e-mail address
	// contains_word 0 password must not contain the name of this service
	// accepted
}
