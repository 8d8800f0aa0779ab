package ginauth

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/internal/rule"
)

// NoRoute in Config.Exclude lets requests that match no route through to Gin's
// NoRoute and NoMethod handlers. Without it they answer 401 to anonymous clients.
const NoRoute = rule.NoRoute

// isPreflight tells a genuine CORS preflight, which browsers send without cookies, from
// any other OPTIONS request (Fetch standard, 4.8).
func isPreflight(c *gin.Context) bool {
	r := c.Request
	return r.Method == http.MethodOptions && r.Header.Get("Origin") != "" && r.Header.Get("Access-Control-Request-Method") != ""
}
