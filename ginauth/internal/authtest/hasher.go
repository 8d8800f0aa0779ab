package authtest

import (
	"testing"

	"github.com/ginauth/ginauth/ginauth/password"
)

// CheapHasher hashes with so little work that tests are quick.
func CheapHasher(tb testing.TB) *password.Hasher {
	tb.Helper()
	h, err := password.New(password.Options{InsecureCheap: true, Slots: 4, Queue: 256})
	if err != nil {
		tb.Fatal(err)
	}
	return h
}
