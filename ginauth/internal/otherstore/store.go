// Package otherstore keeps sessions in stores of gin-contrib/sessions that know nothing of users,
// such as its cookie, file, redis and memcached stores.
package otherstore

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/gin-contrib/sessions"
	gorilla "github.com/gorilla/sessions"

	"github.com/ginauth/ginauth/ginauth/driver"
)

const (
	// maxCookie is the longest name and value of a cookie that every browser keeps (RFC 6265bis,
	// 5.6).
	maxCookie = 4096
	// maxStoreAge: memcached reads more than 30 days, in seconds, as a date in 1970.
	maxStoreAge = 30 * 24 * time.Hour
)

// Store keeps sessions in a store of gin-contrib/sessions that is not a driver.Sessions: its
// cookie, memstore, filesystem, redis and memcached stores, and others like them. The store makes
// the cookie's value; the cookie's attributes come from Options.Cookie. Other users of the store
// are not affected if they use another name.
type Store struct {
	store     sessions.Store
	errors    storeErrors
	name      string
	Authority *Authority // nil: only the store is asked
	now       func() time.Time

	// Such a store overwrites the whole session. At least within this process, writers of one
	// session take turns.
	turns [64]sync.Mutex
	seed  maphash.Seed
}

// Authority is a driver.Authority without its type parameter.
type Authority struct {
	admit func(context.Context, driver.NewSession) (driver.Admission, error)
	find  func(context.Context, driver.UserID, driver.Digest, int64) (user any, at time.Time, err error)
	end   func(context.Context, driver.Digest, time.Time) error
}

// New keeps sessions under this cookie name. With a nil authority, only the store decides.
func New(store sessions.Store, name string, a *Authority) *Store {
	return &Store{store: store, errors: errorsOf(store), name: name, Authority: a, now: time.Now, seed: maphash.MakeSeed()} //nolint:forbidigo // these stores have no clock
}

// AuthorityOf returns nil if users is not a driver.Authority.
func AuthorityOf[U any](users driver.Users[U]) *Authority {
	own, ok := users.(driver.Authority[U])
	if !ok {
		return nil
	}
	return &Authority{
		admit: own.AdmitSession,
		end:   own.EndAdmitted,
		find: func(ctx context.Context, user driver.UserID, session driver.Digest, epoch int64) (any, time.Time, error) {
			u, at, err := own.FindAdmitted(ctx, user, session, epoch)
			return u, at, err
		},
	}
}

// Revokes says whether an ended session stays ended, even for somebody with a copy of its cookie.
func (s *Store) Revokes() bool {
	if s.Authority != nil {
		return true
	}
	return !slices.Contains(wrapped(s.store), reflect.TypeFor[gorilla.CookieStore]())
}

// Session returns the session of a request, and how many cookies of its name were sent. It ignores
// two cookies, because one of them was planted.
func (s *Store) Session(r *http.Request) (*Session, int) {
	session := &Session{Store: s}
	sent := r.CookiesNamed(s.name)
	if len(sent) == 1 && !sent[0].Quoted && len(sent[0].Value) <= maxCookie {
		session.Cookie = sent[0].Value
	}
	return session, len(sent)
}

// Session is the session of one request. It ignores digests: the cookie says which session it is.
type Session struct {
	*Store
	Cookie   string           // first as received, then as issued
	Reissued bool             // the cookie's value has changed
	Remote   bool             // the cookie's value is only an id of the session
	id       driver.SessionID // the id of the session that was found
	at       time.Time        // when it was found
	User     any              // the user that the authority returned
	Epoch    *int64           // the user's new epoch, if this session is to be kept
}

var _ driver.Sessions = (*Session)(nil)

// FindSession returns the session that the cookie names.
func (s *Session) FindSession(ctx context.Context, _ driver.Digest) (driver.Session, error) {
	held, e, err := s.open(ctx)
	if err != nil {
		return driver.Session{}, err
	}
	at := s.now()
	if e.User != "" && s.Authority != nil {
		if s.User, at, err = s.Authority.find(ctx, e.User, e.digest(), e.Epoch); err != nil {
			return driver.Session{}, err
		}
	}
	if !e.live(at) {
		if held.ID != "" || at.Before(milli(e.Expires)) {
			_ = s.end(ctx, held, e) // it must stay dead if the clock goes back (SEC-67); it has ended anyway
		}
		return driver.Session{}, driver.ErrNoSession
	}
	s.id, s.at = e.ID, at
	return e.record(at), nil
}

// CreateSession stores a session under a new cookie, and then ends the session of the old cookie.
func (s *Session) CreateSession(ctx context.Context, n driver.NewSession) (driver.Session, error) {
	admission := driver.Admission{At: s.now()}
	if n.UserID != "" && s.Authority != nil {
		var err error
		if admission, err = s.Authority.admit(ctx, n); err != nil {
			return driver.Session{}, err
		}
	}
	e, err := newEnvelope(n, admission)
	if err != nil {
		return driver.Session{}, err
	}
	e.Realm = driver.Realm(ctx)
	old, before, err := s.open(ctx)
	if err != nil && !errors.Is(err, driver.ErrNoSession) {
		return driver.Session{}, err
	}
	hasOld := err == nil
	defer s.turn(before.ID)()
	value, err := s.write(ctx, s.blank(), e, admission.At)
	if err != nil {
		return driver.Session{}, err
	}
	if hasOld {
		if err := s.end(ctx, old, before); err != nil {
			return driver.Session{}, err
		}
	}
	s.issue(value, e, admission.At)
	return e.record(admission.At), nil
}

// UpdateSession applies the change to the session as the store has it now.
func (s *Session) UpdateSession(ctx context.Context, _ driver.Digest, change driver.SessionChange) (driver.Session, error) {
	defer s.turn(s.id)()
	held, e, err := s.open(ctx)
	if err != nil {
		return driver.Session{}, err
	}
	before := e
	changed, err := e.merge(change.Set, change.Unset)
	if err != nil {
		return driver.Session{}, err
	}
	if !changed && change.UnlessSeenFor > 0 && s.at.Sub(milli(e.Seen)) < change.UnlessSeenFor {
		return driver.Session{}, driver.ErrNoSession
	}
	if changed {
		e.Version++
	}
	e.Seen = max(e.Seen, s.at.UnixMilli())
	if change.Authenticated && e.User != "" {
		e.Authenticated = max(e.Authenticated, s.at.UnixMilli())
		if e.Methods = e.Methods.And(change.Methods); change.SecondFactor {
			e.SecondFactor = max(e.SecondFactor, s.at.UnixMilli())
		}
	}
	rotates := change.Digest != driver.Digest{}
	if rotates {
		e.ID, held = newEnvelopeID(), s.blank()
	}
	if s.Epoch != nil {
		e.Epoch = *s.Epoch
	}
	value, err := s.write(ctx, held, e, s.at)
	if err != nil {
		return driver.Session{}, err
	}
	if rotates {
		if err := s.endBefore(ctx, before); err != nil {
			return driver.Session{}, err
		}
	}
	s.issue(value, e, s.at)
	return e.record(s.at), nil
}

// DeleteSession ends the session that the cookie names, if it names one.
func (s *Session) DeleteSession(ctx context.Context, _ driver.Digest) error {
	held, e, err := s.open(ctx)
	if errors.Is(err, driver.ErrNoSession) {
		return nil
	}
	if err != nil {
		return err
	}
	defer s.turn(e.ID)()
	if err := s.end(ctx, held, e); err != nil {
		return err
	}
	s.Cookie, s.id, s.User = "", "", nil
	return nil
}

// FindRotated finds nothing, because these stores forget a replaced id. Options.RotationGrace is
// refused with them.
func (*Session) FindRotated(context.Context, driver.Digest) (driver.Session, error) {
	return driver.Session{}, driver.ErrNoSession
}

func (s *Session) issue(value string, e envelope, at time.Time) {
	s.Cookie, s.Reissued, s.id, s.at = value, true, e.ID, at
}

// turn waits for other writers of the same session.
func (s *Store) turn(id driver.SessionID) (done func()) {
	m := &s.turns[maphash.String(s.seed, string(id))%uint64(len(s.turns))]
	m.Lock()
	return m.Unlock
}

// open reads the session that the cookie names.
func (s *Session) open(ctx context.Context) (*gorilla.Session, envelope, error) {
	if s.Cookie == "" {
		return nil, envelope{}, driver.ErrNoSession
	}
	held, err := s.store.New(s.request(ctx, s.Cookie), s.name)
	if err != nil {
		return nil, envelope{}, s.errors.read(err)
	}
	e, err := openEnvelope(held.Values)
	if err != nil || e.Realm != driver.Realm(ctx) { // the store may also have no session of this id, and so no values
		return nil, envelope{}, driver.ErrNoSession
	}
	s.Remote = held.ID != ""
	return held, e, nil
}

// blank returns a session to which the store gives a new id when it is saved. An id that the store
// does not have, or no longer, is never used again (SEC-63).
func (s *Session) blank() *gorilla.Session {
	fresh := gorilla.NewSession(s.store, s.name)
	fresh.IsNew = true
	return fresh
}

// write saves a session and returns its cookie's value.
func (s *Session) write(ctx context.Context, held *gorilla.Session, e envelope, at time.Time) (value string, err error) {
	held.Values = e.seal()
	left := milli(e.Expires).Sub(at) + time.Second
	if value, err = s.save(ctx, held, min(left, maxStoreAge)); err != nil {
		return "", err
	}
	s.Remote = held.ID != ""
	switch {
	case value == "":
		return "", fmt.Errorf("saving a session: a %T sets no cookie of the name it was asked for", s.store)
	case len(s.name)+len(value) > maxCookie:
		return "", driver.ErrSessionTooLarge
	}
	return value, nil
}

// end ends the session: for good with the help of the authority, otherwise as far as the store can
// forget it.
func (s *Session) end(ctx context.Context, held *gorilla.Session, e envelope) error {
	if e.User != "" && s.Authority != nil {
		if err := s.Authority.end(ctx, e.digest(), milli(e.Expires)); err != nil {
			return err
		}
	}
	held.Values = map[any]any{} // in case the store keeps the session
	_, err := s.save(ctx, held, -time.Second)
	return err
}

// endBefore ends the session under its id before the rotation.
func (s *Session) endBefore(ctx context.Context, before envelope) error {
	old, _, err := s.open(ctx)
	if errors.Is(err, driver.ErrNoSession) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.end(ctx, old, before)
}

func (s *Session) save(ctx context.Context, held *gorilla.Session, age time.Duration) (value string, err error) {
	seconds := int(age / time.Second)
	held.Options = &gorilla.Options{Path: "/", MaxAge: seconds, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode}
	w := header{}
	if err := s.store.Save(s.request(ctx, s.Cookie), w, held); err != nil {
		return "", s.errors.write(err)
	}
	for _, c := range (&http.Response{Header: http.Header(w)}).Cookies() {
		if c.Name == s.name {
			value = c.Value
		}
	}
	return value, nil
}

// request returns the only part of the client's request that a store gets.
func (s *Session) request(ctx context.Context, cookie string) *http.Request {
	r := &http.Request{Method: http.MethodGet, URL: &url.URL{Path: "/"}, Header: http.Header{}, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}
	if cookie != "" {
		r.Header.Set("Cookie", s.name+"="+cookie)
	}
	return r.WithContext(ctx)
}

// header is an http.ResponseWriter for a store that only sets a cookie.
type header http.Header

func (h header) Header() http.Header       { return http.Header(h) }
func (header) Write(p []byte) (int, error) { return len(p), nil }
func (header) WriteHeader(int)             {}
