package jwt

import (
	"context"
	"errors"
	"fmt"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
)

// externalUsers are accounts that are kept elsewhere: a store of IDs knows which logins are alive,
// and the Config finds the user.
type externalUsers[U any] struct {
	logins driver.SessionChecker[driver.UserID]
	cfg    *ginauth.Config[U]
}

// usersOf returns the users of a Config, or nil if it cannot find any.
func usersOf[U any](cfg *ginauth.Config[U]) UserFinder[U] {
	if logins, ok := cfg.Engine().Elsewhere().(driver.SessionChecker[driver.UserID]); ok {
		return externalUsers[U]{logins, cfg}
	}
	if users := cfg.Options().Users; users != nil {
		return users
	}
	return nil
}

func (e externalUsers[U]) FindUser(ctx context.Context, id driver.UserID) (U, error) {
	return e.cfg.FindUser(ctx, id)
}

func (e externalUsers[U]) FindTokenUser(ctx context.Context, id driver.UserID, session driver.SessionID) (u U, err error) {
	if _, err := e.logins.FindTokenUser(ctx, id, session); err != nil {
		return u, err
	}
	u, err = e.cfg.FindUser(ctx, id)
	if errors.Is(err, driver.ErrNoUser) {
		err = fmt.Errorf("%w: its user is gone", driver.ErrNoSession)
	}
	return u, err
}
