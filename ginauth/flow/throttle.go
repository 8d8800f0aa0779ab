package flow

import (
	"errors"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/internal/engine"
)

// Throttle counts an attempt of the app's own, such as a request for a mail, and returns
// ErrTooManyAttempts if the limit is reached. Call it before doing anything, whether or not the
// account exists. The purpose separates its budgets from others; "link" and purposes that begin
// with "mail" belong to package email. If the identifier is empty or no account can have it,
// only the client's address is counted. Any other error means that the attempt could not be counted: do
// not go on.
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
