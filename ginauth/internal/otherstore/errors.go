package otherstore

import (
	"errors"
	"fmt"
	"io/fs"
	"reflect"
	"strings"

	"github.com/gin-contrib/sessions"
	"github.com/gorilla/securecookie"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// storeErrors are the errors of one kind of store that have no type or value that could be checked
// without importing the client of the store's server.
type storeErrors struct {
	unknown  string // the text of the error for a session that the store does not have
	tooLarge string // a part of the text of the error for a session that the store cannot hold
}

// tooLong is the error of securecookie, which the cookie and file stores and others use to encode
// their sessions. It is a new value each time, so its text is compared.
const tooLong = "securecookie: the value is too long"

// knownStores are the stores of gin-contrib/sessions, by the package of the type that they wrap.
// The cookie, memory and file stores need no row: their errors have types, except tooLong.
var knownStores = map[string]storeErrors{
	"github.com/boj/redistore":                            {tooLarge: "the value to store is too big"},
	"github.com/bradleypeabody/gorilla-sessions-memcache": {unknown: "memcache: cache miss", tooLarge: "object too large for cache"},
	"github.com/antonlindstrom/pgstore":                   {unknown: "sql: no rows in result set"},
	"github.com/laziness-coders/mongostore":               {unknown: "mongo: no documents in result"},
	"github.com/kidstuff/mongostore":                      {unknown: "not found"},
}

func errorsOf(store sessions.Store) storeErrors {
	for _, t := range wrapped(store) {
		if known, ok := knownStores[t.PkgPath()]; ok {
			return known
		}
	}
	return storeErrors{}
}

// wrapped returns the type of a store and the types that it embeds, without pointers.
func wrapped(store sessions.Store) []reflect.Type {
	t := indirect(reflect.TypeOf(store))
	types := []reflect.Type{t}
	if t.Kind() != reflect.Struct {
		return types
	}
	for i := range t.NumField() {
		if f := t.Field(i); f.Anonymous {
			types = append(types, indirect(f.Type))
		}
	}
	return types
}

func indirect(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}

// read translates the error of reading a session: ErrNoSession if the store does not have the
// session or did not make its cookie, and ErrUnavailable if the store cannot say. An app's own
// store returns driver.ErrNoSession.
func (s storeErrors) read(err error) error {
	var cookie securecookie.Error
	switch {
	case errors.As(err, &cookie) && cookie.IsDecode(): // SEC-155: there is no second way to read it
	case errors.Is(err, driver.ErrNoSession), errors.Is(err, fs.ErrNotExist):
	case s.unknown != "" && err.Error() == s.unknown:
	default:
		return fmt.Errorf("%w: reading a session: %w", driver.ErrUnavailable, err)
	}
	return driver.ErrNoSession
}

// write translates the error of writing a session: ErrSessionTooLarge, or otherwise ErrUnavailable.
func (s storeErrors) write(err error) error {
	text := err.Error()
	if errors.Is(err, driver.ErrSessionTooLarge) || strings.Contains(text, tooLong) || s.tooLarge != "" && strings.Contains(text, s.tooLarge) {
		return fmt.Errorf("%w: %w", driver.ErrSessionTooLarge, err)
	}
	return fmt.Errorf("%w: saving a session: %w", driver.ErrUnavailable, err)
}
