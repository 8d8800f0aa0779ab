package ginauth

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/problempage"
	"github.com/ginauth/ginauth/ginauth/internal/route"
	"github.com/ginauth/ginauth/ginauth/problem"
)

const codeInsufficientScope = "insufficient_scope"

// errNoScopeNamed: the credential has scopes, and the route does not say which of them it takes.
var errNoScopeNamed error = func() *problem.Details {
	p := problempage.New(http.StatusForbidden, codeInsufficientScope, "This route takes no credentials with scopes, since it names none: its app has to guard it with ginauth.Scope, or with ginauth.AnyScope where any will do.")
	p.Challenge = `Bearer ` + route.Realm + `, error="insufficient_scope"`
	return p
}()

// takesScopes says whether the route of a request says what a credential with scopes may do there. What no route has, gets
// its 404 or 405.
func (m *mount) takesScopes(c *gin.Context, position int) bool {
	if !m.asksBackends {
		return true // sessions have no scopes
	}
	behind := route.Behind(c, position)
	return behind.TakesScopes() || c.FullPath() == "" && behind.Empty()
}

// checkScopes is the ceiling of scopes: what was not thought of for a limited credential is not open to it (SEC-179).
func (st *state) checkScopes(c *gin.Context, p proof) error {
	if p.scopes == nil || st.takesScopes {
		return nil
	}
	st.m.event(c, driver.AccessDenied, "user_id", p.account.ID, "via", p.via, "reason", errNoScopeNamed.Error())
	return errNoScopeNamed
}
