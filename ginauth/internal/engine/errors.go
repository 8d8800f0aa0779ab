package engine

import (
	"errors"
	"net/http"
	"time"

	"github.com/ginauth/ginauth/ginauth/internal/problempage"
)

// These refusals are exported by package ginauth.
var (
	ErrUnauthenticated          = problempage.New(http.StatusUnauthorized, codeUnauthenticated, "Log in first.")
	ErrInvalidCredentials       = problempage.New(http.StatusUnauthorized, "invalid_credentials", "E-mail address or password is wrong. If the address is not confirmed yet, ask for a new link by mail first: it confirms the address or sets a new password.")
	ErrBadCredentials           = problempage.New(http.StatusUnauthorized, "bad_credentials", "The credentials that came with this request are not valid.")
	ErrCrossOrigin              = problempage.New(http.StatusForbidden, "cross_origin", "This request came from another site and was refused.")
	ErrInsecureHost             = problempage.New(http.StatusMisdirectedRequest, "insecure_host", "This server is set up for development and answers on localhost only.")
	ErrReauthenticationRequired = problempage.New(http.StatusForbidden, "reauthentication_required", "Confirm your password first.")
	ErrForbidden                = problempage.New(http.StatusForbidden, "forbidden", "You may not do this.")
	ErrPasswordChangeRequired   = problempage.New(http.StatusForbidden, codePasswordChangeRequired, "Change your password first.")
	ErrNotVerified              = problempage.New(http.StatusForbidden, "not_verified", "Verify your e-mail address first.")
	ErrNotMounted               = problempage.New(http.StatusInternalServerError, "not_mounted", "The server is not set up correctly.")
	ErrBusy                     = waiting(problempage.New(http.StatusServiceUnavailable, "busy", "Too many people are logging in right now. Try again."), 2*time.Second)
	ErrTooManyAttempts          = problempage.New(http.StatusTooManyRequests, "too_many_attempts", "There were too many attempts. Wait a while, then try again.")
)

// These refusals are not.
var (
	errUnavailable     = waiting(problempage.New(http.StatusServiceUnavailable, "unavailable", "The service is not available right now. Try again."), 2*time.Second)
	errIdentifierTaken = problempage.New(http.StatusConflict, "email_taken", "An account with this e-mail address exists already.")
	errUsernameTaken   = problempage.New(http.StatusConflict, "username_taken", "Somebody else has this username.")
	errSessionTooLarge = problempage.New(http.StatusRequestEntityTooLarge, "session_too_large", "Too much was stored in this session.")
	errMalformedBody   = problempage.New(http.StatusBadRequest, "malformed_body", "The request body cannot be read.")
	errBodyTooLarge    = problempage.New(http.StatusRequestEntityTooLarge, "body_too_large", "The request body is too large.")
	errUnsupportedBody = problempage.New(http.StatusUnsupportedMediaType, "unsupported_media_type", "Send application/json or application/x-www-form-urlencoded.")
	errInvalid         = problempage.New(http.StatusUnprocessableEntity, "validation_failed", "Some fields are not valid.")
	ErrSessionRequired = problempage.New(http.StatusForbidden, "session_required", "This needs your session. Send its cookie, and no token or key.")
	errInternal        = problempage.New(http.StatusInternalServerError, "internal", "Something went wrong on our side.")
	errUnknownRealm    = problempage.New(http.StatusNotFound, "unknown_realm", "There is nothing at this address.")
	errAbsoluteForm    = problempage.New(http.StatusBadRequest, "absolute_form", "The request line must begin with a path, not with a host.")
)

// Codes for which a browser is sent to a page.
const (
	codeUnauthenticated        = "unauthenticated"
	codePasswordChangeRequired = "password_change_required"
)

// ErrNoCredentials is not a problem: the next backend is asked.
var ErrNoCredentials = errors.New("no credentials")
