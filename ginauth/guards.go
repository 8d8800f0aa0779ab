package ginauth

import (
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/engine"
	"github.com/ginauth/ginauth/ginauth/internal/problempage"
	"github.com/ginauth/ginauth/ginauth/internal/route"
	"github.com/ginauth/ginauth/ginauth/internal/scope"
)

// Fresh asks that the user proved who they are within d, by a login, by Reauthenticate or by SignIn.
// Otherwise the answer is 403 reauthentication_required. 10 minutes suit changes of
// credentials and the like (OWASP ASVS 7.5.1). A proof in the future is none, but for a minute by which
// clocks may differ.
func Fresh(d time.Duration) Guard {
	return Guard{name: engine.FreshName(d), check: func(_ *gin.Context, a Auth) error { return engine.CheckFresh(d, a.AuthenticatedAt, a.Now) }}
}

// Verified asks that the user's e-mail address was proved to be theirs. Otherwise the answer is 403
// not_verified.
func Verified() Guard {
	return Guard{name: engine.GuardVerified, check: func(_ *gin.Context, a Auth) error {
		if !a.Account.Verified {
			return ErrNotVerified
		}
		return nil
	}}
}

// Scope asks that the request's credential is good for every one of scopes. A session is good for
// everything. Otherwise the answer is 403 insufficient_scope, with the challenge of RFC 6750, 3.1. A route that neither Scope nor
// AnyScope guards takes no credential with scopes. It panics without scopes, and for one that RFC 6749, 3.3 does not allow.
func Scope(scopes ...string) Guard {
	if len(scopes) == 0 {
		refuseGuard("Scope", "name a scope")
	}
	for _, s := range scopes {
		if !scope.Valid(s) {
			refuseGuard("Scope", fmt.Sprintf("%q is no scope of RFC 6749: use printable ASCII without blanks, quotes and backslashes", s))
		}
	}
	refusal := *problempage.New(http.StatusForbidden, engine.CodeInsufficientScope, "These credentials are not good for that.")
	refusal.Challenge = `Bearer ` + route.Realm + `, error="insufficient_scope", scope="` + strings.Join(scopes, " ") + `"`
	return Guard{name: "scope(" + strings.Join(scopes, " ") + ")", scopes: [][]string{slices.Clone(scopes)}, check: func(_ *gin.Context, a Auth) error {
		if a.Scopes == nil {
			return nil
		}
		for _, s := range scopes {
			if !slices.Contains(a.Scopes, s) {
				return &refusal
			}
		}
		return nil
	}}
}

// AnyScope lets every credential pass, whatever scopes it has, and also one that has none: it says that the route is for
// credentials with scopes, too, which a route without it or Scope refuses.
func AnyScope() Guard {
	return Guard{name: "anyScope", scopes: [][]string{{}}, check: func(*gin.Context, Auth) error { return nil }}
}

// Check is the guard of the app's own rule about its own user type. The rule returns nil to let the
// request pass, and otherwise the error that Fail answers with, such as ErrForbidden. The name
// is for documents and tests. It panics without a name or a rule.
//
//	r.Use(ginauth.Require(ginauth.Check("paying", func(c *gin.Context, u User) error { … })))
func Check[U any](name string, rule func(*gin.Context, U) error) Guard {
	if name == "" || rule == nil {
		refuseGuard("Check", "give it a name and a rule")
	}
	return Guard{name: name, users: []reflect.Type{reflect.TypeFor[U]()}, check: func(c *gin.Context, _ Auth) error {
		u, err := CurrentUser[U](c)
		if err != nil {
			return err
		}
		return rule(c, u)
	}}
}

// CheckAuth is Check for a rule about how the user is known, such as "by a session only".
func CheckAuth(name string, rule func(*gin.Context, Auth) error) Guard {
	if name == "" || rule == nil {
		refuseGuard("CheckAuth", "give it a name and a rule")
	}
	return Guard{name: name, check: rule}
}

// Role asks that the user has one of the allowed roles, as roles returns them, usually a method:
// Role(User.Roles, "admin"). Otherwise the answer is 403 forbidden. It panics without an allowed
// role, and for an empty one.
func Role[U any](roles func(U) []string, allowed ...string) Guard {
	if roles == nil || len(allowed) == 0 || slices.Contains(allowed, "") {
		refuseGuard("Role", "give it a function and the roles that it allows")
	}
	return Check("role("+strings.Join(allowed, " ")+")", func(_ *gin.Context, u U) error {
		for _, role := range roles(u) {
			if slices.Contains(allowed, role) {
				return nil
			}
		}
		return ErrForbidden
	})
}

// Permission asks that the user has every one of the needed permissions, by the word of has, usually
// a method: Permission(User.Can, "posts.delete"). Otherwise the answer is 403 forbidden. It panics
// without a needed permission, and for an empty one.
func Permission[U any](has func(U, string) bool, needed ...string) Guard {
	if has == nil || len(needed) == 0 || slices.Contains(needed, "") {
		refuseGuard("Permission", "give it a function and the permissions that it needs")
	}
	return Check("permission("+strings.Join(needed, " ")+")", func(_ *gin.Context, u U) error {
		for _, permission := range needed {
			if !has(u, permission) {
				return ErrForbidden
			}
		}
		return nil
	})
}

// Owner asks that what the request is about belongs to the current user. The function returns whose
// it is, usually by a parameter of the route; its error is the answer, and nobody's is everybody's
// to be refused. Otherwise the answer is 403 forbidden. It panics without a function.
func Owner(of func(*gin.Context) (driver.UserID, error)) Guard {
	if of == nil {
		refuseGuard("Owner", "give it a function")
	}
	return Guard{name: "owner", check: func(c *gin.Context, a Auth) error {
		owner, err := of(c)
		if err != nil {
			return err
		}
		if owner == "" || owner != a.Account.ID {
			return ErrForbidden
		}
		return nil
	}}
}

func refuseGuard(name, why string) {
	panic("ginauth." + name + ": " + why) //nolint:forbidigo // while routes are built
}
