package flow

import (
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/internal/engine"
)

// CurrentOwner returns how the current user was authenticated, for handlers that change the
// account. It asks CurrentAuth and Options.Unverified, and returns ErrForbidden for credentials
// with scopes, such as API keys. Unless fresh is zero, the user's last proof must not be older than
// fresh, as for the guard Fresh; otherwise it returns ErrReauthenticationRequired. Its other errors
// are those of CurrentUser.
func CurrentOwner(c *gin.Context, fresh time.Duration) (ginauth.Auth, error) {
	if _, err := engine.OwnerWithin(c, fresh); err != nil {
		return ginauth.Auth{}, err
	}
	return ginauth.CurrentAuth(c)
}
