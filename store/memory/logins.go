package memory

import (
	"context"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// UserSessions implements driver.Logins. It returns at most 1000 sessions.
func (s *Store[U]) UserSessions(ctx context.Context, user driver.UserID) ([]driver.Session, error) {
	now, err := s.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer s.leave()
	user = s.key(ctx, user)
	var list []driver.Session
	for _, r := range s.ofUser(user, now) {
		list = append(list, r.at(now))
	}
	return list[:min(len(list), maxListed)], nil
}

// RevokeSession implements driver.Logins.
func (s *Store[U]) RevokeSession(ctx context.Context, user driver.UserID, id driver.SessionID) error {
	now, err := s.enter(ctx)
	if err != nil {
		return err
	}
	defer s.leave()
	user = s.key(ctx, user)
	r := s.sessionOf(user, id)
	if r == nil {
		return driver.ErrNoSession
	}
	s.drop(r)
	s.record(now, detailed(driver.NewEvent(ctx, driver.SessionsRevoked, user), "session", string(id)))
	return nil
}

func (s *Store[U]) sessionOf(user driver.UserID, id driver.SessionID) *session {
	for _, r := range s.sessions {
		if r.ID == id && r.UserID == user && user != "" {
			return r
		}
	}
	return nil
}

// RevokeUserSessions implements driver.Logins.
func (s *Store[U]) RevokeUserSessions(ctx context.Context, user driver.UserID, except driver.SessionID) error {
	now, err := s.enter(ctx)
	if err != nil {
		return err
	}
	defer s.leave()
	user = s.key(ctx, user)
	a := s.users[user]
	if a == nil {
		return nil
	}
	a.epoch++
	if r := s.sessionOf(user, except); r != nil {
		r.epoch++ // a session that had ended stays ended
	}
	if f := s.familyOf(user, except); f != nil {
		f.epoch++
	}
	s.record(now, detailed(driver.NewEvent(ctx, driver.SessionsRevoked, user), "all_but", string(except)))
	return nil
}

// RevokeAllSessions implements driver.Logins.
func (s *Store[U]) RevokeAllSessions(ctx context.Context) error {
	now, err := s.enter(ctx)
	if err != nil {
		return err
	}
	defer s.leave()
	s.everybody++
	s.record(now, detailed(driver.NewEvent(ctx, driver.SessionsRevoked, ""), "of", "everybody"))
	return nil
}
