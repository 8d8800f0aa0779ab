package openapi

import (
	"slices"

	"github.com/ginauth/ginauth/ginauth/internal/route"
	"github.com/ginauth/ginauth/ginauth/internal/scope"
)

// access says what the handlers in front of a route require.
type access struct {
	covered bool // covered by Session or Authenticate
	secured bool // answers 401 without credentials
	// asked: a guard or With needs a user, whatever the rules say.
	asked     bool
	ambient   bool // refuses unsafe requests from other sites
	redirects bool // redirects browsers to the login page
	base      string
	schemes   []route.Scheme
	guards    []string
	// scopes are the alternatives that guards require of a credential with scopes. Without
	// takesScopes such a credential is refused.
	scopes      [][]string
	takesScopes bool
}

// accessOf reads a route's chain in the order in which it runs, and records the rules that matched.
func accessOf(r route.Route, used map[string]bool) access {
	var a access
	protected, wantsVerified := false, false
	for i, h := range r.Handlers {
		info, ours := route.Of(h)
		switch {
		case !ours:
		case info.IsSession():
			protects := info.Protects(r.Method, r.Template)
			protected = protected || protects && !r.Behind(i).Open()
			for _, text := range info.Exclude {
				used[text] = used[text] || info.Matches(text, r.Method, r.Template)
			}
			asks := info.WantsVerified(r.Method, r.Template) && (protects || !a.covered)
			wantsVerified = wantsVerified || asks && !r.Behind(i).ForUnverified()
			if !a.covered {
				a.covered, a.base, a.schemes, a.ambient, a.redirects = true, info.Base, info.Schemes, info.Ambient, info.Redirects
				a.takesScopes = r.Behind(i).TakesScopes()
			}
		case info.Name == route.Guard || info.Name == route.With:
			a.asked = true
			a.guards = append(a.guards, info.Guards...)
			a.scopes = scope.Both(a.scopes, info.Scopes)
		}
	}
	a.secured = a.covered && (protected || a.asked)
	if a.secured && wantsVerified && !slices.Contains(a.guards, "verified") {
		a.guards = append(a.guards, "verified")
	}
	if a.secured && a.takesTokens() && !a.takesScopes {
		a.guards = append(a.guards, unscoped)
	}
	return a
}

// unscoped is listed among the guards of an operation that refuses credentials with scopes.
const unscoped = "unscoped"

// takes says whether the operation accepts credentials of this scheme.
func (a access) takes(s route.Scheme) bool { return a.takesScopes || !s.Scoped }

// takesTokens says whether the operation accepts credentials other than the session, which can be
// invalid.
func (a access) takesTokens() bool {
	return slices.ContainsFunc(a.schemes, func(s route.Scheme) bool { return s.Name != sessionScheme })
}

// sessionScheme is the name that ginauth gives its sessions.
const sessionScheme = "sessionCookie"
