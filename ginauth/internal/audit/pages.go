package audit

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/ginauth/ginauth/ginauth/internal/rule"
)

// pages finds pages of Options.Pages that the router does not have, and pages that the redirected
// browser cannot see.
func (a audit) pages() (faults []string) {
	seen := map[PagePaths]bool{}
	for _, r := range a.routes {
		for _, h := range r.handlers {
			pages := h.facts.Pages
			if seen[pages] {
				continue
			}
			seen[pages] = true
			faults = append(faults, a.page("Pages.Login", pages.Login, true)...)
			faults = append(faults, a.page("Pages.AfterLogin", pages.AfterLogin, false)...)
			// A browser that has logged out may be redirected again, to the login page.
			faults = append(faults, a.page("Pages.AfterLogout", pages.AfterLogout, pages.Login == "")...)
			faults = append(faults, a.page("Pages.ChangePassword", pages.ChangePassword, false)...)
		}
	}
	return faults
}

// page checks one page. With public, anybody must be able to see it.
func (a audit) page(field, page string, public bool) []string {
	path, _, _ := strings.Cut(page, "?")
	path, _, _ = strings.Cut(path, "#")
	if path == "" || a.exempt.Match(http.MethodGet, path) {
		return nil
	}
	r, found := a.routeOf(http.MethodGet, path)
	switch {
	case !found && a.servesUnrouted():
		return nil
	case !found:
		return []string{fmt.Sprintf("%s is %q, but there is no route GET %s: register it, or name it in CheckRoutes where another server has it", field, page, path)}
	case public && r.protected():
		return []string{fmt.Sprintf("%s is %q, which needs a user: add %q to Options.Exclude", field, page, r)}
	}
	return nil
}

// servesUnrouted says whether requests that match no route are open. A handler for them may then
// serve the page.
func (a audit) servesUnrouted() bool {
	for _, r := range a.routes {
		for _, session := range r.sessions {
			for _, text := range session.Exclude {
				if text == rule.NoRoute {
					return true
				}
			}
		}
	}
	return false
}

// routeOf returns the route that answers a path. Like Gin, it prefers the more literal template.
func (a audit) routeOf(method, path string) (best auditedRoute, found bool) {
	for _, r := range a.routes {
		if r.Method == method && matchesTemplate(r.Template, path) && (!found || moreLiteral(r.Template, best.Template)) {
			best, found = r, true
		}
	}
	return best, found
}

func matchesTemplate(template, path string) bool {
	for {
		part, rest, more := strings.Cut(template, "/")
		got, left, deeper := strings.Cut(path, "/")
		switch {
		case strings.HasPrefix(part, "*"):
			return true
		case !matchesSegment(part, got):
			return false
		case !more || !deeper:
			return more == deeper
		}
		template, path = rest, left
	}
}

// matchesSegment also handles a parameter after literal text, which Gin allows, as in "v:version".
func matchesSegment(part, got string) bool {
	literal, _, parameter := strings.Cut(part, ":")
	if !parameter {
		return part == got
	}
	return strings.HasPrefix(got, literal) && len(got) > len(literal)
}

// moreLiteral says whether a's first parameter comes later than b's.
func moreLiteral(a, b string) bool {
	literal := func(template string) int {
		if at := strings.IndexAny(template, ":*"); at >= 0 {
			return at
		}
		return len(template) + 1<<16
	}
	return literal(a) > literal(b)
}
