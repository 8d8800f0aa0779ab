package engine

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/problempage"
	"github.com/ginauth/ginauth/ginauth/internal/route"
	"github.com/ginauth/ginauth/ginauth/problem"
)

const CodeInsufficientScope = "insufficient_scope"

// errNoScopeNamed: the credential has scopes, and the route does not say which of them it takes.
var errNoScopeNamed error = func() *problem.Details {
	p := problempage.New(http.StatusForbidden, CodeInsufficientScope, "This route takes no credentials with scopes, since it names none: its app has to guard it with ginauth.Scope, or with ginauth.AnyScope where any will do.")
	p.Challenge = `Bearer ` + route.Realm + `, error="insufficient_scope"`
	return p
}()

// takesScopes says whether the route of a request says what a credential with scopes may do there. What no route has, gets
// its 404 or 405.
func (m *Mount) takesScopes(c *gin.Context, position int) bool {
	if !m.AsksBackends {
		return true // sessions have no scopes
	}
	behind := route.Behind(c, position)
	return behind.TakesScopes() || c.FullPath() == "" && behind.Empty()
}

// checkScopes is the ceiling of scopes: what was not thought of for a limited credential is not open to it (SEC-179).
func (st *State) checkScopes(c *gin.Context, p Proof) error {
	if p.Scopes == nil || st.takesScopes {
		return nil
	}
	st.Mount.Event(c, driver.AccessDenied, "user_id", p.Account.ID, "via", p.Via, "reason", errNoScopeNamed.Error())
	return errNoScopeNamed
}
