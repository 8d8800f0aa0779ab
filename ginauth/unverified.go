package ginauth

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/route"
)

// Unverified says what users may do before their e-mail address was proved to be theirs. The zero value
// lets them do everything.
//
// Where it does not, a request that needs a user is answered 403 not_verified. What users need to get
// verified, and to look at, secure or leave their account, stays open: Me, Sessions, Events and the handlers that
// end sessions, Reauthenticate, ChangePassword, SetPassword, ExportAccount, DeleteAccount, email.ChangeEmail, and
// what answers without a session, such as Logout and email.VerifyEmail. Options.UnverifiedMay names
// further routes, and the guard Verified asks more of some.
type Unverified int

const (
	// UnverifiedAllowed makes no difference.
	UnverifiedAllowed Unverified = iota
	// UnverifiedReadOnly lets them send GET, HEAD and OPTIONS, which change nothing (RFC 9110, 9.2.1) unless the
	// app's handlers do.
	UnverifiedReadOnly
	// UnverifiedRefused lets them send nothing.
	UnverifiedRefused
)

func (u Unverified) valid() bool { return u >= UnverifiedAllowed && u <= UnverifiedRefused }

// wantsVerified says whether the policy is against a request of this method to this route template by a
// user who is not verified. The OpenAPI document asks it too.
func (m *mount) wantsVerified(method, template string) bool {
	switch m.unverified {
	case UnverifiedAllowed:
		return false
	case UnverifiedReadOnly:
		if method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions {
			return false
		}
	case UnverifiedRefused:
	}
	return !m.unverifiedMay.Match(method, template)
}

// asksVerified is wantsVerified for a request, whose rules may name what lies within a mount.
func (m *mount) asksVerified(c *gin.Context) bool {
	return m.wantsVerified(c.Request.Method, c.FullPath()) && !matches(m.unverifiedMay, c)
}

// checkPolicies is checkVerified for every Session on the request, for routes that are excluded from some:
// there nobody has asked yet.
func (st *state) checkPolicies(c *gin.Context) error {
	err := st.checkVerified(c, st.m, st.position)
	for _, further := range st.inner {
		if err == nil {
			err = st.checkVerified(c, further.m, further.position)
		}
	}
	return err
}

// checkVerified is ErrNotVerified where the policy is against the current user, who is known. It
// refuses whatever is not known to be open. The position is that of m's Session in the chain.
func (st *state) checkVerified(c *gin.Context, m *mount, position int) error {
	if !m.asksVerified(c) {
		return nil
	}
	st.mu.Lock()
	account, via := st.proof.account, st.proof.via
	st.mu.Unlock()
	if account.Verified {
		return nil
	}
	if route.Behind(c, position).ForUnverified() {
		return nil
	}
	m.event(c, driver.AccessDenied, "user_id", account.ID, "via", via, "guard", Verified().name, "reason", ErrNotVerified.Error())
	return ErrNotVerified
}
