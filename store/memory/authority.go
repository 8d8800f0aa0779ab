package memory

import (
	"context"
	"errors"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// AdmitSession implements driver.Authority.
func (s *Store[U]) AdmitSession(ctx context.Context, n driver.NewSession) (driver.Admission, error) {
	now, err := s.enter(ctx)
	if err != nil {
		return driver.Admission{}, err
	}
	defer s.leave()
	n.UserID = s.key(ctx, n.UserID)
	if err := s.mayLogIn(n, now); err != nil {
		return driver.Admission{}, err
	}
	delete(s.pendings, n.Pending)
	if s.isExternal() { // kept for as long as the session may live
		a := s.users[n.UserID]
		a.deleteAfter = later(a.deleteAfter, now.Add(n.Lifetime))
	}
	return driver.Admission{Epoch: s.epochOf(n.UserID), At: now}, nil
}

// FindAdmitted implements driver.Authority.
func (s *Store[U]) FindAdmitted(ctx context.Context, user driver.UserID, session driver.Digest, epoch int64) (U, time.Time, error) {
	var none U
	now, err := s.enter(ctx)
	if err != nil {
		return none, time.Time{}, err
	}
	defer s.leave()
	user = s.key(ctx, user)
	if _, ended := s.ended[session]; ended || user == "" || epoch < 0 || s.epochOf(user) != epoch {
		return none, time.Time{}, driver.ErrNoSession
	}
	return s.user(s.users[user]), now, nil
}

// EndAdmitted implements driver.Authority.
func (s *Store[U]) EndAdmitted(ctx context.Context, session driver.Digest, until time.Time) error {
	if until.IsZero() {
		return errors.New("ending a session: the time is missing after which the session would have expired")
	}
	if _, err := s.enter(ctx); err != nil {
		return err
	}
	defer s.leave()
	if _, ended := s.ended[session]; ended {
		return nil
	}
	if err := s.room(len(s.ended)); err != nil {
		return err
	}
	s.ended[session] = until
	return nil
}
