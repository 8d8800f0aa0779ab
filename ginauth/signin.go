package ginauth

import (
	"errors"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/engine"
)

// SignInOption changes what SignIn does.
type SignInOption func(*driver.NewSession)

// Remember makes a session that outlives the browser, with the lifetimes
// Options.RememberIdleTimeout and Options.RememberLifetime.
func Remember() SignInOption { return func(n *driver.NewSession) { n.Persistent = true } }

// SignIn logs a user in whom the app has authenticated in its own way. The session gets a new
// token, and the one before is worthless from then on (OWASP ASVS 7.2.4); of its values,
// only those set in this request go along. It returns ErrInvalidCredentials for a user
// who is disabled or gone, ErrUnavailable when the store cannot be asked, and ErrNotMounted on
// a route that Session does not cover, see CanSignIn, and where Sessions does not know a user whom
// Users has. Call it before the answer begins.
func SignIn[U any](c *gin.Context, u U, options ...SignInOption) error {
	st, err := engine.Changing(c)
	if err != nil {
		return err
	}
	account, err := st.Mount.Edge.Account(&u)
	if err != nil {
		return err
	}
	if account.ID == "" {
		return errors.New("signing in: the user has no ID")
	}
	var n driver.NewSession
	for _, option := range options {
		option(&n)
	}
	return st.SignIn(c, &u, account, n)
}

// SignOut ends the session: it is deleted at once, and its cookie with the answer. Without
// a session it does nothing. A request that a token or key authenticated gets the error session_required, unless it also
// has a session of the same user and the credential has no scopes. It returns ErrUnavailable when the store cannot be
// asked, and then the session may still be alive. Call it before the answer begins.
func SignOut(c *gin.Context) error {
	st, err := engine.Changing(c)
	if err != nil {
		return err
	}
	return st.SignOut(c)
}

// Renew gives the session a new token and keeps everything else; the old one is worthless
// at once, but for Options.RotationGrace. Call it when the user's rights change. Without a session of the current user it does nothing. It
// returns ErrUnauthenticated for a session that ended meanwhile.
func Renew(c *gin.Context) error {
	st, err := engine.Changing(c)
	if err != nil {
		return err
	}
	return st.Rotate(c, driver.SessionChange{})
}
