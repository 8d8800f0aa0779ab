package audit

import (
	"fmt"
	"slices"

	"github.com/ginauth/ginauth/ginauth/internal/route"
)

// entrances finds handlers for logged-out users that only logged-in users can reach.
func (a audit) entrances() (faults []string) {
	for _, r := range a.routes {
		for i, h := range r.handlers {
			if len(r.sessions) == 0 || !h.For.Open() {
				continue
			}
			guarded := slices.ContainsFunc(r.handlers[:i], func(before auditedHandler) bool { return before.Name == route.Guard })
			if guarded && h.For == route.LoggedOut {
				faults = append(faults, r.String()+" is behind a guard, which only lets in who is logged in: register it before the guard, or outside the guard's group")
			}
			if r.protected() {
				faults = append(faults, fmt.Sprintf(
					"%s needs a user, since %s, which is not the library's own or asks for a user, runs behind Session, too: register that before Session, or add %q to Options.Exclude", r, r.closedBy(), r))
			}
		}
	}
	return faults
}

// closedBy returns the first handler that keeps a route from being open.
func (r auditedRoute) closedBy() string {
	for i := r.sessions[0].at + 1; i < len(r.Handlers); i++ {
		if r.Handlers[i] == nil {
			continue
		}
		info, ours := route.Of(r.Handlers[i])
		if !ours || !info.For.Open() && info.For != route.Middleware {
			return route.FuncName(r.Handlers[i])
		}
	}
	return "another handler"
}
