package engine

import (
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/internal/rule"
)

// IsPreflight tells a genuine CORS preflight, which browsers send without cookies, from
// any other OPTIONS request (Fetch standard, 4.8).
func IsPreflight(c *gin.Context) bool {
	r := c.Request
	return r.Method == http.MethodOptions && r.Header.Get("Origin") != "" && r.Header.Get("Access-Control-Request-Method") != ""
}

// PreflightIsExcluded says whether the app opened the method OPTIONS of the route by name. A rule for every
// method does not mean preflights, which anybody can forge (SEC-180).
func PreflightIsExcluded(c *gin.Context) bool {
	st := Attached(c)
	return st != nil && slices.ContainsFunc(st.Mount.Excluded, func(r rule.Rule) bool {
		return r.Method() == http.MethodOptions && matches(rule.List{r}, c)
	})
}
