package authtest

import (
	"testing"
	"time"

	"github.com/ginauth/ginauth/ginauth/password"
)

// CheapHasher hashes with so little work that tests are quick.
func CheapHasher(tb testing.TB) *password.Hasher {
	tb.Helper()
	h, err := password.New(password.Options{InsecureCheap: true, Slots: 4, MaxWait: time.Minute})
	if err != nil {
		tb.Fatal(err)
	}
	return h
}
