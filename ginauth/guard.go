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

// Auth says how the current user was authenticated. Guards decide by it.
type Auth struct {
	// Account is the account of the current user.
	Account driver.Account
	// Via is the name of the Scheme that authenticated the request, such as "sessionCookie".
	Via string
	// Credential is what authenticated the request, such as a token's claims; for a session it is a
	// SessionView. It comes from Principal.Credential.
	Credential any
	// Scopes limit the credential. Nil means that it is good for everything. They come from
	// Principal.Scopes.
	Scopes []string
	// AuthenticatedAt is when the user last proved who they are; zero means unknown. Now is the
	// time of this request by the same clock.
	AuthenticatedAt, Now time.Time
	// Methods are how the user has proved who they are in this login, such as "pwd"; empty means
	// unknown. SecondFactorAt is when the user last proved a second factor; zero means never.
	Methods        driver.Methods
	SecondFactorAt time.Time
}

// CurrentAuth returns how the current user was authenticated. Its errors are those of CurrentUser.
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
		AuthenticatedAt: p.AuthenticatedAt, Now: p.Now, Methods: p.Methods, SecondFactorAt: p.SecondFactorAt,
	}
	if a.Via == engine.SessionScheme {
		a.Credential = SessionView{st}
	}
	return a, nil
}

// Guard is a further condition for a logged-in user, made by Check, Fresh, Scope and others.
// Documents and tests know it by its name. The zero Guard lets nobody pass.
type Guard struct {
	name string
	// scopes: a credential with scopes needs all of one of these lists. Nil: the guard names none.
	scopes [][]string
	users  []reflect.Type // user types that the guard reads
	check  func(*gin.Context, Auth) error
}

// Require returns a middleware that needs a logged-in user, on excluded routes too, and then asks
// every guard in turn. It answers 401 without a user, and otherwise the error of the guard that
// refused, usually 403. Mount it below Session or Authenticate, on a group or a route; without one
// of them in front it lets nobody pass. A CORS preflight has no user: it gets 204 and runs nothing
// else, unless Options.Exclude names the method OPTIONS of its route.
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
	if info.Scopes != nil { // a separate literal: the middleware knows guards with scopes by its name
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

// All returns a guard that needs every one of guards, and asks them in turn. Without guards it lets
// every user pass.
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

// Any returns a guard that needs one of guards. If none lets the user pass, the answer is the first
// refusal, unless a guard failed with a 5xx error: an outage is not a refusal. Without guards it
// lets nobody pass. If any of guards contains a Scope or AnyScope, the others do not count for a
// credential with scopes: Any(Role(User.Roles, "admin"), Scope("x")) refuses an admin's key without
// the scope x.
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
				continue // else the scopes of the other guards would limit nothing (SEC-179)
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
