package flow

import (
	"errors"

	"github.com/ginauth/ginauth/ginauth"

	"github.com/gin-gonic/gin"
	"github.com/ginauth/ginauth/ginauth/internal/engine"
)

// Throttle counts an attempt of the app's own, such as asking for a mail, and returns
// ErrTooManyAttempts when the limit is reached: before anything is done, and whether or not there is such an
// account. The purpose separates its budgets from others', of which "link" and what begins with "mail" are package
// email's; an identifier that is empty or no e-mail
// address only counts by its client's address. Other errors mean that nobody can count: do not go on.
func Throttle[U any](c *gin.Context, cfg *ginauth.Config[U], purpose, identifier string, l ginauth.Limit) error {
	if err := cfg.Engine().Made(); err != nil {
		return err
	}
	if c.Request == nil {
		return engine.ErrNoRequest
	}
	limit := engine.NewLimit(l.PerIdentifier, l.PerAddress)
	if !limit.Valid() {
		return errors.New("throttling: every Rate needs Attempts and Per above zero")
	}
	return cfg.Engine().Throttle.App(c, purpose, identifier, limit)
}
