package ginauth

import "github.com/ginauth/ginauth/ginauth/internal/engine"

// Errors that reach the client as a Problem. Wrap them with %w to add detail for the
// log: the text around them is never sent.
var (
	// ErrUnauthenticated: nobody is logged in.
	ErrUnauthenticated error = engine.ErrUnauthenticated
	// ErrInvalidCredentials: identifier and password do not belong together. It is the same for
	// an unknown account, a wrong password, a disabled account and one without a password.
	ErrInvalidCredentials error = engine.ErrInvalidCredentials
	// ErrBadCredentials: a token, key or the like that came with the request is not good (any more).
	ErrBadCredentials error = engine.ErrBadCredentials
	// ErrCrossOrigin: a browser sent an unsafe request on behalf of another site.
	ErrCrossOrigin error = engine.ErrCrossOrigin
	// ErrInsecureHost: Cookie.InsecureLocalhost is on and the request is not for a loopback host.
	ErrInsecureHost error = engine.ErrInsecureHost
	// ErrBusy: the password would have waited, or has waited, for too long to be hashed; see password.Options.MaxWait.
	ErrBusy error = engine.ErrBusy
	// ErrTooManyAttempts: there were too many of this kind lately. The answer says after how long there may be another.
	ErrTooManyAttempts error = engine.ErrTooManyAttempts
	// ErrReauthenticationRequired: the guard Fresh wants a more recent proof of who the user is.
	ErrReauthenticationRequired error = engine.ErrReauthenticationRequired
	// ErrForbidden: a guard did not let the user pass.
	ErrForbidden error = engine.ErrForbidden
	// ErrNotVerified: the guard Verified wants an e-mail address that was proved to be the user's.
	ErrNotVerified error = engine.ErrNotVerified
	// ErrNotMounted: a handler or CurrentUser runs on a route that Session does not cover.
	ErrNotMounted error = engine.ErrNotMounted
)
