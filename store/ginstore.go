package store

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/gin-contrib/sessions"
	gorilla "github.com/gorilla/sessions"

	"github.com/ginauth/ginauth/ginauth/codec"
	"github.com/ginauth/ginauth/ginauth/driver"
)

var _ sessions.Store = (*Sessions)(nil)

// Lifetimes of a session under sessions.Sessions, where no ginauth.Options set them: ginauth's
// defaults. A positive MaxAge replaces both.
const (
	ginIdleTimeout = time.Hour
	ginLifetime    = 24 * time.Hour
	ginTouchEvery  = time.Minute
)

// ginOptions is the cookie if Options was never called.
var ginOptions = sessions.Options{Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode}

// Options replaces all attributes of the cookie for use under sessions.Sessions, as gin-contrib
// requires: an attribute that is left out is off, even HttpOnly and Secure. A positive MaxAge, in
// seconds, is also the session's lifetime. ginauth.Session has its own attributes in
// Options.Cookie. Call it before the store is used. Default: Path=/, Secure, HttpOnly,
// SameSite=Lax, until the browser closes.
func (s *Sessions) Options(o sessions.Options) { s.cookie = *o.ToGorillaOptions() }

// loaded is the state of a session that the store keeps between New and Save.
type loaded struct {
	token  driver.Token
	id     string
	stored map[string]json.RawMessage
}

type loadedKey struct{}

// memory keeps what was loaded with the request, as gorilla's registry does.
func memory(r *http.Request) map[*gorilla.Session]*loaded {
	if known, ok := r.Context().Value(loadedKey{}).(map[*gorilla.Session]*loaded); ok {
		return known
	}
	known := map[*gorilla.Session]*loaded{}
	*r = *r.WithContext(context.WithValue(r.Context(), loadedKey{}, known))
	return known
}

// Get returns the request's session of this name, for use under sessions.Sessions. The session is
// never nil. An error means that the database could not be asked; then Save returns it, too, so
// that an outage is not taken for an empty session.
func (s *Sessions) Get(r *http.Request, name string) (*gorilla.Session, error) {
	return gorilla.GetRegistry(r).Get(s, name)
}

// New is Get without the request's memory. A cookie that names no live session gives a new, empty
// session, which gets a token at its first Save.
func (s *Sessions) New(r *http.Request, name string) (*gorilla.Session, error) {
	session := gorilla.NewSession(s, name)
	options := s.cookie
	session.Options, session.IsNew = &options, true
	cookies := r.CookiesNamed(name)
	if len(cookies) != 1 {
		return session, nil
	}
	token, ok := driver.ParseToken(cookies[0].Value)
	if !ok {
		return session, nil
	}
	record, err := s.FindSession(r.Context(), named(r.Context(), token, name))
	if errors.Is(err, driver.ErrNoSession) {
		return session, nil
	}
	if err != nil {
		memory(r)[session] = nil
		return session, err
	}
	l := &loaded{token: token, stored: map[string]json.RawMessage{}}
	memory(r)[session] = l
	if err := l.decode(record, session); err != nil { // Save replaces unreadable data
		l.id, session.ID, session.IsNew = "unreadable", "", true
		clear(session.Values)
		return session, err
	}
	s.touch(r.Context(), record)
	return session, nil
}

// touch marks a session as seen, once a minute, so that reading keeps it alive. A failure does not
// fail the request.
func (s *Sessions) touch(ctx context.Context, record driver.Session) {
	if record.ReadAt.Sub(record.LastSeenAt) >= ginTouchEvery {
		_, _ = s.UpdateSession(ctx, record.Digest, driver.SessionChange{UnlessSeenFor: ginTouchEvery})
	}
}

// named binds a token to its realm and to its cookie's name: a session is not found under another.
func named(ctx context.Context, t driver.Token, name string) driver.Digest {
	d := t.Digest().In(driver.Realm(ctx))
	return sha256.Sum256(append(d[:], name...))
}

func (l *loaded) decode(record driver.Session, session *gorilla.Session) error {
	if err := json.Unmarshal(record.Data, &l.stored); err != nil {
		return fmt.Errorf("reading a session's values: %w", codec.ErrCorrupt)
	}
	for name, raw := range l.stored {
		key, err := codec.ParseKey(name)
		if err != nil {
			return fmt.Errorf("reading a session's values: %w", err)
		}
		if session.Values[key], err = codec.Decode(raw); err != nil {
			return fmt.Errorf("reading a session's values: %w", err)
		}
	}
	l.id = string(record.ID)
	session.ID, session.IsNew = l.id, false
	return nil
}

// errNotLoaded fails Save after a failed New: writing would replace what could not be read.
var errNotLoaded = errors.New("saving a session that could not be read")

// Save writes what changed since New and sets the cookie. A session with an empty ID gets a new
// token, and its former token ends; a negative MaxAge ends the session. driver.ErrNoSession means
// that the session ended in the meantime: it does not come back. Keys that other requests changed
// at the same time keep their values; of two requests that change one key, the last one wins.
func (s *Sessions) Save(r *http.Request, w http.ResponseWriter, session *gorilla.Session) error {
	known := memory(r)
	l, seen := known[session]
	if seen && l == nil {
		return fmt.Errorf("%w: %w", errNotLoaded, driver.ErrUnavailable)
	}
	if session.Options.MaxAge < 0 {
		return s.drop(r, w, session, l)
	}
	changes, err := encodeValues(session.Values)
	if err != nil {
		return err
	}
	if l == nil || session.ID != l.id {
		l, err = s.create(r, session, l, changes)
	} else {
		err = s.update(r, session.Name(), l, changes)
	}
	if err != nil {
		return err
	}
	known[session], session.ID = l, l.id
	http.SetCookie(w, gorilla.NewCookie(session.Name(), l.token.Reveal(), session.Options))
	return nil
}

func (s *Sessions) drop(r *http.Request, w http.ResponseWriter, session *gorilla.Session, l *loaded) error {
	if l != nil {
		if err := s.DeleteSession(r.Context(), named(r.Context(), l.token, session.Name())); err != nil {
			return err
		}
	}
	delete(memory(r), session)
	session.ID = ""
	http.SetCookie(w, gorilla.NewCookie(session.Name(), "", session.Options))
	return nil
}

func encodeValues(values map[any]any) (map[string]json.RawMessage, error) {
	encoded := make(map[string]json.RawMessage, len(values))
	for k, v := range values {
		name, err := codec.Key(k)
		if err != nil {
			return nil, fmt.Errorf("saving a session: %w", err)
		}
		if encoded[name], err = codec.Encode(v); err != nil {
			return nil, fmt.Errorf("saving a session: %w", err)
		}
	}
	return encoded, nil
}

func (s *Sessions) create(r *http.Request, session *gorilla.Session, old *loaded, values map[string]json.RawMessage) (*loaded, error) {
	ctx, token := r.Context(), driver.NewToken()
	data, err := json.Marshal(values)
	if err != nil {
		return nil, fmt.Errorf("saving a session: %w", err)
	}
	n := driver.NewSession{
		Digest: named(ctx, token, session.Name()), Data: data, Lifetime: ginLifetime, IdleTimeout: ginIdleTimeout,
		Origin: driver.Origin{UserAgent: r.UserAgent()},
	}
	if old != nil {
		n.Replaces = named(ctx, old.token, session.Name())
	}
	if age := session.Options.MaxAge; age > 0 {
		n.Lifetime = time.Duration(age) * time.Second
		n.IdleTimeout = n.Lifetime
	}
	record, err := s.CreateSession(ctx, n)
	if err != nil {
		return nil, err
	}
	return &loaded{token: token, id: string(record.ID), stored: values}, nil
}

func (s *Sessions) update(r *http.Request, name string, l *loaded, values map[string]json.RawMessage) error {
	set := map[string]json.RawMessage{}
	for key, raw := range values {
		if before, ok := l.stored[key]; !ok || !codec.Equal(before, raw) {
			set[key] = raw
		}
	}
	var change driver.SessionChange
	for key := range l.stored {
		if _, kept := values[key]; !kept {
			change.Unset = append(change.Unset, key)
		}
	}
	if len(set)+len(change.Unset) == 0 {
		return nil
	}
	var err error
	ctx := r.Context()
	if change.Set, err = json.Marshal(set); err != nil {
		return fmt.Errorf("saving a session: %w", err)
	}
	if _, err := s.UpdateSession(ctx, named(ctx, l.token, name), change); err != nil {
		return err
	}
	l.stored = values
	return nil
}
