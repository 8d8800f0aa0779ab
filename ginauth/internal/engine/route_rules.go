package engine

import (
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/internal/rule"
)

// matches says whether one of the rules names the request's route, or what the request wants of a mount.
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

// hidesSeparator knows paths that one reader takes for other segments than the next one.
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

// OriginRule is a rule by which a route takes requests of more origins than others; a nil check takes all.
type OriginRule struct {
	Text   string
	Routes rule.List
	Check  *http.CrossOriginProtection
}

// RouteRules are the rules of a Config that decide by more than a route's template.
type RouteRules struct {
	Conditions []Condition
	Origins    []OriginRule
}

// asksUser says whether the request needs a user by the rules of this Session.
func (m *Mount) asksUser(c *gin.Context) bool {
	if matches(m.Excluded, c) {
		return false
	}
	return !slices.ContainsFunc(m.Rules.Conditions, func(one Condition) bool { return matches(one.Routes, c) && one.Holds(c) })
}

// checkOrigin refuses what another site made a browser send (SEC-83). Where no credential comes by itself,
// there is nothing to abuse.
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

// opensWebSocket says whether a GET is a handshake (RFC 6455, 4.1), to which the rule that other origins cannot read answers
// does not apply.
func opensWebSocket(r *http.Request) bool {
	return r.Method == http.MethodGet && strings.Contains(strings.ToLower(strings.Join(r.Header.Values("Upgrade"), ",")), "websocket")
}

// asUnsafe is the request for a check of its origin, whatever the method is.
func asUnsafe(r *http.Request) *http.Request {
	unsafe := *r
	unsafe.Method = http.MethodPost
	return &unsafe
}

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
