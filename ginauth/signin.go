package ginauth

import (
	"errors"
	"fmt"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/engine"
)

// SignInOption changes what SignIn does.
type SignInOption func(*driver.NewSession)

// Remember returns the option that makes a session outlive the browser, with the lifetimes
// Options.RememberIdleTimeout and Options.RememberLifetime.
func Remember() SignInOption { return func(n *driver.NewSession) { n.Persistent = true } }

// Proved returns the option that says how the user has proved who they are, such as
// driver.ByProvider. The session keeps it, see Auth.Methods. Without it that is not known.
func Proved(methods ...driver.Method) SignInOption {
	return func(n *driver.NewSession) {
		n.Methods = driver.MethodsOf(methods...)
		n.SecondFactor = n.Methods.TwoFactors()
	}
}

// SignIn logs in a user after the app has authenticated them in its own way. The session gets a new
// token, and the old one is invalid from then on (OWASP ASVS 7.2.4). Of the old session's values,
// only those set in this request are kept. It returns ErrInvalidCredentials if the user is disabled
// or gone, ErrUnavailable if the store cannot be asked, and ErrNotMounted on a route that Session
// does not cover (see flow.CanSignIn) or if Users has the user but Sessions does not. Call it
// before the answer begins.
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
	if err := n.Methods.Check(); err != nil {
		return fmt.Errorf("signing in: %w", err)
	}
	return st.SignIn(c, &u, account, n)
}

// SignOut ends the session: the session is deleted at once, and the answer clears its cookie.
// Without a session it does nothing. For a request that a token or key authenticated it returns
// session_required, unless the credential has no scopes and the request also has a session of the
// same user. If it returns ErrUnavailable, the session may still be alive. Call it before the
// answer begins.
func SignOut(c *gin.Context) error {
	st, err := engine.Changing(c)
	if err != nil {
		return err
	}
	return st.SignOut(c)
}

// Renew gives the session a new token and keeps everything else. The old token is invalid at once,
// apart from Options.RotationGrace. Call it when the user's rights change. Without a session of the
// current user it does nothing. It returns ErrUnauthenticated if the session has just ended.
func Renew(c *gin.Context) error {
	st, err := engine.Changing(c)
	if err != nil {
		return err
	}
	return st.Rotate(c, driver.SessionChange{})
}
