package flow

import (
	"context"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/engine"
)

// Guess is a try at somebody's secret. It was counted before the secret is compared, so that parallel requests have no
// more tries than others, and counts as a wrong one until TakeBack.
type Guess struct{ tried engine.Tried }

// CountGuess counts a try at a secret of a user, such as a code of six digits. Limits say how many there may be, as for
// passwords: after FreeFailures wrong ones in a row, each next one has to wait for longer. The purpose, such as "totp",
// separates the tries from those at other secrets. It returns ErrTooManyAttempts when the limit is reached; other errors
// mean that nobody can count: do not go on.
func CountGuess[U any](c *gin.Context, cfg *ginauth.Config[U], purpose string, user driver.UserID) (Guess, error) {
	if err := cfg.Engine().Made(); err != nil {
		return Guess{}, err
	}
	tried, err := cfg.Engine().Throttle.CountGuess(c, purpose, user)
	return Guess{tried}, err
}

// TakeBack says that the guess was right: it does not count any more, nor do the wrong ones of the same client before it.
// What others have tried stays. An error is no reason to turn the user away.
func (g Guess) TakeBack(ctx context.Context) error { return g.tried.TakeBack(ctx) }
