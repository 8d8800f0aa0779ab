package flow

import (
	"context"

	"github.com/ginauth/ginauth/ginauth"

	"github.com/gin-gonic/gin"
	"github.com/ginauth/ginauth/ginauth/internal/engine"
)

// KnowBrowser makes the browser known to u's account, as Login does: from then on, wrong passwords that
// others try for this account do not keep this browser out. It is for other proofs of ownership, such as a
// reset or a login by mail. A browser that is known already stays the one that it is, without its failures; another
// account's is forgotten there. Call it before the answer begins, on a route
// that Session covers. Where no Limiter keeps known browsers it does nothing. An error is no reason to turn the user away.
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

// ForgetGuesses takes back all wrong passwords that anybody has tried for u's account, so that every client of its
// owner may log in, also one without cookies. It is for after a new password whose owner a mail, say, has proved: the
// guesses were about another. After any other login it would give attackers as many guesses as they had before. An
// error is no reason to turn the user away.
func ForgetGuesses[U any](ctx context.Context, cfg *ginauth.Config[U], u U) error {
	if err := cfg.Engine().Made(); err != nil {
		return err
	}
	return cfg.Engine().Throttle.ForgetGuesses(ctx, cfg.Account(u))
}
