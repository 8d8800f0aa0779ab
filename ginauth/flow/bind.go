package flow

import (
	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/internal/engine"
)

// Bind reads a JSON object or a form into the struct that into points to, and checks its binding
// tags for all fields at once. It is stricter than Gin: at most 16 KiB, one body, one value per
// name, exact spelling of names, no NUL and no invalid UTF-8 (SEC-21, SEC-23, SEC-84). Pass the
// error to Fail. A form fills only text, numbers and bools, which may be sent as checkboxes. Bind
// works after c.PostForm and c.ShouldBindBodyWith; a body that earlier middleware has read in
// another way is lost.
func Bind(c *gin.Context, into any) error { return engine.Bind(c, into, nil) }
