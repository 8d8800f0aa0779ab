package openapi

import (
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/internal/route"
	"github.com/ginauth/ginauth/ginauth/internal/rule"
)

// mounted is a route of the router with what its handlers say about themselves.
type mounted struct {
	method, template string
	path             string // of the document
	info             route.Info
	ours             bool // the handler that answers is ginauth's, and info is its own
	access           access
}

func (m mounted) String() string { return m.method + " " + m.template }

// readRouter returns the routes in the order of the document, and the rules that matched none.
func readRouter(engine *gin.Engine) (routes []mounted, unused []string, err error) {
	chains, err := route.Chains(engine)
	if err != nil {
		return nil, nil, err
	}
	used := map[string]bool{}
	for _, r := range chains {
		m := mounted{method: r.Method, template: r.Template, path: openPath(r.Template), access: accessOf(r, used)}
		if info, ours := route.Of(r.Handlers[len(r.Handlers)-1]); ours && !slices.Contains(wrappers, info.Name) {
			m.info, m.ours = info, true
		}
		routes = append(routes, m)
	}
	slices.SortFunc(routes, func(a, b mounted) int {
		if n := strings.Compare(a.path, b.path); n != 0 {
			return n
		}
		return strings.Compare(a.method, b.method)
	})
	for text, matched := range used {
		if !matched && text != rule.NoRoute {
			unused = append(unused, text)
		}
	}
	slices.Sort(unused)
	return routes, unused, nil
}

// wrappers are handlers of ginauth that stand in front of what the app does.
var wrappers = []string{route.Session, route.Wrapper, route.Guard, route.With}

// documentable are the methods that a path item has a place for.
var documentable = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
	http.MethodDelete, http.MethodOptions, http.MethodTrace,
}

var ginParameter = regexp.MustCompile(`[:*]([^/]+)`)

// openPath turns Gin's "/a/:id/*rest" into OpenAPI's "/a/{id}/{rest}".
func openPath(template string) string {
	const escaped = "\x00"
	path := strings.ReplaceAll(template, `\:`, escaped)
	path = ginParameter.ReplaceAllString(path, "{$1}")
	return strings.ReplaceAll(path, escaped, ":")
}

var pathParameter = regexp.MustCompile(`\{([^}]+)\}`)

// shape is a path without the names of its parameters: paths of one shape are the same path.
func shape(path string) string { return pathParameter.ReplaceAllString(path, "{}") }

// parametersOf are the names of a path's parameters in their order.
func parametersOf(path string) []string {
	var names []string
	for _, match := range pathParameter.FindAllStringSubmatch(path, -1) {
		names = append(names, match[1])
	}
	return names
}

// typeOf is the type that a value has, without pointers, and nil for none.
func typeOf(t reflect.Type) reflect.Type {
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t
}
