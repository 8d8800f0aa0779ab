// Package rule reads the rules by which an app names routes, such as those of Options.Exclude. The
// middleware, the audit and the OpenAPI document all use it, so that they cannot disagree.
package rule

import (
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"
)

// NoRoute is the rule for requests that match no route.
const NoRoute = "(no route)"

var methods = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
	http.MethodDelete, http.MethodOptions, http.MethodConnect, http.MethodTrace,
}

// Rule names one route, as "/template" or "METHOD /template", or everything below "/template/*any".
type Rule struct {
	method string // empty: every method
	path   string // without the trailing wildcard
	below  bool   // path and everything below it
}

// List is several rules.
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
	template := text
	if method, rest, ok := strings.Cut(text, " "); ok {
		r.method, template = method, rest
		if !slices.Contains(methods, method) {
			return refuse("has an unknown method")
		}
	}
	switch {
	case !strings.HasPrefix(template, "/"):
		return refuse("does not start with a slash")
	case strings.ContainsAny(template, " \t\r\n\\?#"):
		return refuse("has a character that no route template has")
	case strings.Contains(template, "//"):
		return refuse("has an empty segment")
	}
	if at := strings.IndexByte(template, '*'); at >= 0 {
		name := template[at+1:]
		if template[at-1] != '/' || name == "" || strings.ContainsAny(name, "/*:") {
			return refuse("may have a wildcard only as its whole last segment, such as /docs/*any")
		}
		if at == 1 {
			return refuse("would open every route")
		}
		r.path, r.below = template[:at], true
		return r, nil
	}
	r.path = template
	return r, nil
}

// Matches says whether r names a route. The template of requests without a route is empty.
func (r Rule) Matches(method, template string) bool {
	switch {
	case !r.names(method):
		return false
	case r.below:
		return strings.HasPrefix(template, r.path)
	default:
		return r.path == template
	}
}

// names says whether the rule is for a method. A rule for GET is also for HEAD (RFC 9110, 9.3.2).
func (r Rule) names(method string) bool {
	return r.method == "" || r.method == method || r.method == http.MethodGet && method == http.MethodHead
}

// Method returns the method of the rule; empty means every method.
func (r Rule) Method() string { return r.method }

// Match says whether one of the rules names a route.
func (l List) Match(method, template string) bool {
	for _, r := range l {
		if r.Matches(method, template) {
			return true
		}
	}
	return false
}

// MatchWithin is Match for a request of a mount, whose template ends in a wildcard: a rule may name
// a path within it. Rest is the wildcard's value, decoded.
func (l List) MatchWithin(method, template, rest string) bool {
	for _, r := range l {
		if inner, ok := r.Within(method, template); ok && r.coversRest(inner, rest) {
			return true
		}
	}
	return false
}

// Within says whether r names a path within a mount, and returns the rest of the path. It cannot
// know the names of further parameters there.
func (r Rule) Within(method, template string) (inner string, ok bool) {
	mount, _, wild := strings.Cut(template, "*")
	if !wild || len(r.path) <= len(mount) || !strings.HasPrefix(r.path, mount) || !r.names(method) {
		return "", false
	}
	inner = r.path[len(mount)-1:]
	return inner, !strings.ContainsAny(inner, ":*")
}

// coversRest compares with both the cleaned path and the path as sent, because the mount may read
// either of them. A rule does not cover paths with characters that some servers read as others.
func (r Rule) coversRest(inner, rest string) bool {
	if strings.ContainsAny(rest, "\\;%") {
		return false
	}
	clean := path.Clean("/" + rest)
	if !r.below {
		return rest == inner && clean == inner
	}
	return strings.HasPrefix(rest, inner) && strings.HasPrefix(clean+"/", inner)
}
