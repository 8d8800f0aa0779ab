// Package rule reads the rules by which an app names routes, such as those of Config.Exclude.
// One word for the middleware, the audit and the OpenAPI document, so that they cannot disagree.
package rule

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// NoRoute is the rule for requests that match no route.
const NoRoute = "(no route)"

var methods = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
	http.MethodDelete, http.MethodOptions, http.MethodConnect, http.MethodTrace,
}

// Rule names one route, with "/template" or "METHOD /template", or all below "/template/*any".
type Rule struct {
	method string // empty: every method
	path   string // without the trailing wildcard
	below  bool   // path and everything below it
}

// List is what several rules name together.
type List []Rule

// Compile parses rules and stops at the first malformed one.
func Compile(texts []string) (List, error) {
	compiled := make(List, 0, len(texts))
	for _, text := range texts {
		r, err := Parse(text)
		if err != nil {
			return nil, err
		}
		compiled = append(compiled, r)
	}
	return compiled, nil
}

// Parse reads one rule. Its errors say what to write instead.
func Parse(text string) (Rule, error) {
	if text == NoRoute {
		return Rule{}, nil
	}
	refuse := func(why string) (Rule, error) {
		return Rule{}, fmt.Errorf("the Exclude rule %q %s: write \"/template\" or \"METHOD /template\"", text, why)
	}
	var r Rule
	path := text
	if method, rest, ok := strings.Cut(text, " "); ok {
		r.method, path = method, rest
		if !slices.Contains(methods, method) {
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

// Matches says whether r names a route. The template of requests without a route is empty.
func (r Rule) Matches(method, template string) bool {
	switch {
	case r.method != "" && r.method != method && !(r.method == http.MethodGet && method == http.MethodHead):
		return false // what may be read may be asked about (RFC 9110, 9.3.2)
	case r.below:
		return strings.HasPrefix(template, r.path)
	default:
		return r.path == template
	}
}

// Names says whether the rule is for this method alone.
func (r Rule) Names(method string) bool { return r.method == method }

// Match says whether one of the rules names a route.
func (l List) Match(method, template string) bool {
	for _, r := range l {
		if r.Matches(method, template) {
			return true
		}
	}
	return false
}
