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

// Fresh returns a guard that needs a proof of who the user is, not older than d: a login,
// Reauthenticate or SignIn. Otherwise the answer is 403 reauthentication_required. Use 10 minutes
// for changes of credentials and the like (OWASP ASVS 7.5.1). A proof more than a minute in the
// future does not count; clocks may differ by that much.
func Fresh(d time.Duration) Guard {
	return Guard{name: engine.FreshName(d), check: func(_ *gin.Context, a Auth) error { return engine.CheckFresh(d, a.AuthenticatedAt, a.Now) }}
}

// Verified returns a guard that needs an e-mail address that the user has proved to own. Otherwise
// the answer is 403 not_verified.
func Verified() Guard {
	return Guard{name: engine.GuardVerified, check: func(_ *gin.Context, a Auth) error {
		if !a.Account.Verified {
			return ErrNotVerified
		}
		return nil
	}}
}

// Scope returns a guard that needs a credential with every one of scopes; a session has them all.
// Otherwise the answer is 403 insufficient_scope, with the challenge of RFC 6750, 3.1. A route
// without a Scope or AnyScope guard refuses credentials with scopes. It panics without scopes, and
// for a scope that RFC 6749, 3.3 does not allow.
func Scope(scopes ...string) Guard {
	if len(scopes) == 0 {
		refuseGuard("Scope", "name a scope")
	}
	for _, s := range scopes {
		if !scope.Valid(s) {
			refuseGuard("Scope", fmt.Sprintf("%q is not a scope of RFC 6749: use printable ASCII without blanks, quotes and backslashes", s))
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

// AnyScope returns a guard that accepts every credential, whatever its scopes, even with none.
// Routes without it or Scope refuse credentials with scopes.
func AnyScope() Guard {
	return Guard{name: "anyScope", scopes: [][]string{{}}, check: func(*gin.Context, Auth) error { return nil }}
}

// Check returns a guard with a rule of the app's own about its user type. The rule returns nil to
// let the request pass, and otherwise the error that Fail answers with, such as ErrForbidden. The
// name is for documents and tests. It panics without a name or a rule.
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

// CheckAuth is Check for a rule about how the user was authenticated, such as "by a session only".
func CheckAuth(name string, rule func(*gin.Context, Auth) error) Guard {
	if name == "" || rule == nil {
		refuseGuard("CheckAuth", "give it a name and a rule")
	}
	return Guard{name: name, check: rule}
}

// Role returns a guard that needs one of the allowed roles. The function roles returns those of a
// user and is usually a method: Role(User.Roles, "admin"). Otherwise the answer is 403 forbidden.
// It panics without an allowed role, and for an empty one.
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

// Permission returns a guard that needs every one of the needed permissions. The function has says
// whether a user has one and is usually a method: Permission(User.Can, "posts.delete"). Otherwise
// the answer is 403 forbidden. It panics without a needed permission, and for an empty one.
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

// Owner returns a guard that needs the current user to own the requested object. The function
// returns the object's owner, usually by a parameter of the route. If it fails, its error is the
// answer. For another owner, and for an empty UserID, the answer is 403 forbidden. It panics
// without a function.
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
