package memory

import (
	"context"
	"errors"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/password"
)

// SetPassword implements driver.Accounts. With Options.Mail it queues a mail that tells the user.
func (s *Store[U]) SetPassword(ctx context.Context, change driver.PasswordChange) (driver.PasswordChanged, error) {
	switch {
	case change.New.IsZero():
		return driver.PasswordChanged{}, errors.New("setting a password: the new hash is empty")
	case change.Session != "" && change.Digest == (driver.Digest{}):
		return driver.PasswordChanged{}, errors.New("setting a password: the session that lives on needs a digest")
	}
	now, err := s.enter(ctx)
	if err != nil {
		return driver.PasswordChanged{}, err
	}
	defer s.leave()
	a := s.users[change.UserID]
	if a == nil || a.DisabledAt != nil || !a.credential().Equal(change.Old) {
		return driver.PasswordChanged{}, driver.ErrNoUser
	}
	kept := s.sessionOf(a.ID, change.Session)
	if change.Old.IsZero() && change.Session != "" && (kept == nil || kept.epoch != s.epochOf(a.ID)) {
		return driver.PasswordChanged{}, driver.ErrNoUser // a link has removed the password and ended the session (SEC-184)
	}
	if kept != nil && s.sessions[change.Digest] != nil {
		return driver.PasswordChanged{}, errors.New("setting a password: the new digest exists already")
	}
	a.hash, a.pending, a.MustChangePassword, a.UpdatedAt = change.New, false, false, now
	a.epoch++
	if kept != nil {
		kept.epoch++
		s.rotate(kept, change.Digest, time.Time{})
		kept.LastSeenAt = later(kept.LastSeenAt, now)
		if change.Authenticated {
			kept.AuthenticatedAt = later(kept.AuthenticatedAt, now)
		}
	}
	s.voidLinks(a.ID)
	s.tell(now, a, driver.MailPassword, "")
	s.record(now, driver.NewEvent(ctx, driver.LoginPasswordChanged, a.ID))
	return driver.PasswordChanged{Epoch: s.epochOf(a.ID), Kept: kept != nil}, nil
}

// ArchiveUser implements driver.Accounts. Sweep deletes the user after the grace.
func (s *Store[U]) ArchiveUser(ctx context.Context, id driver.UserID, grace time.Duration) (time.Time, error) {
	if grace < 0 {
		return time.Time{}, errors.New("archiving a user: the grace must not be negative")
	}
	now, err := s.enter(ctx)
	if err != nil {
		return time.Time{}, err
	}
	defer s.leave()
	a := s.users[id]
	if a == nil || a.DisabledAt != nil {
		return time.Time{}, driver.ErrNoUser
	}
	back := s.wayBack(id, now)
	if grace == 0 && back.IsZero() {
		s.remove(a)
		s.record(now, driver.NewEvent(ctx, driver.UserDeleted, id))
		return time.Time{}, nil
	}
	a.deleteAfter = later(now.Add(grace), back)
	s.disable(a, now)
	s.record(now, driver.NewEvent(ctx, driver.UserArchived, id))
	return a.deleteAfter, nil
}

// disable disables an account and ends everything of its user for good.
func (s *Store[U]) disable(a *account[U], now time.Time) {
	if a.DisabledAt == nil {
		a.DisabledAt = &now
	}
	a.epoch++
	a.UpdatedAt = now
	s.voidLinks(a.ID)
}

// remove deletes the user with everything that belongs to them. Events stay.
func (s *Store[U]) remove(a *account[U]) {
	delete(s.users, a.ID)
	delete(s.byCanonical, identity{a.realm, a.canonical})
	delete(s.byUsername, identity{a.realm, a.named})
	for _, r := range s.sessions {
		if r.UserID == a.ID {
			s.drop(r)
		}
	}
	for selector, f := range s.families {
		if f.UserID == a.ID {
			delete(s.families, selector)
		}
	}
	sweepMap(s.factors, func(f *factor) bool { return f.user == a.ID })
	sweepMap(s.pendings, func(p *pending) bool { return p.UserID == a.ID })
	for id, m := range s.mails {
		if m.order.UserID == a.ID {
			delete(s.mails, id)
		}
	}
	for digest, l := range s.links {
		if l.user == a.ID {
			delete(s.links, digest)
		}
	}
	s.dropKeys(a.ID)
	s.forgetDevices(a.ID)
}

func (a *account[U]) inGrace(now time.Time) bool { return a.archived() && a.deleteAfter.After(now) }

// FindArchived implements driver.Accounts.
func (s *Store[U]) FindArchived(ctx context.Context, identifier string) (driver.UserID, password.Hash, error) {
	now, err := s.enter(ctx)
	if err != nil {
		return "", password.Hash{}, err
	}
	defer s.leave()
	a := s.identified(driver.Realm(ctx), identifier)
	if a == nil || !a.inGrace(now) {
		return "", password.Hash{}, driver.ErrNoUser
	}
	return a.ID, a.credential(), nil
}

// RestoreUser implements driver.Accounts.
func (s *Store[U]) RestoreUser(ctx context.Context, id driver.UserID, credential password.Hash) (U, error) {
	var none U
	now, err := s.enter(ctx)
	if err != nil {
		return none, err
	}
	defer s.leave()
	a := s.users[id]
	if a == nil || credential.IsZero() || !a.hash.Equal(credential) || !a.inGrace(now) {
		return none, driver.ErrNoUser
	}
	a.enable(now)
	s.record(now, driver.NewProofEvent(ctx, driver.UserRestored, id))
	return s.user(a), nil
}

func (a *account[U]) enable(now time.Time) {
	a.DisabledAt, a.deleteAfter, a.UpdatedAt = nil, time.Time{}, now
}

// DisableUser disables an account, as store.DB.DisableUser does: sessions, logins and links end for
// good, and API keys do not work until EnableUser. ErrNoUser means that there is no such user.
func (s *Store[U]) DisableUser(ctx context.Context, id driver.UserID) error {
	return s.operate(ctx, id, driver.UserDisabled, func(a *account[U], now time.Time) {
		a.deleteAfter = time.Time{}
		s.disable(a, now)
	})
}

// RequirePasswordChange makes every login of the user lead to the change of the password alone,
// until there is a new one. ErrNoUser means that there is no such user.
func (s *Store[U]) RequirePasswordChange(ctx context.Context, id driver.UserID) error {
	return s.operate(ctx, id, driver.PasswordChangeRequired, func(a *account[U], now time.Time) {
		a.MustChangePassword, a.UpdatedAt = true, now
	})
}

// EnableUser enables an account that was disabled or archived. ErrNoUser means that there is no
// such user.
func (s *Store[U]) EnableUser(ctx context.Context, id driver.UserID) error {
	return s.operate(ctx, id, driver.UserEnabled, (*account[U]).enable)
}

// DeleteUser deletes a user with everything that belongs to them, and keeps their events. ErrNoUser
// means that there is no such user.
func (s *Store[U]) DeleteUser(ctx context.Context, id driver.UserID) error {
	return s.operate(ctx, id, driver.UserDeleted, func(a *account[U], _ time.Time) { s.remove(a) })
}

func (s *Store[U]) operate(ctx context.Context, id driver.UserID, kind driver.EventKind, do func(*account[U], time.Time)) error {
	now, err := s.enter(ctx)
	if err != nil {
		return err
	}
	defer s.leave()
	a := s.users[id]
	if a == nil {
		return driver.ErrNoUser
	}
	do(a, now)
	s.record(now, driver.NewEvent(ctx, kind, id))
	return nil
}
