package ginauth

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/route"
)

// freshFor is how recent the proof must be for what cannot be undone (OWASP ASVS 7.5.1).
const freshFor = 10 * time.Minute

// usersAs is the user store as the optional interface that a handler needs.
func usersAs[S any](constructor string, m *mount) S {
	s, ok := m.users.(S)
	if !ok {
		name, _, _ := strings.Cut(reflect.TypeFor[S]().Name(), "[")
		panic(fmt.Sprintf("ginauth.%s needs Options.Users to be a driver.%s, which a %T is not: use store.New, or give your store its methods", constructor, name, m.users)) //nolint:forbidigo // while routes are built
	}
	return s
}

// CurrentOwner returns how the current user is known, for handlers that change the account: only its owner may.
// It asks CurrentAuth and Options.Unverified, and refuses credentials with scopes, such as an API key, which are for
// something else, by ErrForbidden. Unless fresh is zero, the user must have proved who they are within it, as for
// the guard Fresh; otherwise the error is ErrReauthenticationRequired. Further errors are those of CurrentUser.
func CurrentOwner(c *gin.Context, fresh time.Duration) (Auth, error) {
	_, st, err := stateOf(c)
	if err != nil {
		return Auth{}, err
	}
	auth, err := CurrentAuth(c)
	if err != nil {
		return Auth{}, err
	}
	if err := st.checkPolicies(c); err != nil {
		return Auth{}, err
	}
	if auth.Scopes != nil {
		st.m.event(c, driver.AccessDenied, "user_id", auth.Account.ID, "via", auth.Via, "reason", "credentials with scopes")
		return Auth{}, fmt.Errorf("%w: credentials with scopes cannot change an account", ErrForbidden)
	}
	if fresh == 0 {
		return auth, nil
	}
	return auth, Fresh(fresh).pass(c, auth)
}

// owner returns the state of a request by the account's owner, who alone may change the account.
func (m *mount) owner(c *gin.Context, methods ...string) (*state, Auth, error) {
	return m.ownerWithin(c, 0, methods...)
}

// freshOwner is owner for what also needs a recent proof of who the user is.
func (m *mount) freshOwner(c *gin.Context, methods ...string) (*state, Auth, error) {
	return m.ownerWithin(c, freshFor, methods...)
}

func (m *mount) ownerWithin(c *gin.Context, fresh time.Duration, methods ...string) (*state, Auth, error) {
	if err := route.CheckMethod(c, methods...); err != nil {
		return nil, Auth{}, err
	}
	_, st, err := stateOf(c)
	if err != nil {
		return nil, Auth{}, err
	}
	if err := m.fits(st.m); err != nil {
		return nil, Auth{}, err
	}
	auth, err := CurrentOwner(c, fresh)
	return st, auth, err
}

// forget lets go of a session that has ended in another way, and clears its cookie.
func (st *state) forget() {
	st.mu.Lock()
	st.forgetLocked()
	st.mu.Unlock()
	st.setUser(nil, driver.Account{})
}

// done answers a change that has no result: a browser is sent on.
func (m *mount) done(c *gin.Context) {
	if !m.sendOn(c) {
		noContent(c)
	}
}
