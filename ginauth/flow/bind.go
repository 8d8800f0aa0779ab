package flow

import (
	"github.com/gin-gonic/gin"
	"github.com/ginauth/ginauth/ginauth/internal/engine"
)

// Bind reads a JSON object or a form into the struct that into points to and checks its binding
// tags, all fields at once. It is stricter than Gin's: at most 16 KiB, one body, one value per name, names
// spelled exactly, no NUL and no broken text (SEC-21, SEC-23, SEC-84). The error is for Fail. A form
// fills text, numbers and bools only, the latter as checkboxes are sent. What earlier middleware has read by c.PostForm or
// c.ShouldBindBodyWith is found where those leave it; a body that was read in another way is lost.
func Bind(c *gin.Context, into any) error { return engine.Bind(c, into, nil) }
