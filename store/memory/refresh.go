package memory

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// family is a login by refresh tokens.
type family struct {
	driver.RefreshFamily
	epoch         int64
	selector      driver.Digest
	digest        driver.Digest
	seal          driver.RefreshSeal
	previous      driver.Digest
	previousUntil time.Time
	replacedFrom  client
	elsewhere     bool
}

func (f *family) expired(now time.Time) bool {
	return !f.ExpiresAt.After(now) || !f.LastUsedAt.Add(f.IdleTimeout).After(now)
}

func (f *family) record() driver.RefreshFamily {
	r := f.RefreshFamily
	r.UserID, r.Scopes = ownID(f.UserID), slices.Clone(f.Scopes)
	return r
}

func (f *family) inGrace(d driver.Digest, now time.Time) bool {
	return !f.previousUntil.IsZero() && f.previous == d && f.previousUntil.After(now)
}

func (s *Store[U]) liveFamily(f *family, now time.Time) bool {
	return f != nil && !f.expired(now) && f.epoch == s.epochOf(f.UserID)
}

// CreateRefreshFamily implements driver.RefreshTokens.
func (s *Store[U]) CreateRefreshFamily(ctx context.Context, n driver.NewRefreshFamily) (driver.RefreshFamily, error) {
	if n.Lifetime <= 0 || n.IdleTimeout <= 0 || n.Limit < 0 || n.Key == (driver.RefreshKey{}) {
		return driver.RefreshFamily{}, errors.New("creating a refresh token: it needs a key, a lifetime and an idle timeout, and no negative limit")
	}
	id, err := uuid.NewRandom()
	if err != nil {
		return driver.RefreshFamily{}, err
	}
	now, err := s.enter(ctx)
	if err != nil {
		return driver.RefreshFamily{}, err
	}
	defer s.leave()
	n.UserID = s.key(ctx, n.UserID)
	login := driver.NewSession{UserID: n.UserID, Credential: n.Credential, SecondFactor: n.SecondFactor, Pending: n.Pending}
	if err := s.mayLogIn(login, now); err != nil {
		return driver.RefreshFamily{}, err
	}
	if s.families[n.Key.Selector] != nil {
		return driver.RefreshFamily{}, errors.New("creating a refresh token: the token exists already")
	}
	if err := s.room(len(s.families)); err != nil {
		return driver.RefreshFamily{}, err
	}
	f := &family{epoch: s.epochOf(n.UserID), selector: n.Key.Selector, digest: n.Key.Digest, RefreshFamily: driver.RefreshFamily{
		ID: driver.SessionID(id.String()), UserID: n.UserID, Scopes: slices.Clone(n.Scopes), Methods: n.Methods, SecondFactor: n.SecondFactor || n.Pending != (driver.Digest{}), CreatedAt: now, LastUsedAt: now,
		ExpiresAt: now.Add(n.Lifetime), IdleTimeout: n.IdleTimeout, Origin: cutOrigin(n.Origin),
	}}
	s.families[f.selector] = f
	delete(s.pendings, n.Pending)
	if n.Limit > 0 {
		list := s.familiesOf(n.UserID, now)
		list = slices.DeleteFunc(list, func(other *family) bool { return other == f })
		for _, old := range list[min(n.Limit-1, len(list)):] {
			delete(s.families, old.selector)
		}
	}
	s.record(now, loginOf(ctx, n.UserID, string(f.ID), f.Origin, f.Methods))
	return f.record(), nil
}

// familiesOf returns the live families of a user, the one used last first.
func (s *Store[U]) familiesOf(user driver.UserID, now time.Time) (list []*family) {
	for _, f := range s.families {
		if f.UserID == user && s.liveFamily(f, now) {
			list = append(list, f)
		}
	}
	slices.SortFunc(list, func(a, b *family) int {
		return cmp.Or(b.LastUsedAt.Compare(a.LastUsedAt), b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
	return list
}

// FindRefreshFamily implements driver.RefreshTokens.
func (s *Store[U]) FindRefreshFamily(ctx context.Context, k driver.RefreshKey) (driver.RefreshFamily, error) {
	now, err := s.enter(ctx)
	if err != nil {
		return driver.RefreshFamily{}, err
	}
	defer s.leave()
	f := s.families[k.Selector]
	switch {
	case !s.liveFamily(f, now):
		return driver.RefreshFamily{}, driver.ErrNoSession
	case f.digest != k.Digest && !f.inGrace(k.Digest, now):
		return f.record(), driver.ErrTokenReused
	}
	return f.record(), nil
}

// RotateRefreshToken implements driver.RefreshTokens.
func (s *Store[U]) RotateRefreshToken(ctx context.Context, r driver.RefreshRotation) (driver.RefreshRotated, error) {
	if r.Grace < 0 || r.Next == (driver.Digest{}) {
		return driver.RefreshRotated{}, errors.New("replacing a refresh token: it needs a successor, and no negative grace")
	}
	now, err := s.enter(ctx)
	if err != nil {
		return driver.RefreshRotated{}, err
	}
	defer s.leave()
	f := s.families[r.Key.Selector]
	if !s.liveFamily(f, now) {
		return driver.RefreshRotated{}, driver.ErrNoSession
	}
	var to driver.RefreshRotated
	switch {
	case f.digest == r.Key.Digest:
		f.digest, f.seal, f.previous, f.previousUntil = r.Next, r.Seal, r.Key.Digest, now.Add(r.Grace)
		f.LastUsedAt, f.replacedFrom, f.elsewhere = now, clientOf(ctx), false
	case !f.inGrace(r.Key.Digest, now):
		f.ExpiresAt = now
		s.lateUse(ctx, now, driver.TokenReused, f.UserID, string(f.ID))
		return driver.RefreshRotated{RefreshFamily: f.record()}, driver.ErrTokenReused
	case !f.elsewhere && f.replacedFrom != clientOf(ctx):
		f.elsewhere, to.Elsewhere = true, true
		s.lateUse(ctx, now, driver.TokenUsedInGrace, f.UserID, string(f.ID))
	}
	to.RefreshFamily, to.Digest, to.Seal = f.record(), f.digest, f.seal
	return to, nil
}

// RevokeRefreshToken implements driver.RefreshTokens.
func (s *Store[U]) RevokeRefreshToken(ctx context.Context, k driver.RefreshKey) (driver.RefreshFamily, error) {
	now, err := s.enter(ctx)
	if err != nil {
		return driver.RefreshFamily{}, err
	}
	defer s.leave()
	f := s.families[k.Selector]
	if f == nil {
		return driver.RefreshFamily{}, driver.ErrNoSession
	}
	delete(s.families, k.Selector)
	s.record(now, detailed(driver.NewProofEvent(ctx, driver.TokenRevoked, f.UserID), "login", string(f.ID)))
	return f.record(), nil
}

// UserRefreshFamilies implements driver.RefreshTokens. It returns at most 1000 families.
func (s *Store[U]) UserRefreshFamilies(ctx context.Context, user driver.UserID) ([]driver.RefreshFamily, error) {
	now, err := s.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer s.leave()
	user = s.key(ctx, user)
	var list []driver.RefreshFamily
	for _, f := range s.familiesOf(user, now) {
		list = append(list, f.record())
	}
	return list[:min(len(list), maxListed)], nil
}

// RevokeRefreshFamily implements driver.RefreshTokens.
func (s *Store[U]) RevokeRefreshFamily(ctx context.Context, user driver.UserID, id driver.SessionID) error {
	now, err := s.enter(ctx)
	if err != nil {
		return err
	}
	defer s.leave()
	user = s.key(ctx, user)
	f := s.familyOf(user, id)
	if f == nil {
		return driver.ErrNoSession
	}
	delete(s.families, f.selector)
	s.record(now, detailed(driver.NewEvent(ctx, driver.TokenRevoked, user), "login", string(id)))
	return nil
}

func (s *Store[U]) familyOf(user driver.UserID, id driver.SessionID) *family {
	for _, f := range s.families {
		if f.ID == id && f.UserID == user {
			return f
		}
	}
	return nil
}

// FindTokenUser implements driver.SessionChecker.
func (s *Store[U]) FindTokenUser(ctx context.Context, user driver.UserID, id driver.SessionID) (U, error) {
	var none U
	now, err := s.enter(ctx)
	if err != nil {
		return none, err
	}
	defer s.leave()
	user = s.key(ctx, user)
	if !s.live(s.sessionOf(user, id), now) && !s.liveFamily(s.familyOf(user, id), now) {
		return none, driver.ErrNoSession
	}
	return s.user(s.users[user]), nil
}
