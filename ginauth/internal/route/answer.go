package route

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

// Answers says whether c has a request and an answer that can be written. A copy made by c.Copy has
// no answer: Gin's writer is there, with nothing below it (SEC-188).
func Answers(c *gin.Context) bool {
	if c.Request == nil || c.Writer == nil {
		return false
	}
	w, wraps := c.Writer.(interface{ Unwrap() http.ResponseWriter })
	return !wraps || w.Unwrap() != nil
}
