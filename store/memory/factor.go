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

var (
	_ driver.Factors       = (*Store[User])(nil)
	_ driver.PendingLogins = (*Store[User])(nil)
)

// factor is a second factor and its user.
type factor struct {
	driver.Factor
	user driver.UserID
}

// pending is a login whose second factor is missing. It is live as long as its epoch equals that of
// its user's sessions.
type pending struct {
	driver.PendingLogin
	epoch int64
}

func (s *Store[U]) livePending(p *pending, now time.Time) bool {
	return p != nil && p.ExpiresAt.After(now) && p.epoch == s.epochOf(p.UserID)
}

// proved returns an error for a login that has to prove a second factor and has not, or whose first
// part is not under way.
func (s *Store[U]) proved(user driver.UserID, half driver.Digest, second bool, now time.Time) error {
	if half != (driver.Digest{}) {
		if p := s.pendings[half]; !s.livePending(p, now) || p.UserID != user {
			return driver.ErrNoPendingLogin
		}
		return nil
	}
	for _, f := range s.factors {
		if f.user == user && f.Gates && !f.ConfirmedAt.IsZero() && !second {
			return driver.ErrSecondFactor
		}
	}
	return nil
}

// AddFactor implements driver.Factors.
func (s *Store[U]) AddFactor(ctx context.Context, n driver.NewFactor) error {
	if _, err := uuid.Parse(string(n.ID)); err != nil || n.Kind == "" {
		return errors.New("adding a factor: it needs a UUID and a kind")
	}
	now, err := s.enter(ctx)
	if err != nil {
		return err
	}
	defer s.leave()
	n.UserID = s.key(ctx, n.UserID)
	if _, err := s.admit(driver.NewSession{UserID: n.UserID}, now); err != nil {
		return err
	}
	if s.factors[n.ID] != nil {
		return errors.New("adding a factor: the id exists already")
	}
	if err := s.room(len(s.factors)); err != nil {
		return err
	}
	f := &factor{user: n.UserID, Factor: driver.Factor{ID: n.ID, Kind: n.Kind, Gates: n.Gates, CreatedAt: now}}
	if n.Confirmed {
		f.ConfirmedAt = now
	}
	s.factors[n.ID] = f
	return nil
}

// ConfirmFactor implements driver.Factors.
func (s *Store[U]) ConfirmFactor(ctx context.Context, user driver.UserID, id driver.FactorID) error {
	return s.changeFactor(ctx, user, id, func(f *factor, now time.Time) {
		if f.ConfirmedAt.IsZero() {
			f.ConfirmedAt = now
		}
	})
}

// RemoveFactor implements driver.Factors.
func (s *Store[U]) RemoveFactor(ctx context.Context, user driver.UserID, id driver.FactorID) error {
	return s.changeFactor(ctx, user, id, func(*factor, time.Time) { delete(s.factors, id) })
}

func (s *Store[U]) changeFactor(ctx context.Context, user driver.UserID, id driver.FactorID, change func(*factor, time.Time)) error {
	now, err := s.enter(ctx)
	if err != nil {
		return err
	}
	defer s.leave()
	f := s.factors[id]
	if f == nil || f.user != s.key(ctx, user) {
		return driver.ErrNoFactor
	}
	change(f, now)
	return nil
}

// UserFactors implements driver.Factors.
func (s *Store[U]) UserFactors(ctx context.Context, user driver.UserID) ([]driver.Factor, error) {
	if _, err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.leave()
	user = s.key(ctx, user)
	var list []driver.Factor
	for _, f := range s.factors {
		if f.user == user {
			list = append(list, f.Factor)
		}
	}
	slices.SortFunc(list, func(a, b driver.Factor) int { return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID)) })
	return list, nil
}

// CreatePendingLogin implements driver.PendingLogins.
func (s *Store[U]) CreatePendingLogin(ctx context.Context, n driver.NewPendingLogin) (driver.PendingLogin, error) {
	if n.Digest == (driver.Digest{}) || n.Lifetime <= 0 {
		return driver.PendingLogin{}, errors.New("beginning a login: it needs a digest and a lifetime")
	}
	now, err := s.enter(ctx)
	if err != nil {
		return driver.PendingLogin{}, err
	}
	defer s.leave()
	n.UserID = s.key(ctx, n.UserID)
	if _, err := s.admit(driver.NewSession{UserID: n.UserID, Credential: n.Credential}, now); err != nil {
		return driver.PendingLogin{}, err
	}
	if s.pendings[n.Digest] != nil {
		return driver.PendingLogin{}, errors.New("beginning a login: the digest exists already")
	}
	if err := s.room(len(s.pendings)); err != nil {
		return driver.PendingLogin{}, err
	}
	s.makeRoomFor(n.UserID)
	p := &pending{epoch: s.epochOf(n.UserID), PendingLogin: driver.PendingLogin{
		Digest: n.Digest, UserID: n.UserID, Methods: n.Methods, Persistent: n.Persistent, ReturnTo: n.ReturnTo,
		CreatedAt: now, ExpiresAt: now.Add(n.Lifetime), Origin: cutOrigin(n.Origin),
	}}
	s.pendings[n.Digest] = p
	return shown(p, now), nil
}

// shown returns the login as its caller sees it.
func shown(p *pending, now time.Time) driver.PendingLogin {
	r := p.PendingLogin
	r.UserID, r.ReadAt = ownID(r.UserID), now
	return r
}

// makeRoomFor ends the user's oldest logins that are under way, so that one more can be.
func (s *Store[U]) makeRoomFor(user driver.UserID) {
	var list []*pending
	for _, p := range s.pendings {
		if p.UserID == user {
			list = append(list, p)
		}
	}
	slices.SortFunc(list, func(a, b *pending) int { return b.CreatedAt.Compare(a.CreatedAt) })
	for _, old := range list[min(driver.MaxPendingLogins-1, len(list)):] {
		delete(s.pendings, old.Digest)
	}
}

// FindPendingLogin implements driver.PendingLogins.
func (s *Store[U]) FindPendingLogin(ctx context.Context, d driver.Digest) (driver.PendingLogin, error) {
	now, err := s.enter(ctx)
	if err != nil {
		return driver.PendingLogin{}, err
	}
	defer s.leave()
	p := s.pendings[d]
	if !s.livePending(p, now) {
		return driver.PendingLogin{}, driver.ErrNoPendingLogin
	}
	return shown(p, now), nil
}

// DeletePendingLogin implements driver.PendingLogins.
func (s *Store[U]) DeletePendingLogin(ctx context.Context, d driver.Digest) error {
	if _, err := s.enter(ctx); err != nil {
		return err
	}
	defer s.leave()
	delete(s.pendings, d)
	return nil
}
