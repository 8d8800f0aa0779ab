package ginauth

import (
	"net/http"
	"time"

	"github.com/ginauth/ginauth/ginauth/internal/problempage"
)

// Errors that reach the client as a Problem. Wrap them with %w to add detail for the
// log: the text around them is never sent.
var (
	// ErrUnauthenticated: nobody is logged in.
	ErrUnauthenticated error = problempage.New(http.StatusUnauthorized, codeUnauthenticated, "Log in first.")
	// ErrInvalidCredentials: identifier and password do not belong together. It is the same for
	// an unknown account, a wrong password, a disabled account and one without a password.
	ErrInvalidCredentials error = problempage.New(http.StatusUnauthorized, "invalid_credentials", "E-mail address or password is wrong. If the address is not confirmed yet, ask for a new link by mail first: it confirms the address or sets a new password.")
	// ErrBadCredentials: a token, key or the like that came with the request is not good (any more).
	ErrBadCredentials error = problempage.New(http.StatusUnauthorized, "bad_credentials", "The credentials that came with this request are not valid.")
	// ErrCrossOrigin: a browser sent an unsafe request on behalf of another site.
	ErrCrossOrigin error = problempage.New(http.StatusForbidden, "cross_origin", "This request came from another site and was refused.")
	// ErrInsecureHost: Cookie.InsecureLocalhost is on and the request is not for a loopback host.
	ErrInsecureHost error = problempage.New(http.StatusMisdirectedRequest, "insecure_host", "This server is set up for development and answers on localhost only.")
	// ErrBusy: the password would have waited, or has waited, for too long to be hashed; see password.Options.MaxWait.
	ErrBusy error = errBusy
	// ErrTooManyAttempts: there were too many of this kind lately. The answer says after how long there may be another.
	ErrTooManyAttempts error = errTooManyAttempts
	// ErrReauthenticationRequired: the guard Fresh wants a more recent proof of who the user is.
	ErrReauthenticationRequired error = problempage.New(http.StatusForbidden, "reauthentication_required", "Confirm your password first.")
	// ErrForbidden: a guard did not let the user pass.
	ErrForbidden error = problempage.New(http.StatusForbidden, "forbidden", "You may not do this.")
	// ErrNotVerified: the guard Verified wants an e-mail address that was proved to be the user's.
	ErrNotVerified error = problempage.New(http.StatusForbidden, "not_verified", "Verify your e-mail address first.")
	// ErrNotMounted: a handler or CurrentUser runs on a route that Session does not cover.
	ErrNotMounted error = problempage.New(http.StatusInternalServerError, "not_mounted", "The server is not set up correctly.")
)

// What the client sees of a store's errors.
var (
	errUnavailable     = waiting(problempage.New(http.StatusServiceUnavailable, "unavailable", "The service is not available right now. Try again."), 2*time.Second)
	errIdentifierTaken = problempage.New(http.StatusConflict, "email_taken", "An account with this e-mail address exists already.")
	errSessionTooLarge = problempage.New(http.StatusRequestEntityTooLarge, "session_too_large", "Too much was stored in this session.")
)

// What tells how long to wait.
var (
	errBusy            = waiting(problempage.New(http.StatusServiceUnavailable, "busy", "Too many people are logging in right now. Try again."), 2*time.Second)
	errTooManyAttempts = problempage.New(http.StatusTooManyRequests, "too_many_attempts", "There were too many attempts. Wait a while, then try again.")
)

const codeUnauthenticated = "unauthenticated"

// errAbsoluteForm: the request line names a host (RFC 9112, 3.2.2).
var errAbsoluteForm error = problempage.New(http.StatusBadRequest, "absolute_form", "The request line must begin with a path, not with a host.")

// What can be wrong with a request body.
var (
	errMalformedBody   error = problempage.New(http.StatusBadRequest, "malformed_body", "The request body cannot be read.")
	errBodyTooLarge    error = problempage.New(http.StatusRequestEntityTooLarge, "body_too_large", "The request body is too large.")
	errUnsupportedBody error = problempage.New(http.StatusUnsupportedMediaType, "unsupported_media_type", "Send application/json or application/x-www-form-urlencoded.")
	errInvalid               = problempage.New(http.StatusUnprocessableEntity, "validation_failed", "Some fields are not valid.")
	errSessionNotFound error = problempage.New(http.StatusNotFound, "session_not_found", "You have no such session.")
	errSessionRequired error = problempage.New(http.StatusForbidden, "session_required", "This needs your session. Send its cookie, and no token or key.")
	errPasswordExists  error = problempage.New(http.StatusConflict, "password_exists", "This account has a password. Change it instead.")
	errInternal              = problempage.New(http.StatusInternalServerError, "internal", "Something went wrong on our side.")
)
