package jwt

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/pairing"
)

// UserFinder is the part of a driver.Users that a token needs.
type UserFinder[U any] interface {
	// FindUser returns the user, disabled or not, or driver.ErrNoUser.
	FindUser(ctx context.Context, id driver.UserID) (U, error)
}

// BackendOptions configure how tokens become users. Only Accept is required.
type BackendOptions[U any] struct {
	// Accept says which tokens are accepted.
	Accept
	// Users finds the user by "sub". It must also be a driver.SessionChecker, unless Stateless is
	// set. Default: the Users of the Config. It is not needed with Stateless and RetrieveUser.
	Users UserFinder[U]
	// Stateless trusts a token until it expires. Default: false: every request asks Users, in one
	// step, whether the session of the token's "sid" is still alive, so that a logout, a new
	// password and the disabling of the user take effect at once. A token without "sid" is refused
	// then.
	Stateless bool
	// RetrieveUser, when set, makes the user from the claims; with Stateless no request needs the
	// database then. driver.ErrNoUser, a disabled user and a user without an ID are answered 401.
	// It is required with several issuers, which may have the same "sub". Default: Users finds the
	// user by "sub".
	RetrieveUser func(*gin.Context, Claims) (U, error)
	// Revoked, when set, says whether the token itself was revoked, for example by its Issuer and
	// ID. It is called before the user is looked up. Its error is answered 503 or 500. Default:
	// none.
	Revoked func(*gin.Context, Claims) (bool, error)
	// Header is the header that Bearer reads. Default: "Authorization", with the scheme Bearer. Any
	// other header has the token with or without the scheme. Proxies add such headers to the
	// requests of browsers, so unsafe requests from other origins are refused then.
	Header string
	// SchemeName is the name of the backend's Scheme, by which Auth.Via and OpenAPI know it, and
	// SchemeDescription a sentence for people. Two backends side by side need two names. Default:
	// "BearerToken", "TokenCookie" or "OAuth2Password".
	SchemeName, SchemeDescription string
}

// validate returns what is wrong with the options, one sentence for each fault.
func (o BackendOptions[U]) validate() error {
	_, isChecker := o.Users.(driver.SessionChecker[U])
	faults := []error{o.Accept.withDefaults().validate(), pairing.Made("BackendOptions.Users", o.Users)}
	if o.Users == nil && (!o.Stateless || o.RetrieveUser == nil) {
		faults = append(faults, errors.New("set BackendOptions.Users, such as store.New[store.User](pool); only Stateless together with RetrieveUser works without it"))
	}
	if o.Users != nil && !o.Stateless && !isChecker {
		faults = append(faults, errors.New("BackendOptions.Users cannot tell whether a session has ended: use a store that is a driver.SessionChecker, such as store.DB, or set Stateless, and accept that tokens are valid until they expire"))
	}
	if len(o.Issuers) > 1 && o.RetrieveUser == nil {
		faults = append(faults, errors.New("several issuers can use one sub for different people: set BackendOptions.RetrieveUser, and look at Claims.Issuer there"))
	}
	if o.Header != "" && (!isToken(o.Header) || slices.Contains(foreignHeaders, o.header())) {
		faults = append(faults, errors.New("BackendOptions.Header must be the name of a header that clients can give a token, such as X-Access-Token"))
	}
	return errors.Join(faults...)
}

const authorization = "Authorization"

// foreignHeaders have another meaning, and browsers or proxies send them.
var foreignHeaders = []string{"Cookie", "Host", "Origin", "Referer", "Proxy-Authorization"}

// header returns the header's name in canonical form.
func (o BackendOptions[U]) header() string {
	if o.Header == "" {
		return authorization
	}
	return http.CanonicalHeaderKey(o.Header)
}

// name replaces the default words about a backend by the app's.
func (o BackendOptions[U]) name(scheme ginauth.Scheme) ginauth.Scheme {
	if o.SchemeName != "" {
		scheme.Name = o.SchemeName
	}
	if o.SchemeDescription != "" {
		scheme.Description = o.SchemeDescription
	}
	return scheme
}

// finder returns the function that finds the user of valid claims.
func (o BackendOptions[U]) finder() func(*gin.Context, Claims) (U, error) {
	find := o.RetrieveUser
	if find == nil {
		find = func(c *gin.Context, claims Claims) (U, error) {
			return o.Users.FindUser(c.Request.Context(), driver.UserID(claims.Subject))
		}
	}
	if o.Stateless {
		return find
	}
	checker := o.Users.(driver.SessionChecker[U]) //nolint:forcetypeassert,errcheck // validate looked
	return func(c *gin.Context, claims Claims) (U, error) {
		u, err := checker.FindTokenUser(c.Request.Context(), driver.UserID(claims.Subject), claims.Session)
		if err != nil || o.RetrieveUser == nil {
			return u, err
		}
		return o.RetrieveUser(c, claims)
	}
}

// verifier returns a Verifier for the options. Unless Stateless is set, it also requires "sid".
func (o BackendOptions[U]) verifier() (*Verifier, error) {
	a := o.withDefaults()
	if !o.Stateless {
		a.RequiredClaims = append(slices.Clone(a.RequiredClaims), "sid")
	}
	return NewVerifier(a)
}
