package ginauth

import "github.com/ginauth/ginauth/ginauth/internal/engine"

// These errors reach the client as a Problem. Wrap them with %w to add detail for the log; the text
// around them is never sent.
var (
	// ErrUnauthenticated: no user is logged in.
	ErrUnauthenticated error = engine.ErrUnauthenticated
	// ErrInvalidCredentials: identifier and password do not belong together. It is the same for
	// an unknown account, a wrong password, a disabled account and one without a password.
	ErrInvalidCredentials error = engine.ErrInvalidCredentials
	// ErrBadCredentials: a token, key or other credential in the request is not valid, or no
	// longer.
	ErrBadCredentials error = engine.ErrBadCredentials
	// ErrCrossOrigin: a browser sent an unsafe request on behalf of another site.
	ErrCrossOrigin error = engine.ErrCrossOrigin
	// ErrInsecureHost: Cookie.InsecureLocalhost is on and the request is not for a loopback host.
	ErrInsecureHost error = engine.ErrInsecureHost
	// ErrBusy: the queue for hashing passwords is too long; see password.Options.MaxWait.
	ErrBusy error = engine.ErrBusy
	// ErrTooManyAttempts: there were too many attempts lately. The answer says when the next is
	// allowed.
	ErrTooManyAttempts error = engine.ErrTooManyAttempts
	// ErrReauthenticationRequired: the guard Fresh needs a more recent proof of who the user is.
	ErrReauthenticationRequired error = engine.ErrReauthenticationRequired
	// ErrForbidden: a guard did not let the user pass.
	ErrForbidden error = engine.ErrForbidden
	// ErrNotVerified: the guard Verified needs an e-mail address that the user has proved to own.
	ErrNotVerified error = engine.ErrNotVerified
	// ErrNotMounted: a handler or CurrentUser runs on a route that Session does not cover.
	ErrNotMounted error = engine.ErrNotMounted
)
