package engine

import (
	"fmt"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/route"
)

// forget lets go of a session that has ended in another way, and clears its cookie.
func (st *State) forget() {
	st.mu.Lock()
	st.forgetLocked()
	st.mu.Unlock()
	st.SetUser(nil, driver.Account{})
}

// Done answers a change that has no result: a browser is sent on.
func (m *Mount) Done(c *gin.Context) {
	if !m.SendOn(c) {
		noContent(c)
	}
}

// FreshFor is how recent the proof must be for what cannot be undone (OWASP ASVS 7.5.1).
const FreshFor = 10 * time.Minute

// Owner returns the state of a request by the account's owner, who alone may change the account.
func (m *Mount) Owner(c *gin.Context, methods ...string) (*State, Proof, error) {
	return m.ownerFor(c, 0, methods)
}

// FreshOwner is owner for what also needs a recent proof of who the user is.
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

// OwnerWithin refuses who is not the account's owner, has proved nothing within fresh, unless that is zero, or may not do
// anything before the address is verified.
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

// CheckFresh is the guard Fresh.
func CheckFresh(within time.Duration, authenticatedAt, now time.Time) error {
	if authenticatedAt.IsZero() || now.Sub(authenticatedAt) > within || InFuture(authenticatedAt, now) {
		return ErrReauthenticationRequired
	}
	return nil
}

// FreshName is the name of the guard Fresh.
func FreshName(within time.Duration) string { return "fresh(" + within.String() + ")" }

// maxClockSkew is what OWASP's cheat sheet on JWT bears (SEC-95).
const maxClockSkew = time.Minute

func InFuture(at, now time.Time) bool { return at.Sub(now) > maxClockSkew }
