package password_test

import (
	"sync"
	"testing"

	"github.com/ginauth/ginauth/ginauth/password"
)

// Logins at the same moment share what the Hasher remembers.
func TestHashesOfAllKindsAreComparedAtOnce(t *testing.T) {
	t.Parallel()
	h := foreignHasher(t, allReaders()...)
	var wg sync.WaitGroup
	all := vectors()
	for _, name := range []string{
		"django pbkdf2_sha256 beyond ASCII", "passlib scrypt", "passlib pbkdf2", "passlib argon2i", "passlib bcrypt-sha256, version 2",
		"phpass of phpBB", "the salted SHA-512 of an app, Custom",
	} {
		v := all[name]
		hash := mustParse(t, v.stored)
		for _, plain := range []string{v.plain, "wrong " + v.plain} {
			wg.Go(func() {
				if ok, err := h.Verify(t.Context(), hash, plain); ok != (plain == v.plain) || err != nil {
					t.Errorf("%s: %v, %v", name, ok, err)
				}
			})
		}
		wg.Go(func() {
			if ok, err := h.Verify(t.Context(), password.Hash{}, v.plain); ok || err != nil {
				t.Errorf("nobody: %v, %v", ok, err)
			}
		})
	}
	wg.Wait()
}
