package ginauth

import (
	"github.com/gin-contrib/sessions"

	"github.com/ginauth/ginauth/ginauth/codec"
)

// defaultFlashKey is gin-contrib's.
const defaultFlashKey = "_flash"

// ginSession is the request's session as gin-contrib/sessions knows it, so that
// sessions.Default works in the app's handlers. Nothing is read before the first use, and
// what changed is saved before the first byte of the answer, with or without Save. The
// interface returns no errors, so the first one is kept: it fails Save, and the answer.
// It is safe for concurrent use.
type ginSession struct{ state *state }

var _ sessions.Session = (*ginSession)(nil)

// ID returns the session's public id, or "" when there is no session yet.
func (s *ginSession) ID() string {
	id := ""
	s.read(func(st *state) error {
		if st.live() {
			id = string(st.record.ID)
		}
		return nil
	})
	return id
}

// Get returns a copy of a value, or nil. A map or slice that was changed must be Set again.
func (s *ginSession) Get(key any) (value any) {
	s.read(func(st *state) error {
		name, err := codec.Key(key)
		if err != nil {
			return err
		}
		value, err = st.values.get(name)
		return err
	})
	return value
}

// Set stores a value that package codec can encode.
func (s *ginSession) Set(key, value any) {
	s.write(func(st *state) error {
		name, err := codec.Key(key)
		if err != nil {
			return err
		}
		return st.values.put(name, value)
	})
}

// Delete removes a value.
func (s *ginSession) Delete(key any) {
	s.write(func(st *state) error {
		name, err := codec.Key(key)
		if err != nil {
			return err
		}
		st.values.remove(name)
		return nil
	})
}

// Clear removes every value. The session goes on, and its user stays logged in: to log out, use SignOut.
func (s *ginSession) Clear() {
	s.read(func(st *state) error { return st.values.removeAll() })
}

// AddFlash appends to a list that Flashes takes.
func (s *ginSession) AddFlash(value any, vars ...string) {
	key := flashKey(vars)
	s.read(func(st *state) error {
		stored, err := st.values.get(key)
		if err != nil {
			return err
		}
		flashes, _ := stored.([]any)
		return st.values.put(key, append(flashes, value))
	})
}

// Flashes takes the list.
func (s *ginSession) Flashes(vars ...string) (flashes []any) {
	key := flashKey(vars)
	s.read(func(st *state) error {
		stored, err := st.values.get(key)
		if err != nil {
			return err
		}
		flashes, _ = stored.([]any)
		if flashes != nil {
			st.values.remove(key)
		}
		return nil
	})
	return flashes
}

func flashKey(vars []string) string {
	if len(vars) > 0 {
		return vars[0]
	}
	return defaultFlashKey
}

// Options ends the session when MaxAge is negative. Everything else about the cookie is
// Config.Cookie's, and is not changed from a handler.
func (s *ginSession) Options(o sessions.Options) {
	s.write(func(st *state) error {
		st.destroy = o.MaxAge < 0
		return nil
	})
}

// Save writes what changed now. It is only needed to see the error.
func (s *ginSession) Save() error {
	return s.state.save(s.state.request.Context())
}

func (s *ginSession) read(f func(*state) error) {
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

func (s *ginSession) write(f func(*state) error) {
	st := s.state
	st.mu.Lock()
	defer st.mu.Unlock()
	if err := f(st); err != nil {
		st.fail(err)
	}
}
