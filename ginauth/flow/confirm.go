package flow

import (
	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/engine"
)

// Confirm says that the current user has just proved once more who they are, by methods of which there is at least one: a
// passkey, say, or a code. The session is Fresh from then on, under a new token, as after account.Reauthenticate, and the
// event of a login is recorded. It returns the errors of CurrentUser, a problem session_required for who sent a token or
// key, which has no freshness to renew, and ErrNotMounted on a route that Session does not cover. Call it before the answer
// begins.
func Confirm(c *gin.Context, methods ...driver.Method) error { return engine.Confirm(c, methods) }
