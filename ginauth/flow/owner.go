package flow

import (
	"time"

	"github.com/ginauth/ginauth/ginauth"

	"github.com/gin-gonic/gin"
	"github.com/ginauth/ginauth/ginauth/internal/engine"
)

// CurrentOwner returns how the current user is known, for handlers that change the account: only its owner may.
// It asks CurrentAuth and Options.Unverified, and refuses credentials with scopes, such as an API key, which are for
// something else, by ErrForbidden. Unless fresh is zero, the user must have proved who they are within it, as for
// the guard Fresh; otherwise the error is ErrReauthenticationRequired. Further errors are those of CurrentUser.
func CurrentOwner(c *gin.Context, fresh time.Duration) (ginauth.Auth, error) {
	if _, err := engine.OwnerWithin(c, fresh); err != nil {
		return ginauth.Auth{}, err
	}
	return ginauth.CurrentAuth(c)
}
