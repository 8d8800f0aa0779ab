package engine

import (
	"context"
	"errors"
	"net/http"

	"github.com/ginauth/ginauth/ginauth/internal/problempage"
	"github.com/ginauth/ginauth/ginauth/internal/route"
	"github.com/ginauth/ginauth/ginauth/problem"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// bar keeps a request that was authenticated in another way than by its cookie's session from that session, unless
// both are the same user's and the credential is good for everything, as the session is. Otherwise a key of one's own
// would do to a stolen session what only its user may. Such a session is neither read nor written. The reason is known
// already where RetrieveUser says whose a session is. The caller holds mu.
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

// speaksFor says whether a credential is good for everything that this user may do.
func (p Proof) speaksFor(user driver.UserID) bool { return p.Scopes == nil && p.Account.ID == user }

// limits says what a proof may not do: err, why it does not pass on this route at all, and barred, why it may not use the
// cookie's session.
func (st *State) limits(c *gin.Context, p Proof) (barred, err error) {
	if err := st.checkScopes(c, p); err != nil {
		return nil, err
	}
	if st.Mount.Retrieves && p.Via != SessionScheme {
		barred = st.Mount.barsRetrieved(c, st, p)
	}
	return barred, nil
}

// barsRetrieved is why a request that another backend authenticated may not use its session, whose user
// RetrieveUser alone knows. A session of nobody ends, as ever.
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

// OwnSession returns errSessionRequired for a request that was authenticated in another way than by a session, unless
// it also has one of the same user and may use it.
func (st *State) OwnSession(c *gin.Context) error {
	if len(st.Mount.Providers) > 1 { // on an open route nobody has asked yet
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

// byOther says whether the request was authenticated in another way than by its session. The caller holds mu.
func (st *State) byOther() bool {
	return st.found && st.proof.Via != "" && st.proof.Via != SessionScheme
}

// mayEnd says whether the cookie's session is not kept from the request. The caller holds mu.
func (st *State) mayEnd(ctx context.Context) error {
	if !st.hasToken || !st.byOther() {
		return st.barred
	}
	if err := st.load(ctx); err != nil && !errors.Is(err, driver.ErrNoSession) {
		return err
	}
	return nil
}

// By names the login that the request was authenticated by, as the log does. It is empty for a credential that belongs
// to none, such as an API key.
func (st *State) By(c *gin.Context) string {
	cause, _ := driver.CauseOf(AuditContext(c))
	return cause.Session
}

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
