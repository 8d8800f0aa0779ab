package memory

import (
	"context"
	"errors"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
)

var (
	_ driver.SessionExchanger = (*Store[User])(nil)
	_ driver.SessionExchanger = (*External)(nil)
)

// ExchangeSession implements driver.SessionExchanger.
func (s *Store[U]) ExchangeSession(ctx context.Context, x driver.Exchange) (driver.Session, error) {
	if x.Session.UserID == "" || x.Old == (driver.Digest{}) || x.Until.IsZero() || x.Grace <= 0 {
		return driver.Session{}, errors.New("exchanging a login: it needs a user, a digest, a deadline and a grace")
	}
	data, err := dataOf(x.Session)
	if err != nil {
		return driver.Session{}, err
	}
	now, err := s.enter(ctx)
	if err != nil {
		return driver.Session{}, err
	}
	defer s.leave()
	if _, spent := s.ended[x.Old]; spent || !x.Until.After(now) {
		return driver.Session{}, driver.ErrExchanged
	}
	if err := s.room(len(s.ended)); err != nil {
		return driver.Session{}, err
	}
	return s.create(ctx, now, x.Session, data, func(r *session) error {
		if r.epoch != s.firstEpoch(r.UserID) {
			return driver.ErrExchanged
		}
		r.AuthenticatedAt, r.previous, r.previousUntil, r.replacedFrom = time.Time{}, x.Old, now.Add(x.Grace), clientOf(ctx)
		s.ended[x.Old], s.rotated[x.Old] = x.Until, r
		return nil
	})
}

// firstEpoch is the epoch of a user whose sessions were never all ended.
func (s *Store[U]) firstEpoch(user driver.UserID) int64 {
	if !s.isExternal() {
		return 0
	}
	return s.users[user].CreatedAt.UnixMicro()
}

// ExchangeSession implements driver.SessionExchanger.
func (e *External) ExchangeSession(ctx context.Context, x driver.Exchange) (driver.Session, error) {
	return e.store.ExchangeSession(ctx, x)
}
