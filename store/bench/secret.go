package main

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"strconv"

	"golang.org/x/crypto/argon2"
)

// hashParams: argon2id for everybody, so that logins differ in the session only.
type hashParams struct {
	memory, time uint32
	threads      uint8
}

func (p hashParams) key(salt []byte, pw string) []byte {
	return argon2.IDKey([]byte(pw), salt, p.time, p.memory, p.threads, 32)
}

func (p hashParams) generate(pw string) string {
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails
	return base64.RawStdEncoding.EncodeToString(append(salt, p.key(salt, pw)...))
}

func (p hashParams) verify(hash, pw string) bool {
	b, err := base64.RawStdEncoding.DecodeString(hash)
	return err == nil && len(b) == 48 && subtle.ConstantTimeCompare(b[16:], p.key(b[:16], pw)) == 1
}

func newToken() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

// preloadToken is the token of the i-th preloaded session.
func preloadToken(i int) string {
	b := sha256.Sum256([]byte("preload" + strconv.Itoa(i)))
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// tokenHash returns the key of a token, or false for anything that cannot be one.
func tokenHash(token string) (h [32]byte, ok bool) {
	var raw [32]byte
	if len(token) != 43 {
		return h, false
	}
	n, err := base64.RawURLEncoding.Strict().Decode(raw[:], []byte(token))
	if err != nil || n != 32 {
		return h, false
	}
	return sha256.Sum256(raw[:]), true
}
