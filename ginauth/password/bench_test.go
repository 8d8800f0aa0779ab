package password_test

import (
	"strings"
	"testing"

	"golang.org/x/crypto/argon2"

	"github.com/ginauth/ginauth/ginauth/password"
)

// The bare function with the default cost: what Verify cannot go below.
func BenchmarkBareArgon2id(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		argon2.IDKey([]byte(phrase), []byte("sixteen bytes ok"), 2, 19456, 1, 32)
	}
}

func BenchmarkHash(b *testing.B) {
	h := newHasher(b, password.Options{})
	b.ReportAllocs()
	for b.Loop() {
		mustHash(b, h, phrase)
	}
}

func BenchmarkVerify(b *testing.B) {
	h := newHasher(b, password.Options{})
	hash := mustHash(b, h, phrase)
	stale := mustParse(b, "$argon2id$v=19$m=4096,t=2,p=1$"+salt+"$"+strings.Repeat("A", 43))
	for name, tc := range map[string]struct {
		hash  password.Hash
		plain string
	}{
		"match": {hash, phrase}, "miss": {hash, "wrong " + phrase}, "nobody": {password.Hash{}, phrase}, "stale": {stale, phrase},
		"overlong": {hash, strings.Repeat("x", 4096)},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				verify(b, h, tc.hash, tc.plain)
			}
		})
	}
}

func BenchmarkParseHash(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		mustParse(b, argonHash)
	}
}

func BenchmarkPolicyCheck(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		check(b, password.Policy{Words: []string{"acme"}}, phrase, "coyote@example.com", "Wile Coyote")
	}
}
