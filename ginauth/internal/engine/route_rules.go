package engine

import (
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/internal/rule"
)

// matches says whether one of the rules names the request's route, or the path that the request
// asks of a mount.
func matches(rules rule.List, c *gin.Context) bool {
	method, template := c.Request.Method, c.FullPath()
	if rules.Match(method, template) {
		return true
	}
	at := strings.IndexByte(template, '*')
	if at < 0 || hidesSeparator(c.Request.URL.EscapedPath()) {
		return false
	}
	return rules.MatchWithin(method, template, c.Param(template[at+1:]))
}

// hidesSeparator says whether a path has an escaped separator, which only some readers take for
// one.
func hidesSeparator(escaped string) bool {
	escaped = strings.ToLower(escaped)
	return strings.Contains(escaped, "%2f") || strings.Contains(escaped, "%5c")
}

// Condition is a rule of Options.ExcludeIf.
type Condition struct {
	Text   string
	Routes rule.List
	Holds  func(*gin.Context) bool
}

// OriginRule lets a route accept requests from more origins than other routes. A nil Check accepts
// all.
type OriginRule struct {
	Text   string
	Routes rule.List
	Check  *http.CrossOriginProtection
}

// RouteRules are the rules of a Config that need more than a route's template to decide.
type RouteRules struct {
	Conditions []Condition
	Origins    []OriginRule
}

// asksUser says whether this Session's rules require a user for the request.
func (m *Mount) asksUser(c *gin.Context) bool {
	if matches(m.Excluded, c) {
		return false
	}
	return !slices.ContainsFunc(m.Rules.Conditions, func(one Condition) bool { return matches(one.Routes, c) && one.Holds(c) })
}

// checkOrigin refuses requests that another site made a browser send (SEC-83). If browsers send no
// credential automatically, there is nothing to abuse.
func (m *Mount) checkOrigin(c *gin.Context) error {
	if !m.ambient {
		return nil
	}
	r := c.Request
	if opensWebSocket(r) {
		r = asUnsafe(r)
	}
	err := m.Origins.Check(r)
	if err == nil {
		return nil
	}
	for _, one := range m.Rules.Origins {
		if matches(one.Routes, c) && (one.Check == nil || one.Check.Check(r) == nil) {
			return nil
		}
	}
	return err
}

// opensWebSocket says whether a GET is a WebSocket handshake (RFC 6455, 4.1). Unlike other answers,
// what a WebSocket sends can be read from other origins.
func opensWebSocket(r *http.Request) bool {
	return r.Method == http.MethodGet && strings.Contains(strings.ToLower(strings.Join(r.Header.Values("Upgrade"), ",")), "websocket")
}

// asUnsafe returns the request with an unsafe method, for a check of its origin.
func asUnsafe(r *http.Request) *http.Request {
	unsafe := *r
	unsafe.Method = http.MethodPost
	return &unsafe
}

// IsPreflight says whether a request is a CORS preflight (Fetch standard, 4.8), which browsers send
// without cookies, and not any other OPTIONS request.
func IsPreflight(c *gin.Context) bool {
	r := c.Request
	return r.Method == http.MethodOptions && r.Header.Get("Origin") != "" && r.Header.Get("Access-Control-Request-Method") != ""
}

// PreflightIsExcluded says whether a rule names the method OPTIONS of the route. Rules for every
// method do not open preflights, because anybody can forge one (SEC-180).
func PreflightIsExcluded(c *gin.Context) bool {
	st := Attached(c)
	return st != nil && slices.ContainsFunc(st.Mount.Excluded, func(r rule.Rule) bool {
		return r.Method() == http.MethodOptions && matches(rule.List{r}, c)
	})
}
