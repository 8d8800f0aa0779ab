package ginauth

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/internal/origin"
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

// condition is a rule of Options.ExcludeIf.
type condition struct {
	text   string
	routes rule.List
	holds  func(*gin.Context) bool
}

// originRule is a rule by which a route takes requests of more origins than others; a nil check takes all.
type originRule struct {
	text   string
	routes rule.List
	check  *http.CrossOriginProtection
}

// routeRules are the rules of a Config that decide by more than a route's template.
type routeRules struct {
	conditions []condition
	origins    []originRule
}

// compileRouteRules returns what is wrong with the rules, one sentence per fault.
func (o Options[U]) compileRouteRules() (compiled routeRules, faults []error) {
	list := func(field, text string) rule.List {
		routes, err := rule.Compile([]string{text})
		if err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", field, err))
		}
		return routes
	}
	for _, text := range slices.Sorted(maps.Keys(o.ExcludeIf)) {
		if o.ExcludeIf[text] == nil {
			faults = append(faults, fmt.Errorf("ExcludeIf has no function for %q: use Exclude", text))
		}
		compiled.conditions = append(compiled.conditions, condition{text, list("ExcludeIf", text), o.ExcludeIf[text]})
	}
	for _, text := range slices.Sorted(maps.Keys(o.TrustedOriginsFor)) {
		check, err := origin.NewCheck(o.TrustedOriginsFor[text], o.Cookie.InsecureLocalhost)
		if err != nil {
			faults = append(faults, fmt.Errorf("TrustedOriginsFor %q: %w", text, err))
		}
		compiled.origins = append(compiled.origins, originRule{text, list("TrustedOriginsFor", text), check})
	}
	for _, text := range o.SkipOriginCheck {
		routes := list("SkipOriginCheck", text)
		if len(routes) == 1 && routes[0].Method() == "" {
			faults = append(faults, fmt.Errorf("SkipOriginCheck has the rule %q, which names no method: write \"POST /template\"", text))
		}
		compiled.origins = append(compiled.origins, originRule{text, routes, nil})
	}
	return compiled, faults
}

// asksUser says whether the request needs a user by the rules of this Session.
func (m *mount) asksUser(c *gin.Context) bool {
	if matches(m.excluded, c) {
		return false
	}
	return !slices.ContainsFunc(m.rules.conditions, func(one condition) bool { return matches(one.routes, c) && one.holds(c) })
}

// checkOrigin refuses what another site made a browser send (SEC-83). Where no credential comes by itself,
// there is nothing to abuse.
func (m *mount) checkOrigin(c *gin.Context) error {
	if !m.ambient {
		return nil
	}
	r := c.Request
	if opensWebSocket(r) {
		r = asUnsafe(r)
	}
	err := m.origins.Check(r)
	if err == nil {
		return nil
	}
	for _, one := range m.rules.origins {
		if matches(one.routes, c) && (one.check == nil || one.check.Check(r) == nil) {
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
