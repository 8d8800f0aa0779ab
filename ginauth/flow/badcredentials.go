package flow

import (
	"errors"

	"github.com/ginauth/ginauth/ginauth"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// ThrottleBadCredentials returns err, which says that credentials such as a refresh token are not good, or
// ErrTooManyAttempts for a client that sent too many such lately, by Limits.BadCredentialsPerAddress. It is for handlers
// of the app's own that take credentials; what a Backend refuses is counted already. Nothing is asked or stored
// outside of this process.
func ThrottleBadCredentials[U any](c *gin.Context, cfg *ginauth.Config[U], err error) error {
	if err := cfg.Engine().Made(); err != nil {
		return err
	}
	limited := cfg.Engine().BadCredentials.Refuse(c, err)
	if errors.Is(limited, ginauth.ErrTooManyAttempts) {
		LogEvent(c, driver.RateExceeded, "reason", "bad credentials")
	}
	return limited
}
