package engine

import (
	"context"
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/problempage"
	"github.com/ginauth/ginauth/ginauth/internal/route"
	"github.com/ginauth/ginauth/ginauth/problem"
)

// bar keeps a request that another backend authenticated away from the session of its cookie, so
// that the session is neither read nor written. The request may use the session only if both belong
// to the same user and the credential is good for everything. Otherwise attackers could use their
// own API key to do with a stolen session what only its user may do. The argument why is the reason
// if it is already known, as with RetrieveUser. The caller holds mu.
func (st *State) bar(why error) {
	if !st.byOther() {
		return
	}
	if why == nil && !st.Mount.Retrieves && st.known && st.recordErr == nil && st.record.UserID != "" && !st.proof.speaksFor(st.record.UserID) {
		why = ErrSessionRequired
	}
	if why != nil {
		st.barred = why
		st.values.Read(nil)
	}
}

// speaksFor says whether the credential is good for everything that this user may do.
func (p Proof) speaksFor(user driver.UserID) bool { return p.Scopes == nil && p.Account.ID == user }

// limits checks what a proof does not allow on this route. An error err refuses the request; barred
// says why the request may not use the session of its cookie.
func (st *State) limits(c *gin.Context, p Proof) (barred, err error) {
	if err := st.checkScopes(c, p); err != nil {
		return nil, err
	}
	if st.Mount.Retrieves && p.Via != SessionScheme {
		barred = st.Mount.barsRetrieved(c, st, p)
	}
	return barred, nil
}

// barsRetrieved says why a request that another backend authenticated may not use its session, when
// only RetrieveUser knows the session's user. A session without a user ends, as usual.
func (m *Mount) barsRetrieved(c *gin.Context, st *State, p Proof) error {
	if !st.hasToken {
		return nil
	}
	owner, err := m.FindUser(c, st)
	switch {
	case errors.Is(err, ErrUnauthenticated):
		return nil
	case err != nil:
		return err
	case !p.speaksFor(owner.Account.ID):
		return ErrSessionRequired
	}
	return nil
}

// OwnSession returns ErrSessionRequired for a request that a token or key authenticated, unless the
// request also has a session of the same user that it may use.
func (st *State) OwnSession(c *gin.Context) error {
	if len(st.Mount.Providers) > 1 { // on an open route nothing has asked the backends yet
		_, err := st.CurrentUser(c)
		if err != nil && !errors.Is(err, ErrUnauthenticated) && !errors.Is(err, ErrBadCredentials) {
			return err
		}
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	if !st.byOther() {
		return nil
	}
	err := st.load(c.Request.Context())
	anonymous := st.record.UserID == "" && !st.Mount.Retrieves
	if errors.Is(err, driver.ErrNoSession) || err == nil && (anonymous || st.proof.Scopes != nil) {
		return ErrSessionRequired
	}
	return err
}

// byOther says whether a backend other than the session authenticated the request. The caller holds
// mu.
func (st *State) byOther() bool {
	return st.found && st.proof.Via != "" && st.proof.Via != SessionScheme
}

// mayEnd returns an error if the request may not end the session of its cookie. The caller holds
// mu.
func (st *State) mayEnd(ctx context.Context) error {
	if !st.hasToken || !st.byOther() {
		return st.barred
	}
	if err := st.load(ctx); err != nil && !errors.Is(err, driver.ErrNoSession) {
		return err
	}
	return nil
}

// By returns the public name of the login that authenticated the request, as in the log. It is
// empty for a credential without a login, such as an API key.
func (st *State) By(c *gin.Context) string {
	cause, _ := driver.CauseOf(AuditContext(c))
	return cause.Session
}

// CodeInsufficientScope is the code of a 403 for a credential that lacks a scope (RFC 6750, 3.1).
const CodeInsufficientScope = "insufficient_scope"

// errNoScopeNamed: the credential has scopes, and the route does not say which scopes it takes.
var errNoScopeNamed error = func() *problem.Details {
	p := problempage.New(http.StatusForbidden, CodeInsufficientScope, "This route accepts no credentials with scopes: its app has guarded it with neither ginauth.Scope nor ginauth.AnyScope.")
	p.Challenge = `Bearer ` + route.Realm + `, error="insufficient_scope"`
	return p
}()

// takesScopes says whether the request's route accepts credentials with scopes. A request without a
// route counts as accepted, and gets its 404 or 405.
func (m *Mount) takesScopes(c *gin.Context, position int) bool {
	if !m.AsksBackends {
		return true // sessions have no scopes
	}
	behind := route.Behind(c, position)
	return behind.TakesScopes() || c.FullPath() == "" && behind.Empty()
}

// checkScopes refuses credentials with scopes on routes that do not name any (SEC-179).
func (st *State) checkScopes(c *gin.Context, p Proof) error {
	if p.Scopes == nil || st.takesScopes {
		return nil
	}
	st.Mount.Event(c, driver.AccessDenied, "user_id", p.Account.ID, "via", p.Via, "reason", errNoScopeNamed.Error())
	return errNoScopeNamed
}
