package engine

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/route"
)

// wantsVerified says whether the policy refuses requests of this method and route template from
// users who are not verified. OpenAPI asks it too.
func (m *Mount) wantsVerified(method, template string) bool {
	switch m.Unverified {
	case UnverifiedAllowed:
		return false
	case UnverifiedReadOnly:
		if method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions {
			return false
		}
	case UnverifiedRefused:
	}
	return !m.UnverifiedMay.Match(method, template)
}

// asksVerified is wantsVerified for a request. Its rules may name paths within a mount.
func (m *Mount) asksVerified(c *gin.Context) bool {
	return m.wantsVerified(c.Request.Method, c.FullPath()) && !matches(m.UnverifiedMay, c)
}

// CheckPolicies is checkPolicy for every Session on the request. Call it on routes that a Session
// excludes, where that Session has not asked.
func (st *State) CheckPolicies(c *gin.Context) error {
	err := st.checkPolicy(c, st.Mount, st.position)
	for _, further := range st.inner {
		if err == nil {
			err = st.checkPolicy(c, further.m, further.position)
		}
	}
	return err
}

// checkPolicy refuses the current user, who must be known already, if a policy of m does not allow
// the route. It refuses every handler that is not known to be open. The position is the place of
// m's Session in the chain.
func (st *State) checkPolicy(c *gin.Context, m *Mount, position int) error {
	st.mu.Lock()
	account, via := st.proof.Account, st.proof.Via
	st.mu.Unlock()
	if account.MustChangePassword && !route.Behind(c, position).ForPasswordChange() && !m.isPasswordPage(c) {
		m.Event(c, driver.AccessDenied, "user_id", account.ID, "via", via, "reason", ErrPasswordChangeRequired.Error())
		return ErrPasswordChangeRequired
	}
	if account.Verified || !m.asksVerified(c) || route.Behind(c, position).ForUnverified() {
		return nil
	}
	m.Event(c, driver.AccessDenied, "user_id", account.ID, "via", via, "guard", GuardVerified, "reason", ErrNotVerified.Error())
	return ErrNotVerified
}

// isPasswordPage says whether the request is for the page of the form that changes the password.
func (m *Mount) isPasswordPage(c *gin.Context) bool {
	reads := c.Request.Method == http.MethodGet || c.Request.Method == http.MethodHead
	return reads && m.Pages.ChangePassword != "" && (c.Request.URL.Path == m.Pages.ChangePassword || c.Request.URL.Path == m.prefix(c)+m.Pages.ChangePassword)
}

// GuardVerified is the name of the guard Verified.
const GuardVerified = "verified"

// Unverified is the policy for users who have not proved their address; package ginauth exports it.
type Unverified int

// The policies, as package ginauth exports them.
const (
	UnverifiedAllowed Unverified = iota
	UnverifiedReadOnly
	UnverifiedRefused
)
