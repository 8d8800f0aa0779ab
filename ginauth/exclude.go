package ginauth

import (
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/internal/rule"
)

// NoRoute in Options.Exclude lets requests that match no route through to Gin's
// NoRoute and NoMethod handlers. Without it they answer 401 to anonymous clients.
const NoRoute = rule.NoRoute

// isPreflight tells a genuine CORS preflight, which browsers send without cookies, from
// any other OPTIONS request (Fetch standard, 4.8).
func isPreflight(c *gin.Context) bool {
	r := c.Request
	return r.Method == http.MethodOptions && r.Header.Get("Origin") != "" && r.Header.Get("Access-Control-Request-Method") != ""
}

// preflightIsExcluded says whether the app opened the method OPTIONS of the route by name. A rule for every
// method does not mean preflights, which anybody can forge (SEC-180).
func preflightIsExcluded(c *gin.Context) bool {
	st := attached(c)
	return st != nil && slices.ContainsFunc(st.m.excluded, func(r rule.Rule) bool {
		return r.Method() == http.MethodOptions && matches(rule.List{r}, c)
	})
}
