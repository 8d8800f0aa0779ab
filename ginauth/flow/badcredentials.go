package flow

import (
	"errors"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
)

// ThrottleBadCredentials counts credentials that were refused with err, such as a refresh token. It
// returns err, or ErrTooManyAttempts if the client has sent too many lately, by
// Limits.BadCredentialsPerAddress. It is for handlers of the app that take credentials; refusals of
// a Backend are counted already. It counts in this process only.
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
