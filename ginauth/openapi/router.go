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

// mounted is a route of the router with the description of its handlers.
type mounted struct {
	method, template string
	path             string // in the document
	info             route.Info
	ours             bool // ginauth's own handler answers, and info describes it
	access           access
}

func (m mounted) String() string { return m.method + " " + m.template }

// readRouter returns the routes in the document's order, and the rules that matched none.
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

// wrappers are ginauth's handlers that stand in front of the app's own.
var wrappers = []string{route.Session, route.Wrapper, route.Guard, route.With}

// documentable are the methods that a path item can have.
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

// parametersOf returns the names of a path's parameters in order.
func parametersOf(path string) []string {
	var names []string
	for _, match := range pathParameter.FindAllStringSubmatch(path, -1) {
		names = append(names, match[1])
	}
	return names
}

// typeOf returns a type without pointers, or nil for nil.
func typeOf(t reflect.Type) reflect.Type {
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t
}
