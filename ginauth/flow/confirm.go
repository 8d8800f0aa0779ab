package flow

import (
	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/engine"
)

// Confirm records that the current user has just proved again who they are, by at least one method,
// such as a passkey or a code. The session becomes Fresh under a new token, as after
// account.Reauthenticate, and a login event is recorded. It returns the errors of CurrentUser, the
// problem session_required for a token or key, which cannot become fresh, and ErrNotMounted on a
// route that Session does not cover. Call it before the answer begins.
func Confirm(c *gin.Context, methods ...driver.Method) error { return engine.Confirm(c, methods) }
