package flow

import (
	"fmt"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/internal/engine"
	"github.com/ginauth/ginauth/ginauth/password"
)

// VerifyPassword returns the user with that identifier and password, for ways to log in that Login
// does not cover. It does not log the user in: see SignIn. An unknown identifier, a wrong password, a
// disabled user and a user without a password all return ErrInvalidCredentials after the same work.
// ErrBusy means that too many passwords are waiting to be hashed. ErrTooManyAttempts means that
// there were too many attempts at this identifier, here or in Login, or from this client.
// ErrNotMounted means that Options.Users is not set.
func VerifyPassword[U any](c *gin.Context, cfg *ginauth.Config[U], identifier, plain string) (U, error) {
	var none U
	if err := cfg.Engine().Made(); err != nil {
		return none, err
	}
	if cfg.Engine().Users == nil {
		return none, fmt.Errorf("%w: flow.VerifyPassword: Options.Users is not set: find the user and the hash yourself, and call flow.VerifyPasswordHash", ginauth.ErrNotMounted)
	}
	from := cfg.Engine().Edge.Lookup()
	if err := cfg.Engine().Verify(c, identifier, plain, from); err != nil {
		return none, err
	}
	return engine.Typed[U](from.User(), nil)
}

// VerifyPasswordHash is VerifyPassword for a user and a hash that the caller already has.
func VerifyPasswordHash[U any](c *gin.Context, cfg *ginauth.Config[U], u U, hash password.Hash, plain string) error {
	if err := cfg.Engine().Made(); err != nil {
		return err
	}
	return cfg.Engine().VerifyHash(c, cfg.Account(u), hash, plain)
}
