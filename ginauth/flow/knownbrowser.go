package flow

import (
	"context"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/internal/engine"
)

// KnowBrowser makes the browser known to u's account, as Login does: from then on, wrong passwords
// that others try for the account do not lock this browser out. Use it after another proof that the
// user owns the account, such as a reset or a login by mail. A browser that is already known stays
// known, and its failures are forgotten. A browser known to another account is forgotten there.
// Call it before the answer begins, on a route that Session covers. Without a Limiter that keeps
// known browsers it does nothing. An error is no reason to refuse the user.
func KnowBrowser[U any](c *gin.Context, cfg *ginauth.Config[U], u U) error {
	if err := cfg.Engine().Made(); err != nil {
		return err
	}
	st, err := engine.Changing(c)
	if err != nil {
		return err
	}
	return cfg.Engine().Throttle.Remember(c, st, cfg.Account(u))
}

// ForgetGuesses removes all failed guesses at u's password, whoever made them, so that the owner
// may log in from any client, even without cookies. Call it after the owner has set a new password
// and proved, for example by mail, who they are: the guesses were about the old password. After any
// other login it would give attackers all their guesses back. An error is no reason to refuse the
// user.
func ForgetGuesses[U any](ctx context.Context, cfg *ginauth.Config[U], u U) error {
	if err := cfg.Engine().Made(); err != nil {
		return err
	}
	return cfg.Engine().Throttle.ForgetGuesses(ctx, cfg.Account(u))
}
