package flow

import (
	"github.com/gin-gonic/gin"
	"github.com/ginauth/ginauth/ginauth/internal/engine"
)

// CanSignIn returns ErrNotMounted where SignIn would, for logins that spend something first, such as a link or a
// code of one use. It asks no store.
func CanSignIn(c *gin.Context) error {
	_, err := engine.Changing(c)
	return err
}
