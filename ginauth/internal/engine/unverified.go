package engine

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/route"
)

// wantsVerified says whether the policy is against a request of this method to this route template by a
// user who is not verified. The OpenAPI document asks it too.
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

// asksVerified is wantsVerified for a request, whose rules may name what lies within a mount.
func (m *Mount) asksVerified(c *gin.Context) bool {
	return m.wantsVerified(c.Request.Method, c.FullPath()) && !matches(m.UnverifiedMay, c)
}

// CheckPolicies is checkVerified for every Session on the request, for routes that are excluded from some:
// there nobody has asked yet.
func (st *State) CheckPolicies(c *gin.Context) error {
	err := st.checkVerified(c, st.Mount, st.position)
	for _, further := range st.inner {
		if err == nil {
			err = st.checkVerified(c, further.m, further.position)
		}
	}
	return err
}

// checkVerified is eNotVerified where the policy is against the current user, who is known. It
// refuses whatever is not known to be open. The position is that of m's Session in the chain.
func (st *State) checkVerified(c *gin.Context, m *Mount, position int) error {
	if !m.asksVerified(c) {
		return nil
	}
	st.mu.Lock()
	account, via := st.proof.Account, st.proof.Via
	st.mu.Unlock()
	if account.Verified {
		return nil
	}
	if route.Behind(c, position).ForUnverified() {
		return nil
	}
	m.Event(c, driver.AccessDenied, "user_id", account.ID, "via", via, "guard", GuardVerified, "reason", ErrNotVerified.Error())
	return ErrNotVerified
}

// GuardVerified is the name of the guard that asks for the same.
const GuardVerified = "verified"

// Unverified is the policy for users whose address was not proved, as package ginauth exports it.
type Unverified int

const (
	UnverifiedAllowed Unverified = iota
	UnverifiedReadOnly
	UnverifiedRefused
)
