package apikey

import (
	"context"
	"errors"
	"fmt"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
)

// externalKeys are the keys of accounts that are kept elsewhere: the store returns a user's ID, and
// the Config finds the user.
type externalKeys[U any] struct {
	driver.APIKeys[driver.UserID]
	cfg *ginauth.Config[U]
}

// externalStore returns the keys of an External store, or nil if the Config has none.
func externalStore[U any](cfg *ginauth.Config[U]) driver.APIKeys[U] {
	if keys, ok := cfg.Engine().Elsewhere().(driver.APIKeys[driver.UserID]); ok {
		return externalKeys[U]{keys, cfg}
	}
	return nil
}

func (k externalKeys[U]) FindAPIKey(ctx context.Context, digest driver.Digest) (u U, r driver.APIKey, err error) {
	id, r, err := k.APIKeys.FindAPIKey(ctx, digest)
	if err != nil {
		return u, r, err
	}
	u, err = k.cfg.FindUser(ctx, id)
	if errors.Is(err, driver.ErrNoUser) {
		err = fmt.Errorf("%w: its user is gone", driver.ErrNoAPIKey)
	}
	return u, r, err
}
