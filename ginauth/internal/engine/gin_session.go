package engine

import (
	"errors"
	"fmt"
	"runtime"

	"github.com/gin-contrib/sessions"

	"github.com/ginauth/ginauth/ginauth/codec"
)

// defaultFlashKey is gin-contrib's.
const defaultFlashKey = "_flash"

// ginSession is the request's session as gin-contrib/sessions knows it, so that
// sessions.Default works in the app's handlers. Nothing is read before the first use, and
// what changed is saved before the first byte of the answer, with or without Save. The
// interface returns no errors, so the first one is kept: it fails Save, and the answer.
// Parallel requests keep each other's values where they write different keys; of two that
// write one key, the last one wins. It is safe for concurrent use.
type ginSession struct{ state *State }

var _ sessions.Session = (*ginSession)(nil)

// ID returns the session's public id, or "" when there is no session yet.
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

// Get returns a copy of a value, or nil. A map or slice that was changed must be Set again.
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

// Set stores a value that package codec can encode. What it cannot encode is in the log at once.
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

// report logs what cannot be stored, with the line of the app that called the method calling report.
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

// Clear removes every value. The session goes on, and its user stays logged in: to log out, use SignOut.
func (s *ginSession) Clear() {
	s.do(func(st *State) error { return st.values.RemoveAll() })
}

// AddFlash appends to a list that Flashes takes.
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

// Flashes takes the list.
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

// Options ends the session when MaxAge is negative. Everything else about the cookie is
// Options.Cookie's, and is not changed from a handler.
func (s *ginSession) Options(o sessions.Options) {
	s.do(func(st *State) error {
		st.destroy = o.MaxAge < 0
		return nil
	})
}

// Save writes what changed now. It is only needed to see the error.
func (s *ginSession) Save() error {
	return s.state.save()
}

// do looks the session up first, also for a write: one that ends before the write is saved must
// not come back under a new token.
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

// allValues is a copy of everything in the session.
func (st *State) Values() (map[any]any, error) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if err := st.load(st.request.Context()); err != nil && st.nobody() != ErrUnauthenticated { //nolint:errorlint // nobody returns it bare
		return nil, err
	}
	st.userKeysAll = st.userKeysAll || st.retrieving > 0
	return st.values.All()
}
