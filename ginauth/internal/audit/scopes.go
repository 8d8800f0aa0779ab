package audit

import (
	"fmt"
	"slices"

	"github.com/ginauth/ginauth/ginauth/internal/route"
)

// scopes finds backends whose credentials no route accepts, and guards that stand too late in the
// chain.
func (a audit) scopes() (faults []string) {
	unused := map[string]bool{}
	for _, r := range a.routes {
		for _, s := range r.sessions {
			for _, scheme := range s.Schemes {
				if scheme.Scoped {
					unused[scheme.Name] = true
				}
			}
		}
		if guard := r.lateGuard(); guard != "" {
			faults = append(faults, fmt.Sprintf("the guard %s is the last handler of %s, behind what it should guard: put it in front, or a handler behind it", guard, r))
		}
	}
	if slices.ContainsFunc(a.routes, auditedRoute.namesScopes) {
		return faults
	}
	for name := range unused {
		faults = append(faults, fmt.Sprintf("credentials of the scheme %s open no route, since they have scopes and no route says which it takes: guard those that they are for with ginauth.Scope or ginauth.AnyScope", name))
	}
	return faults
}

// namesScopes says whether a guard of the route names scopes.
func (r auditedRoute) namesScopes() bool {
	return len(r.sessions) > 0 && r.Behind(r.sessions[0].at).TakesScopes() &&
		slices.ContainsFunc(r.handlers, func(h auditedHandler) bool { return h.Scopes != nil })
}

// lateGuard returns the name of a guard that runs only after everything is done.
func (r auditedRoute) lateGuard() string {
	if len(r.sessions) == 0 || len(r.handlers) == 0 {
		return ""
	}
	last := r.handlers[len(r.handlers)-1]
	if last.Name != route.Guard || last.at != len(r.Handlers)-1 || len(last.Guards) == 0 {
		return ""
	}
	for _, h := range r.Handlers[r.sessions[0].at+1 : last.at] {
		if info, ours := route.Of(h); !ours || !info.IsSession() && info.Name != route.Guard {
			return last.Guards[0]
		}
	}
	return ""
}
