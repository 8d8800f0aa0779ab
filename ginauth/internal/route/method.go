package route

import (
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"
)

// MethodError means that a handler does not serve the request's method. Fail of package ginauth
// answers it with 405.
type MethodError struct{ served []string }

// CheckMethod returns a *MethodError unless the handler serves the request's method. GET includes
// HEAD.
func CheckMethod(c *gin.Context, served ...string) error {
	method := c.Request.Method
	if slices.Contains(served, method) || method == http.MethodHead && slices.Contains(served, http.MethodGet) {
		return nil
	}
	return &MethodError{served}
}

// Error returns a sentence for the client, such as "Use POST, PUT or PATCH."
func (e *MethodError) Error() string {
	last := len(e.served) - 1
	if last == 0 {
		return "Use " + e.served[0] + "."
	}
	return "Use " + strings.Join(e.served[:last], ", ") + " or " + e.served[last] + "."
}

// Allow returns the header Allow of the answer.
func (e *MethodError) Allow() string {
	return strings.Replace(strings.Join(e.served, ", "), http.MethodGet, "GET, HEAD", 1)
}
