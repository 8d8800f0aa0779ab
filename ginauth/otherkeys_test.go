package ginauth_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bradfitz/gomemcache/memcache"
	"github.com/gin-contrib/sessions"
	cookiestore "github.com/gin-contrib/sessions/cookie"
	"github.com/gin-contrib/sessions/filesystem"
	"github.com/gin-contrib/sessions/memcached"
	"github.com/gin-contrib/sessions/memstore"

	"github.com/ginauth/ginauth/ginauth"
)

// What would fail every login, or let anybody sign a session, is told when the router is built.
func TestAnotherStoreIsCheckedWhenTheRouterIsBuilt(t *testing.T) { // SEC-190
	t.Parallel()
	key := func(n int) []byte { return bytes.Repeat([]byte("k"), n) }
	dir, file := t.TempDir(), filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	stores := map[string]func(...[]byte) sessions.Store{
		"cookie":     func(k ...[]byte) sessions.Store { return cookiestore.NewStore(k...) },
		"memstore":   func(k ...[]byte) sessions.Store { return memstore.NewStore(k...) },
		"filesystem": func(k ...[]byte) sessions.Store { return filesystem.NewStore(dir, k...) },
		"memcached":  func(k ...[]byte) sessions.Store { return memcached.NewStore(memcache.New("127.0.0.1:1"), "", k...) },
	}
	check := func(what string, s sessions.Store, want string) {
		t.Helper()
		_, err := ginauth.New(config{Users: newUnusedDB(), Sessions: s})
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", what, err, want)
		}
	}
	for name, open := range stores {
		for _, n := range []int{0, 4, 15} {
			check(name, open(key(n)), "a signing key of Sessions has")
			check(name+", the older pair", open(key(32), key(32), key(n)), "a signing key of Sessions has")
		}
		for _, n := range []int{4, 17, 100} {
			check(name, open(key(32), key(n)), "an encryption key has 16, 24 or 32 bytes")
			check(name+", the older pair", open(key(32), key(32), key(32), key(n)), "an encryption key has 16, 24 or 32 bytes")
		}
		check(name, open(), "no key to sign cookies with")
		for _, n := range []int{16, 32, 64} {
			check(name, open(key(n)), "")
		}
		check(name, open(key(32), key(16), key(32), key(24), key(32), nil), "")
	}
	check("a directory", filesystem.NewStore(filepath.Join(dir, "missing"), key(32)), "the directory of Sessions does not exist")
	check("a file", filesystem.NewStore(file, key(32)), "is a file")
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("the checks leave %v behind, %v", left, err)
	}
}
