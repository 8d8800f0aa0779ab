package engine

import (
	"errors"
	"fmt"
	"runtime"

	"github.com/gin-contrib/sessions"

	"github.com/ginauth/ginauth/ginauth/codec"
)

// defaultFlashKey is the key that gin-contrib/sessions uses.
const defaultFlashKey = "_flash"

// ginSession is the request's session in the form of gin-contrib/sessions, so that sessions.Default
// works in the app's handlers. It reads nothing before the first use, and saves changes before the
// first byte of the answer, with or without Save. Its interface returns no errors, so the first
// error is kept: Save returns it, and it becomes the answer. Parallel requests that write different
// keys keep each other's values; if two write the same key, the last one wins. It is safe for
// concurrent use.
type ginSession struct{ state *State }

var _ sessions.Session = (*ginSession)(nil)

// ID returns the session's public id, or "" if there is no session yet.
func (s *ginSession) ID() string {
	id := ""
	s.do(func(st *State) error {
		if st.live() {
			id = string(st.record.ID)
		}
		return nil
	})
	return id
}

// Get returns a copy of a value, or nil. Set a map or slice again after you change it.
func (s *ginSession) Get(key any) (value any) {
	s.do(func(st *State) error {
		name, err := codec.Key(key)
		if err != nil {
			return err
		}
		if st.retrieving > 0 {
			st.userKeys[name] = true
		}
		value, err = st.values.Get(name)
		return err
	})
	return value
}

// Set stores a value that package codec can encode. Any other value is logged at once.
func (s *ginSession) Set(key, value any) {
	var err error
	s.do(func(st *State) error {
		var name string
		if name, err = codec.Key(key); err == nil {
			err = st.values.Put(name, value)
		}
		return err
	})
	s.report(err)
}

// report logs a value that cannot be stored, with the app's line that called report's caller.
func (s *ginSession) report(err error) {
	if !errors.Is(err, codec.ErrUnsupported) {
		return
	}
	st := s.state
	_, file, line, _ := runtime.Caller(2)
	st.Mount.Log.ErrorContext(st.request.Context(), "ginauth: a session value cannot be stored, and the request will fail", "at", fmt.Sprintf("%s:%d", file, line), "error", err)
}

// Delete removes a value.
func (s *ginSession) Delete(key any) {
	s.do(func(st *State) error {
		name, err := codec.Key(key)
		if err != nil {
			return err
		}
		st.values.Remove(name)
		return nil
	})
}

// Clear removes every value. The session continues and its user stays logged in; SignOut logs out.
func (s *ginSession) Clear() {
	s.do(func(st *State) error { return st.values.RemoveAll() })
}

// AddFlash appends a value to the list that Flashes returns.
func (s *ginSession) AddFlash(value any, vars ...string) {
	var err error
	s.do(func(st *State) error {
		var key string
		var flashes []any
		if key, flashes, err = st.flashes(vars); err == nil {
			err = st.values.Put(key, append(flashes, value))
		}
		return err
	})
	s.report(err)
}

// Flashes returns the list and removes it from the session.
func (s *ginSession) Flashes(vars ...string) (flashes []any) {
	s.do(func(st *State) (err error) {
		var key string
		if key, flashes, err = st.flashes(vars); err == nil && flashes != nil {
			st.values.Remove(key)
		}
		return err
	})
	return flashes
}

func (st *State) flashes(vars []string) (key string, flashes []any, err error) {
	name := defaultFlashKey
	if len(vars) > 0 {
		name = vars[0]
	}
	if key, err = codec.Key(name); err != nil {
		return "", nil, err
	}
	if st.retrieving > 0 {
		st.userKeys[key] = true
	}
	stored, err := st.values.Get(key)
	flashes, _ = stored.([]any)
	return key, flashes, err
}

// Options ends the session if MaxAge is negative. The other attributes of the cookie come from
// Options.Cookie and cannot be changed here.
func (s *ginSession) Options(o sessions.Options) {
	s.do(func(st *State) error {
		st.destroy = o.MaxAge < 0
		return nil
	})
}

// Save writes changes now. It is only needed to see the error.
func (s *ginSession) Save() error {
	return s.state.save()
}

// do looks the session up before f runs, even for a write: a session that ends in between must not
// come back under a new token.
func (s *ginSession) do(f func(*State) error) {
	st := s.state
	st.mu.Lock()
	defer st.mu.Unlock()
	if err := st.load(st.request.Context()); err != nil && st.nobody() != ErrUnauthenticated { //nolint:errorlint // nobody returns it bare
		st.fail(err)
		return
	}
	if err := f(st); err != nil {
		st.fail(err)
	}
}

// Values returns a copy of all values of the session.
func (st *State) Values() (map[any]any, error) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if err := st.load(st.request.Context()); err != nil && st.nobody() != ErrUnauthenticated { //nolint:errorlint // nobody returns it bare
		return nil, err
	}
	st.userKeysAll = st.userKeysAll || st.retrieving > 0
	return st.values.All()
}
