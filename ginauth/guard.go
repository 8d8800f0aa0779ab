package ginauth

import (
	"context"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/engine"
	"github.com/ginauth/ginauth/ginauth/internal/route"
	"github.com/ginauth/ginauth/ginauth/internal/scope"
)

// Auth is how the current user is known, and what a Guard decides by.
type Auth struct {
	// Account is the current user's.
	Account driver.Account
	// Via is the name of the Scheme by which the request was authenticated, such as
	// "sessionCookie".
	Via string
	// Credential is the Principal's: what the request was authenticated by, such as a token's
	// claims; for a session, a SessionView.
	Credential any
	// Scopes are the Principal's: nil when the credential is good for everything.
	Scopes []string
	// AuthenticatedAt is when the user last proved who they are, zero when that is not known; Now is
	// the same clock at this request.
	AuthenticatedAt, Now time.Time
}

// CurrentAuth returns how the current user is known. Its errors are those of CurrentUser.
func CurrentAuth(ctx context.Context) (Auth, error) {
	c, st, err := engine.StateOf(ctx)
	if err != nil {
		return Auth{}, err
	}
	p, err := st.CurrentProof(ctx, c)
	if err != nil {
		return Auth{}, err
	}
	a := Auth{
		Account: p.Account, Via: p.Via, Credential: p.Credential, Scopes: p.Scopes,
		AuthenticatedAt: p.AuthenticatedAt, Now: p.Now,
	}
	if a.Via == engine.SessionScheme {
		a.Credential = SessionView{st}
	}
	return a, nil
}

// Guard is a further condition for a logged-in user, made by Check, Fresh, Scope and the like. It
// carries a name, by which documents and tests know it. The zero Guard lets nobody pass.
type Guard struct {
	name string
	// scopes are what it wants of a credential with scopes: all of one of these lists. Nil: it does not say.
	scopes [][]string
	users  []reflect.Type // that it asks for
	check  func(*gin.Context, Auth) error
}

// Require returns a middleware that asks for a logged-in user, on excluded routes too, and then for
// every guard in turn. It answers 401 where nobody is logged in, and what a guard returned
// otherwise: 403, as a rule. Mount it below Session or Authenticate, on a group or a route; without
// those in front it lets nobody pass. A CORS preflight, which has no user, gets 204 and nothing else, unless
// Options.Exclude names the method OPTIONS of its route.
func Require(guards ...Guard) gin.HandlerFunc {
	info := route.Info{Name: route.Guard, For: route.Middleware}
	for _, g := range guards {
		info.Guards = append(info.Guards, g.name)
		info.Scopes = scope.Both(info.Scopes, g.scopes)
		info.Users = append(info.Users, g.users...)
	}
	all := All(guards...)
	h := route.New(info, func(c *gin.Context) {
		if engine.IsPreflight(c) {
			if !engine.PreflightIsExcluded(c) {
				c.AbortWithStatus(http.StatusNoContent)
			}
			return
		}
		auth, err := CurrentAuth(c)
		if st := engine.Attached(c); err == nil && st != nil {
			err = st.CheckPolicies(c)
		}
		if err != nil {
			Fail(c, err)
			return
		}
		if err := all.pass(c, auth); err != nil {
			if engine.ProblemOf(err).Status == http.StatusForbidden {
				engine.LogEvent(c, driver.AccessDenied, "user_id", auth.Account.ID, "via", auth.Via, "guard", all.name, "reason", err.Error())
			}
			Fail(c, err)
		}
	})
	if info.Scopes != nil { // a literal of its own, by which the middleware knows it
		return h.As(func(c *gin.Context) { h.Serve(c) })
	}
	return h.As(func(c *gin.Context) { h.Serve(c) })
}

func (g Guard) pass(c *gin.Context, a Auth) error {
	if g.check == nil {
		return ErrForbidden
	}
	return g.check(c, a)
}

// All is the guard that asks for every one of guards, in turn. Without any it lets every user pass.
func All(guards ...Guard) Guard {
	all := Guard{name: joinNames("all", guards)}
	for _, g := range guards {
		all.scopes = scope.Both(all.scopes, g.scopes)
		all.users = append(all.users, g.users...)
	}
	all.check = func(c *gin.Context, a Auth) error {
		for _, g := range guards {
			if err := g.pass(c, a); err != nil {
				return err
			}
		}
		return nil
	}
	return all
}

// Any is the guard that asks for one of guards, the first that lets the user pass. When none does,
// the answer is the first one's, unless one could not tell: an outage is not a "no". Without any
// it lets nobody pass. Where one of guards is a Scope or AnyScope, or has one, those without do not count for a
// credential with scopes: Any(Role(User.Roles, "admin"), Scope("x")) does not let an admin's key pass that has no x.
func Any(guards ...Guard) Guard {
	anyOf := Guard{name: joinNames("any", guards)}
	for _, g := range guards {
		anyOf.users = append(anyOf.users, g.users...)
		anyOf.scopes = append(anyOf.scopes, g.scopes...)
	}
	anyOf.check = func(c *gin.Context, a Auth) error {
		var first, unsure error
		for _, g := range guards {
			if a.Scopes != nil && anyOf.scopes != nil && g.scopes == nil {
				continue // or the scopes that the others ask for were no ceiling (SEC-179)
			}
			err := g.pass(c, a)
			if err == nil {
				return nil
			}
			if engine.ProblemOf(err).Status >= 500 && unsure == nil {
				unsure = err
			}
			if first == nil {
				first = err
			}
		}
		switch {
		case unsure != nil:
			return unsure
		case first != nil:
			return first
		}
		return ErrForbidden
	}
	return anyOf
}

func joinNames(how string, guards []Guard) string {
	if len(guards) == 1 {
		return guards[0].name
	}
	names := make([]string, len(guards))
	for i, g := range guards {
		names[i] = g.name
	}
	return how + "(" + strings.Join(names, ", ") + ")"
}
