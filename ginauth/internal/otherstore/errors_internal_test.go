package otherstore

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bradfitz/gomemcache/memcache"
	"github.com/gin-contrib/sessions"
	cookiestore "github.com/gin-contrib/sessions/cookie"
	"github.com/gin-contrib/sessions/filesystem"
	"github.com/gin-contrib/sessions/memcached"
	"github.com/gin-contrib/sessions/memstore"
	gorilla "github.com/gorilla/sessions"

	"github.com/ginauth/ginauth/ginauth/driver"
)

var errOutage = errors.New("connection refused")

func TestErrorsOfStoresAreTranslatedByTheirKind(t *testing.T) {
	t.Parallel()
	key, other := []byte("0123456789abcdef0123456789abcdef"), []byte("fedcba9876543210fedcba9876543210")
	dir := t.TempDir()
	client := memcache.New("127.0.0.1:1") // is never asked
	for name, test := range map[string]struct {
		store, foreign sessions.Store // the same kind with other keys
		unknown        error          // for a session that is gone; nil where the store has no error for it
		tooLarge       error
	}{
		"cookie": {store: cookiestore.NewStore(key), foreign: cookiestore.NewStore(other), tooLarge: saving(cookiestore.NewStore(key))},
		"memory": {store: memstore.NewStore(key), foreign: memstore.NewStore(other)},
		"file": {
			store: filesystem.NewStore(dir, key), foreign: filesystem.NewStore(dir, other),
			unknown: reading(filesystem.NewStore(filepath.Join(dir, "gone"), key), cookieOf(t, filesystem.NewStore(dir, key))), tooLarge: saving(filesystem.NewStore(dir, key)),
		},
		"memcached": {
			store: memcached.NewStore(client, "", key), foreign: filesystem.NewStore(dir, other), // the cookies of both are made alike
			unknown: memcache.ErrCacheMiss, tooLarge: errors.New(`memcache: unexpected response line from "set": "SERVER_ERROR object too large for cache\r\n"`),
		},
	} {
		known := errorsOf(test.store)
		if err := known.read(reading(test.store, cookieOf(t, test.foreign))); !errors.Is(err, driver.ErrNoSession) {
			t.Errorf("%s: a cookie made with another key: %v", name, err)
		}
		if test.unknown != nil && !errors.Is(known.read(test.unknown), driver.ErrNoSession) {
			t.Errorf("%s: %v is not understood", name, test.unknown)
		}
		if test.tooLarge != nil && !errors.Is(known.write(test.tooLarge), driver.ErrSessionTooLarge) {
			t.Errorf("%s: %v is not understood", name, test.tooLarge)
		}
		for _, err := range []error{known.read(errOutage), known.write(errOutage)} {
			if !errors.Is(err, driver.ErrUnavailable) || !errors.Is(err, errOutage) || errors.Is(err, driver.ErrNoSession) {
				t.Errorf("%s: an outage is %v", name, err)
			}
		}
	}
}

func TestOnlyTheKindOfStoreThatHasAnErrorIsBelieved(t *testing.T) {
	t.Parallel()
	known := errorsOf(memstore.NewStore([]byte("0123456789abcdef")))
	if err := known.read(memcache.ErrCacheMiss); errors.Is(err, driver.ErrNoSession) {
		t.Error("a memory store has misses of memcached")
	}
	if err := known.write(errors.New("the answer is too large")); errors.Is(err, driver.ErrSessionTooLarge) {
		t.Errorf("text alone decides: %v", err)
	}
	// A store of the app's own uses the errors of package driver.
	if err := known.read(fmt.Errorf("own: %w", driver.ErrNoSession)); !errors.Is(err, driver.ErrNoSession) {
		t.Error(err)
	}
	if err := known.write(fmt.Errorf("own: %w", driver.ErrSessionTooLarge)); !errors.Is(err, driver.ErrSessionTooLarge) || errors.Is(err, driver.ErrUnavailable) {
		t.Error(err)
	}
}

const storedName = "session"

func cookieOf(t *testing.T, s sessions.Store) *http.Cookie {
	t.Helper()
	w := httptest.NewRecorder()
	if err := s.Save(httptest.NewRequest(http.MethodGet, "/", nil), w, fresh(s, "value")); err != nil {
		t.Fatal(err)
	}
	return w.Result().Cookies()[0]
}

func reading(s sessions.Store, cookie *http.Cookie) error {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.AddCookie(cookie)
	_, err := s.New(r, storedName)
	return err
}

func saving(s sessions.Store) error {
	return s.Save(httptest.NewRequest(http.MethodGet, "/", nil), httptest.NewRecorder(), fresh(s, strings.Repeat("x", 64<<10)))
}

func fresh(s sessions.Store, value string) *gorilla.Session {
	session := gorilla.NewSession(s, storedName)
	session.Options = &gorilla.Options{MaxAge: 60}
	session.Values["key"] = value
	return session
}
