package ginauth

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"
)

// NoRoute in Config.Exclude lets requests that match no route through to Gin's
// NoRoute and NoMethod handlers. Without it they answer 401 to anonymous clients.
const NoRoute = "(no route)"

var routeMethods = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
	http.MethodDelete, http.MethodOptions, http.MethodConnect, http.MethodTrace,
}

// rule is one entry of Config.Exclude.
type rule struct {
	method string // empty: every method
	path   string // without the trailing wildcard
	below  bool   // path and everything below it
}

type rules []rule

func compileRules(exclude []string) (rules, error) {
	compiled := make(rules, 0, len(exclude))
	for _, text := range exclude {
		r, err := parseRule(text)
		if err != nil {
			return nil, err
		}
		compiled = append(compiled, r)
	}
	return compiled, nil
}

func parseRule(text string) (rule, error) {
	if text == NoRoute {
		return rule{}, nil
	}
	refuse := func(why string) (rule, error) {
		return rule{}, fmt.Errorf("the Exclude rule %q %s: write \"/template\" or \"METHOD /template\"", text, why)
	}
	var r rule
	path := text
	if method, rest, ok := strings.Cut(text, " "); ok {
		r.method, path = method, rest
		if !slices.Contains(routeMethods, method) {
			return refuse("has an unknown method")
		}
	}
	switch {
	case !strings.HasPrefix(path, "/"):
		return refuse("does not start with a slash")
	case strings.ContainsAny(path, " \t\r\n\\?#"):
		return refuse("has a character that no route template has")
	case strings.Contains(path, "//"):
		return refuse("has an empty segment")
	}
	if at := strings.IndexByte(path, '*'); at >= 0 {
		name := path[at+1:]
		if path[at-1] != '/' || name == "" || strings.ContainsAny(name, "/*:") {
			return refuse("may have a wildcard only as its whole last segment, such as /docs/*any")
		}
		if at == 1 {
			return refuse("would open every route")
		}
		r.path, r.below = path[:at], true
		return r, nil
	}
	r.path = path
	return r, nil
}

func (r rule) matches(method, template string) bool {
	switch {
	case r.method != "" && r.method != method:
		return false
	case r.below:
		return strings.HasPrefix(template, r.path)
	default:
		return r.path == template
	}
}

// protects says whether a request of this method to this route template needs a session.
func (rs rules) protects(method, template string) bool {
	for _, r := range rs {
		if r.matches(method, template) {
			return false
		}
	}
	return true
}

// isPreflight tells a genuine CORS preflight, which browsers send without cookies, from
// any other OPTIONS request (Fetch standard, 4.8).
func isPreflight(c *gin.Context) bool {
	r := c.Request
	return r.Method == http.MethodOptions && r.Header.Get("Origin") != "" && r.Header.Get("Access-Control-Request-Method") != ""
}
