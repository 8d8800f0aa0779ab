package flow

import (
	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/internal/engine"
)

// CanSignIn returns ErrNotMounted if SignIn would. Call it before a login uses up something first,
// such as a link or a one-time code. It asks no store.
func CanSignIn(c *gin.Context) error {
	_, err := engine.Changing(c)
	return err
}
