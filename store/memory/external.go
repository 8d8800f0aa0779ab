package memory

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// External keeps what belongs to users whose accounts are elsewhere, as store.External does. It is
// safe for concurrent use.
type External struct {
	driver.Sessions
	driver.Limiter
	driver.Logins
	driver.EventLog
	driver.RefreshTokens
	driver.Factors
	driver.PendingLogins
	driver.APIKeys[driver.UserID]
	driver.Authority[driver.UserID]
	driver.SessionChecker[driver.UserID]

	store *Store[driver.UserID]
}

var (
	_ driver.External = (*External)(nil)
	_ driver.Realms   = (*External)(nil)
)

// ExternalOptions are the fields of Options that apply to accounts that are kept elsewhere.
type ExternalOptions struct {
	Now        func() time.Time
	Limit      int
	SweepEvery time.Duration
}

// NewExternal returns an empty store. It panics when the options cannot work.
func NewExternal(o ExternalOptions) *External {
	s := New(Options[driver.UserID]{
		Now: o.Now, Limit: o.Limit, SweepEvery: o.SweepEvery, Set: func(u *driver.UserID, a User) { *u = a.ID },
	})
	s.forgotten = map[driver.UserID]time.Time{}
	return &External{s, s, s, s, s, s, s, s, s, s, s}
}

// stayForgotten is how long ForgetUser refuses logins that were under way, as in store.External.
const stayForgotten = 4 * time.Second

// keptUnused is how long a user stays in the store if nothing refers to them.
const keptUnused = 30 * 24 * time.Hour

func (s *Store[U]) isExternal() bool { return s.forgotten != nil }

// key returns the id under which the store has a user. A user whose account is kept elsewhere is
// kept by realm and id, since users of two realms may have the same. No realm has a NUL.
func (s *Store[U]) key(ctx context.Context, id driver.UserID) driver.UserID {
	if !s.isExternal() || id == "" {
		return id
	}
	return driver.UserID(driver.Realm(ctx)) + "\x00" + id
}

// ownID returns the user's own id.
func ownID(key driver.UserID) driver.UserID { return key[strings.IndexByte(string(key), 0)+1:] }

func realmOf(key driver.UserID) string {
	realm, _, _ := strings.Cut(string(key), "\x00")
	return realm
}

// admit returns the user of a login. It makes a user whose account is kept elsewhere.
func (s *Store[U]) admit(n driver.NewSession, now time.Time) (*account[U], error) {
	a := s.users[n.UserID]
	if !s.isExternal() {
		if !a.mayLogIn(n.Credential) {
			return nil, driver.ErrNoUser
		}
		return a, nil
	}
	a, err := s.elsewhere(n.UserID, now)
	if err != nil {
		return nil, err
	}
	if a.DisabledAt != nil {
		return nil, driver.ErrNoUser
	}
	return a, nil
}

// elsewhere makes a user whose account is kept elsewhere. The new epoch is greater than that of a
// user who was forgotten.
func (s *Store[U]) elsewhere(id driver.UserID, now time.Time) (*account[U], error) {
	if err := driver.CheckExternalID(ownID(id)); err != nil {
		return nil, err
	}
	if a := s.users[id]; a != nil {
		return a, nil
	}
	if at, forgotten := s.forgotten[id]; forgotten && now.Sub(at) < stayForgotten {
		return nil, driver.ErrNoUser
	}
	if err := s.room(len(s.users)); err != nil {
		return nil, err
	}
	a := &account[U]{realm: realmOf(id), User: User{ID: id, CreatedAt: now, UpdatedAt: now}, epoch: now.UnixMicro(), deleteAfter: now.Add(keptUnused)}
	s.users[id] = a
	return a, nil
}

// sweepUnused removes users of External that nothing refers to.
func (s *Store[U]) sweepUnused(now time.Time) {
	used := map[driver.UserID]bool{}
	for _, r := range s.sessions {
		used[r.UserID] = true
	}
	for _, f := range s.families {
		used[f.UserID] = true
	}
	for _, k := range s.keys {
		used[k.UserID] = true
	}
	for _, f := range s.factors {
		used[f.user] = true
	}
	for _, d := range s.devices {
		used[d.user] = true
	}
	for id, a := range s.users {
		if a.DisabledAt == nil && !a.deleteAfter.After(now) && !used[id] {
			delete(s.users, id)
		}
	}
	sweepMap(s.forgotten, func(at time.Time) bool { return now.Sub(at) >= stayForgotten })
}

// DisableUser implements driver.External.
func (e *External) DisableUser(ctx context.Context, id driver.UserID) error {
	now, err := e.store.enter(ctx)
	if err != nil {
		return err
	}
	defer e.store.leave()
	id = e.store.key(ctx, id)
	a, err := e.store.elsewhere(id, now)
	if err != nil {
		return err
	}
	e.store.disable(a, now)
	a.deleteAfter = time.Time{}
	e.store.record(now, driver.NewEvent(ctx, driver.UserDisabled, id))
	return nil
}

// EnableUser implements driver.External.
func (e *External) EnableUser(ctx context.Context, id driver.UserID) error {
	return e.change(ctx, id, func(id driver.UserID, a *account[driver.UserID], now time.Time) {
		if a == nil || a.DisabledAt == nil {
			return
		}
		a.enable(now)
		a.deleteAfter = now.Add(keptUnused)
		e.store.record(now, driver.NewEvent(ctx, driver.UserEnabled, id))
	})
}

// ForgetUser implements driver.External.
func (e *External) ForgetUser(ctx context.Context, id driver.UserID) error {
	return e.change(ctx, id, func(id driver.UserID, a *account[driver.UserID], now time.Time) {
		if a != nil {
			e.store.remove(a)
		}
		e.store.forgotten[id] = now
		e.store.record(now, driver.NewEvent(ctx, driver.UserDeleted, id))
	})
}

// change runs do with the user's key, and with the user or nil.
func (e *External) change(ctx context.Context, id driver.UserID, do func(driver.UserID, *account[driver.UserID], time.Time)) error {
	if err := driver.CheckExternalID(id); err != nil {
		return err
	}
	now, err := e.store.enter(ctx)
	if err != nil {
		return err
	}
	defer e.store.leave()
	id = e.store.key(ctx, id)
	do(id, e.store.users[id], now)
	return nil
}

// ExportUser implements driver.External, with the same object as store.External.
func (e *External) ExportUser(ctx context.Context, id driver.UserID) (json.RawMessage, error) {
	if err := driver.CheckExternalID(id); err != nil {
		return nil, err
	}
	return e.store.ExportUser(ctx, e.store.key(ctx, id))
}

// KeepsRealms implements driver.Realms.
func (e *External) KeepsRealms() error { return nil }

// Sweep is Store.Sweep.
func (e *External) Sweep(ctx context.Context) (deleted int64, err error) { return e.store.Sweep(ctx) }

// AcceptsUsers returns an error for a store that keeps the sessions of its users itself.
func (e *External) AcceptsUsers(users any) error {
	if _, ours := users.(interface{ keepsUsers() }); ours {
		return errors.New("memory.NewExternal keeps sessions of users who are elsewhere: leave Options.Sessions out, since memory.New keeps sessions as well")
	}
	return nil
}

// keepsUsers marks the stores that have users.
func (s *Store[U]) keepsUsers() {}
