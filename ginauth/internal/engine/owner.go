package engine

import (
	"fmt"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/route"
)

// forget drops a session that has already ended, clears its cookie and logs the user out of the
// request.
func (st *State) forget() {
	st.mu.Lock()
	st.forgetLocked()
	st.mu.Unlock()
	st.SetUser(nil, driver.Account{})
}

// Done answers a change that has no result: a browser is redirected, other clients get 204.
func (m *Mount) Done(c *gin.Context) {
	if !m.SendOn(c) {
		noContent(c)
	}
}

// FreshFor is how recent the proof of the user must be for changes that cannot be undone (OWASP
// ASVS 7.5.1).
const FreshFor = 10 * time.Minute

// Owner returns the state of a request that the account's owner sent. Only the owner may change the
// account.
func (m *Mount) Owner(c *gin.Context, methods ...string) (*State, Proof, error) {
	return m.ownerFor(c, 0, methods)
}

// FreshOwner is Owner for changes that also need a recent proof of the user.
func (m *Mount) FreshOwner(c *gin.Context, methods ...string) (*State, Proof, error) {
	return m.ownerFor(c, FreshFor, methods)
}

func (m *Mount) ownerFor(c *gin.Context, fresh time.Duration, methods []string) (*State, Proof, error) {
	if err := route.CheckMethod(c, methods...); err != nil {
		return nil, Proof{}, err
	}
	_, st, err := StateOf(c)
	if err != nil {
		return nil, Proof{}, err
	}
	if err := m.fits(st.Mount); err != nil {
		return nil, Proof{}, err
	}
	p, err := OwnerWithin(c, fresh)
	return st, p, err
}

// OwnerWithin refuses a credential with scopes, a user whose last proof is older than fresh, and a
// user whom Options.Unverified refuses. If fresh is zero, the proof may have any age.
func OwnerWithin(c *gin.Context, fresh time.Duration) (Proof, error) {
	_, st, err := StateOf(c)
	if err != nil {
		return Proof{}, err
	}
	p, err := st.CurrentProof(c, c)
	if err != nil {
		return Proof{}, err
	}
	if err := st.CheckPolicies(c); err != nil {
		return Proof{}, err
	}
	if p.Scopes != nil {
		st.Mount.Event(c, driver.AccessDenied, "user_id", p.Account.ID, "via", p.Via, "reason", "credentials with scopes")
		return Proof{}, fmt.Errorf("%w: credentials with scopes cannot change an account", ErrForbidden)
	}
	if fresh > 0 {
		err = CheckFresh(fresh, p.AuthenticatedAt, p.Now)
	}
	return p, err
}

// CheckFresh is the rule of the guard Fresh.
func CheckFresh(within time.Duration, authenticatedAt, now time.Time) error {
	if authenticatedAt.IsZero() || now.Sub(authenticatedAt) > within || InFuture(authenticatedAt, now) {
		return ErrReauthenticationRequired
	}
	return nil
}

// FreshName is the name of the guard Fresh.
func FreshName(within time.Duration) string { return "fresh(" + within.String() + ")" }

// maxClockSkew is the difference of clocks that OWASP's cheat sheet on JWT allows (SEC-95).
const maxClockSkew = time.Minute

// InFuture says whether a time is further ahead of now than clocks may differ.
func InFuture(at, now time.Time) bool { return at.Sub(now) > maxClockSkew }
