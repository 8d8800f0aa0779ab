package memory

import (
	"context"

	"github.com/ginauth/ginauth/ginauth/driver"
)

var _ driver.Usernames[User] = (*Store[User])(nil)

// ChangeUsername implements driver.Usernames.
func (s *Store[U]) ChangeUsername(ctx context.Context, id driver.UserID, username, canonical string) (U, error) {
	var none U
	now, err := s.enter(ctx)
	if err != nil {
		return none, err
	}
	defer s.leave()
	a := s.users[id]
	if a == nil || a.DisabledAt != nil {
		return none, driver.ErrNoUser
	}
	if holder := s.byUsername[identity{a.realm, canonical}]; holder != nil && holder != a {
		return none, driver.ErrUsernameTaken
	}
	if a.named != canonical {
		delete(s.byUsername, identity{a.realm, a.named})
		s.byUsername[identity{a.realm, canonical}] = a
		s.forgetDevices(id)
	}
	a.Username, a.named, a.UpdatedAt = &username, canonical, now
	s.record(now, driver.NewEvent(ctx, driver.UserUsernameChanged, id))
	return s.user(a), nil
}
