package drivertest_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/driver/drivertest"
	"github.com/ginauth/ginauth/ginauth/password"
)

// member is the app's user type: a row of its table.
type member struct {
	ID, Email, Name string
	Verified        bool
	Disabled        bool
	canonical       string
	username, named string
	hash            password.Hash
}

func (m member) Account() driver.Account {
	return driver.Account{
		ID: driver.UserID(m.ID), Identifier: cmp.Or(m.Email, m.username), Username: m.username, Verified: m.Verified, Disabled: m.Disabled,
	}
}

// visit is a row of the table of sessions.
type visit struct {
	driver.Session

	previous      driver.Digest
	previousUntil time.Time
	replacedFrom  string
	elsewhere     bool
}

// client is the network and the browser that a request came from.
func client(ctx context.Context) string {
	cause, _ := driver.CauseOf(ctx)
	return cause.Origin.Prefix(32, 64).String() + cause.Origin.UserAgent
}

// toy is the store of docs/own-store.md: two tables, a clock, and one lock in place of transactions.
type toy struct {
	mu      sync.Mutex
	at      time.Time
	members []member
	visits  []*visit
	made    int
}

var (
	_ driver.Users[member] = (*toy)(nil)
	_ driver.Sessions      = (*toy)(nil)
)

func (s *toy) begin(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%w: %w", driver.ErrUnavailable, err)
	}
	s.mu.Lock()
	return nil
}

func (s *toy) member(which func(member) bool) (*member, error) {
	if i := slices.IndexFunc(s.members, which); i >= 0 {
		return &s.members[i], nil
	}
	return nil, driver.ErrNoUser
}

func (s *toy) FindUser(ctx context.Context, id driver.UserID) (member, error) {
	m, _, err := s.find(ctx, func(m member) bool { return m.ID == string(id) })
	return m, err
}

func (s *toy) FindCredential(ctx context.Context, identifier string) (member, password.Hash, error) {
	return s.find(ctx, func(m member) bool { return identifier != "" && (m.canonical == identifier || m.named == identifier) })
}

func (s *toy) find(ctx context.Context, which func(member) bool) (member, password.Hash, error) {
	if err := s.begin(ctx); err != nil {
		return member{}, password.Hash{}, err
	}
	defer s.mu.Unlock()
	m, err := s.member(which)
	if err != nil {
		return member{}, password.Hash{}, err
	}
	return *m, m.hash, nil
}

func (s *toy) CreateUser(ctx context.Context, n driver.NewUser, fill func(*member) error) (member, error) {
	m := member{Email: n.Email, Name: n.Name}
	if fill != nil {
		if err := fill(&m); err != nil {
			return member{}, err
		}
	}
	if err := s.begin(ctx); err != nil {
		return member{}, err
	}
	defer s.mu.Unlock()
	if _, err := s.member(func(m member) bool { return n.Canonical != "" && m.canonical == n.Canonical }); err == nil {
		return member{}, driver.ErrIdentifierTaken
	}
	if _, err := s.member(func(m member) bool { return n.CanonicalUsername != "" && m.named == n.CanonicalUsername }); err == nil {
		return member{}, driver.ErrUsernameTaken
	}
	m.ID, m.Email, m.Verified, m.canonical, m.hash = s.id(), n.Email, n.Verified && n.Email != "", n.Canonical, n.Hash // whatever fill has changed
	m.username, m.named = n.Username, n.CanonicalUsername
	s.members = append(s.members, m)
	return m, nil
}

func (s *toy) id() string {
	s.made++
	return strconv.Itoa(s.made)
}

func (s *toy) ReplaceHash(ctx context.Context, id driver.UserID, old, replacement password.Hash) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	if m, err := s.member(func(m member) bool { return m.ID == string(id) }); err == nil && m.hash.Equal(old) {
		m.hash = replacement
	}
	return nil
}

func (s *toy) mayLogIn(id driver.UserID, credential password.Hash) bool {
	m, err := s.member(func(m member) bool { return m.ID == string(id) })
	return err == nil && !m.Disabled && (credential.IsZero() || m.hash.Equal(credential))
}

// live is the WHERE of every statement about sessions.
func (s *toy) live(v *visit) bool {
	return v.ExpiresAt.After(s.at) && v.LastSeenAt.Add(v.IdleTimeout).After(s.at) && (v.UserID == "" || s.mayLogIn(v.UserID, password.Hash{}))
}

func (s *toy) visit(which func(*visit) bool) (*visit, error) {
	for _, v := range s.visits {
		if which(v) && s.live(v) {
			return v, nil
		}
	}
	return nil, driver.ErrNoSession
}

func (s *toy) drop(which func(*visit) bool) { s.visits = slices.DeleteFunc(s.visits, which) }

func (s *toy) record(v *visit) driver.Session {
	r := v.Session
	r.Data, r.ReadAt = slices.Clone(v.Data), s.at
	return r
}

func (s *toy) FindSession(ctx context.Context, d driver.Digest) (driver.Session, error) {
	if err := s.begin(ctx); err != nil {
		return driver.Session{}, err
	}
	defer s.mu.Unlock()
	v, err := s.visit(func(v *visit) bool { return v.Digest == d })
	if err != nil {
		return driver.Session{}, err
	}
	return s.record(v), nil
}

func (s *toy) CreateSession(ctx context.Context, n driver.NewSession) (driver.Session, error) {
	if err := s.begin(ctx); err != nil {
		return driver.Session{}, err
	}
	defer s.mu.Unlock()
	if n.UserID != "" && !s.mayLogIn(n.UserID, n.Credential) {
		return driver.Session{}, driver.ErrNoUser
	}
	if slices.ContainsFunc(s.visits, func(v *visit) bool { return v.Digest == n.Digest }) {
		return driver.Session{}, errors.New("the digest exists already")
	}
	v := &visit{Session: driver.Session{
		ID: driver.SessionID(s.id()), Digest: n.Digest, UserID: n.UserID, Data: json.RawMessage(`{}`), CreatedAt: s.at, LastSeenAt: s.at,
		ExpiresAt: s.at.Add(n.Lifetime), IdleTimeout: n.IdleTimeout, Persistent: n.Persistent, Origin: n.Origin,
	}}
	if n.Data != nil {
		v.Data = n.Data
	}
	if n.UserID != "" || n.Authenticated {
		v.AuthenticatedAt = s.at
	}
	if v.Methods = n.Methods; n.SecondFactor {
		v.SecondFactorAt = s.at
	}
	s.drop(func(old *visit) bool { return old.Digest == n.Replaces })
	r := s.record(v)
	if n.Limit > 0 {
		r.Evicted = s.evict(n.UserID, n.Limit-1)
	}
	s.visits = append(s.visits, v)
	return r, nil
}

// evict leaves the user so many sessions, those seen last.
func (s *toy) evict(id driver.UserID, left int) (evicted int64) {
	var list []*visit
	for _, v := range s.visits {
		if v.UserID == id && s.live(v) {
			list = append(list, v)
		}
	}
	slices.SortFunc(list, func(a, b *visit) int { return b.LastSeenAt.Compare(a.LastSeenAt) })
	for _, old := range list[min(left, len(list)):] {
		s.drop(func(v *visit) bool { return v == old })
		evicted++
	}
	return evicted
}

func (s *toy) UpdateSession(ctx context.Context, d driver.Digest, change driver.SessionChange) (driver.Session, error) {
	if err := s.begin(ctx); err != nil {
		return driver.Session{}, err
	}
	defer s.mu.Unlock()
	v, err := s.visit(func(v *visit) bool { return v.Digest == d })
	if err != nil {
		return driver.Session{}, err
	}
	if slices.ContainsFunc(s.visits, func(v *visit) bool { return v.Digest == change.Digest }) {
		return driver.Session{}, errors.New("the digest exists already")
	}
	if len(change.Set)+len(change.Unset) > 0 {
		if err := v.merge(change); err != nil {
			return driver.Session{}, err
		}
	} else if v.LastSeenAt.Add(change.UnlessSeenFor).After(s.at) {
		return driver.Session{}, driver.ErrNoSession
	}
	v.LastSeenAt = s.at
	if change.Authenticated && v.UserID != "" {
		v.AuthenticatedAt = s.at
		if v.Methods = v.Methods.And(change.Methods); change.SecondFactor {
			v.SecondFactorAt = s.at
		}
	}
	if change.Digest != (driver.Digest{}) {
		v.previous, v.previousUntil, v.Digest = v.Digest, time.Time{}, change.Digest
		v.replacedFrom, v.elsewhere = client(ctx), false
		if change.Grace > 0 {
			v.previousUntil = s.at.Add(change.Grace)
		}
	}
	return s.record(v), nil
}

func (v *visit) merge(change driver.SessionChange) error {
	before, after := map[string]json.RawMessage{}, map[string]json.RawMessage{}
	if err := json.Unmarshal(v.Data, &before); err != nil {
		return err
	}
	maps.Copy(after, before)
	for _, key := range change.Unset {
		delete(after, key)
	}
	if change.Set != nil {
		if err := json.Unmarshal(change.Set, &after); err != nil {
			return err
		}
	}
	if !maps.EqualFunc(before, after, func(a, b json.RawMessage) bool { return string(a) == string(b) }) {
		v.Data, _ = json.Marshal(after)
		v.Version++
	}
	return nil
}

func (s *toy) DeleteSession(ctx context.Context, d driver.Digest) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	s.drop(func(v *visit) bool { return v.Digest == d || v.previous == d && d != driver.Digest{} })
	return nil
}

func (s *toy) FindRotated(ctx context.Context, d driver.Digest) (driver.Session, error) {
	if err := s.begin(ctx); err != nil {
		return driver.Session{}, err
	}
	defer s.mu.Unlock()
	v, err := s.visit(func(v *visit) bool { return v.previous == d && !v.previousUntil.IsZero() })
	if err != nil {
		return driver.Session{}, err
	}
	if !v.previousUntil.After(s.at) {
		s.drop(func(old *visit) bool { return old == v })
		return s.record(v), driver.ErrTokenReused
	}
	r := s.record(v)
	r.Elsewhere = !v.elsewhere && v.replacedFrom != client(ctx)
	v.elsewhere = v.elsewhere || r.Elsewhere
	return r, nil
}

// The guide's store fulfils the contract, with what it does not implement skipped.
func TestToyStore(t *testing.T) {
	t.Parallel()
	drivertest.Run(t, func(*testing.T) drivertest.Subject[member] {
		s := &toy{at: time.Date(2030, time.March, 4, 5, 6, 7, 0, time.UTC)}
		return drivertest.Subject[member]{
			Store: s,
			Advance: func(d time.Duration) {
				s.mu.Lock()
				defer s.mu.Unlock()
				s.at = s.at.Add(d)
			},
			Disable: func(_ context.Context, id driver.UserID) error {
				s.mu.Lock()
				defer s.mu.Unlock()
				m, err := s.member(func(m member) bool { return m.ID == string(id) })
				if err == nil {
					m.Disabled = true
				}
				return err
			},
		}
	})
}
