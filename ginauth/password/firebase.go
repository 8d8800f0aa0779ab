package password

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
)

const (
	firebasePrefix = "$firebase-scrypt$"
	sealKeyBytes   = 32 // AES-256
	// The bounds of Firebase's own importer.
	maxFirebaseRounds, maxFirebaseMemCost = 8, 14
)

// FirebaseParams are the "password hash parameters" of a project, as the Firebase console shows
// them.
type FirebaseParams struct {
	// SignerKey is base64_signer_key, a secret: keep it where the app's other secrets are.
	SignerKey string
	// SaltSeparator is base64_salt_separator. It may be empty.
	SaltSeparator string
	// Rounds is rounds, 1 to 8.
	Rounds int
	// MemCost is mem_cost, 1 to 14.
	MemCost int
}

// Firebase reads hashes of Firebase Authentication, which are scrypt, whose key then encrypts the
// project's signer key. An export has salt and hash in two columns: store $firebase-scrypt$, the
// salt, $ and the hash, both in base64 as they are there.
func Firebase(project FirebaseParams) Reader {
	key, separator, err := project.decode()
	if err != nil {
		return Reader{fault: err}
	}
	encrypt := func(derived []byte) []byte {
		block, err := aes.NewCipher(derived)
		if err != nil {
			return nil
		}
		sealed := make([]byte, len(key))
		cipher.NewCTR(block, make([]byte, aes.BlockSize)).XORKeyStream(sealed, key) //nolint:gosec // the IV is zero in Firebase, whose key is of one password
		return sealed
	}
	return Reader{read: func(text string) (scheme, error) {
		rest, ok := strings.CutPrefix(text, firebasePrefix)
		if !ok {
			return nil, errUnread
		}
		salt, tag, ok := firebaseFields(rest)
		if !ok || len(tag) != len(key) {
			return nil, errDamaged
		}
		h, err := newScrypt(1<<project.MemCost, uint64(project.Rounds), 1, slices.Concat(salt, separator), tag) //nolint:gosec // checked by decode
		h.seal = encrypt
		return h, err
	}}
}

func (p FirebaseParams) decode() (key, separator []byte, err error) {
	key, okKey := decoded(base64.StdEncoding, p.SignerKey, minTagBytes, maxTagBytes)
	separator, okSeparator := decoded(base64.StdEncoding, p.SaltSeparator, 0, maxSaltBytes/2)
	switch {
	case !okKey:
		err = fmt.Errorf("FirebaseParams: SignerKey is not base64 of %d to %d bytes; copy base64_signer_key from the console", minTagBytes, maxTagBytes)
	case !okSeparator:
		err = errors.New("FirebaseParams: SaltSeparator is not base64; copy base64_salt_separator from the console")
	case p.Rounds < 1 || p.Rounds > maxFirebaseRounds:
		err = fmt.Errorf("FirebaseParams: Rounds is %d; it must be 1 to %d", p.Rounds, maxFirebaseRounds)
	case p.MemCost < 1 || p.MemCost > maxFirebaseMemCost:
		err = fmt.Errorf("FirebaseParams: MemCost is %d; it must be 1 to %d", p.MemCost, maxFirebaseMemCost)
	}
	return key, separator, err
}

// firebaseFields reads base64 in the alphabet of exports, and in the one for URLs, which the admin
// SDKs return.
func firebaseFields(rest string) (salt, tag []byte, ok bool) {
	saltText, tagText, _ := strings.Cut(strings.NewReplacer("-", "+", "_", "/").Replace(rest), "$")
	salt, okSalt := decoded(base64.StdEncoding, saltText, minForeignSalt, maxSaltBytes/2)
	tag, okTag := decoded(base64.StdEncoding, tagText, minTagBytes, maxTagBytes)
	return salt, tag, okSalt && okTag
}
