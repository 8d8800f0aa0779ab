package audit

import (
	"fmt"

	"github.com/ginauth/ginauth/ginauth/internal/rule"
)

// optOuts lists the routes that accept requests from every origin, and those that a function of the
// app opens, unless CheckRoutes gets their names. It also finds such rules that match nothing.
func (a audit) optOuts() (faults []string) {
	matched := map[string]bool{}
	note := func(field, text string, routes rule.List, r auditedRoute) bool {
		name := fmt.Sprintf("%s rule %q", field, text)
		hit := matchesRoute(routes, r)
		matched[name] = matched[name] || hit || text == rule.NoRoute
		return hit && !a.exempt.Match(r.Method, r.Template)
	}
	for _, r := range a.routes {
		for _, session := range r.sessions {
			for _, one := range session.facts.OptOuts {
				hit := note(one.Field, one.Text, one.Routes, r)
				switch {
				case one.Field == ExcludeIf && (hit || one.Text == rule.NoRoute && !a.exempt.Match("", "")):
					r := fmt.Sprint(r)
					if one.Text == rule.NoRoute {
						r = rule.NoRoute
					}
					faults = append(faults, fmt.Sprintf("%s is open to requests that the function of ExcludeIf for %q picks: name %q in CheckRoutes where that is meant", r, one.Text, r))
				case one.Field == SkipOriginCheck && hit:
					faults = append(faults, fmt.Sprintf("%s takes requests of every origin, by SkipOriginCheck: name %q in CheckRoutes where its handler proves that its user asked for the request", r, r))
				}
			}
		}
	}
	for name, hit := range matched {
		if !hit {
			faults = append(faults, fmt.Sprintf("the %s matches no route: correct or remove it", name))
		}
	}
	return faults
}

// matchesRoute says whether one of the rules names a route, or a path within a mount.
func matchesRoute(rules rule.List, r auditedRoute) bool {
	if rules.Match(r.Method, r.Template) {
		return true
	}
	for _, one := range rules {
		if _, within := one.Within(r.Method, r.Template); within {
			return true
		}
	}
	return false
}
