package flow

import (
	"context"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/engine"
)

// Guess is an attempt to guess a user's secret. It was counted before the secret is compared, so
// parallel requests get no additional attempts. It counts as wrong until TakeBack.
type Guess struct{ tried engine.Tried }

// CountGuess counts an attempt to guess a user's secret, such as a code of six digits. Limits apply
// as for passwords: after more than FreeFailures wrong guesses in a row, each further one has to
// wait longer. The purpose, such as "totp", separates guesses at different secrets. It returns
// ErrTooManyAttempts if the limit is reached. Any other error means that the attempt could not be
// counted: do not go on.
func CountGuess[U any](c *gin.Context, cfg *ginauth.Config[U], purpose string, user driver.UserID) (Guess, error) {
	if err := cfg.Engine().Made(); err != nil {
		return Guess{}, err
	}
	tried, err := cfg.Engine().Throttle.CountGuess(c, purpose, user)
	return Guess{tried}, err
}

// TakeBack records that the guess was right. It removes the guess, and the wrong guesses of the
// same client before it, from the count; guesses of other clients stay. An error is no reason to
// refuse the user.
func (g Guess) TakeBack(ctx context.Context) error { return g.tried.TakeBack(ctx) }
