package ginauth

import (
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/engine"
)

// Backend is one way to authenticate a request: a session, a bearer token, an API key, or
// whatever the app thinks of. It must be safe for concurrent use.
type Backend[U any] interface {
	// Authenticate returns who sent the request. ErrNoCredentials, wrapped or not, means that the
	// request has none of this kind, and the next backend is asked. Any other error is final:
	// ErrBadCredentials for credentials that are not good, ErrUnavailable when nobody can tell.
	Authenticate(c *gin.Context) (Principal[U], error)
	// Scheme describes the credentials, for the challenge of a 401 and for OpenAPI. It must
	// always return the same.
	Scheme() Scheme
}

// Principal is who sent a request, and by what that is known.
type Principal[U any] struct {
	User U
	// Credential is what the request was authenticated by, such as a token's claims; see
	// Auth.Credential. It must not be the secret itself. Nil: nothing worth knowing.
	Credential any
	// Scopes are what the credential may be used for: only routes that Scope or AnyScope guards take it, and nothing
	// changes an account by it. Nil is everything that the user may do; empty is what AnyScope guards.
	Scopes []string
	// AuthenticatedAt is when the user last proved who they are. Zero is "not known", which is
	// never Fresh, and so is a time more than a minute ahead of ours.
	AuthenticatedAt time.Time
	// Session is the login that the credential belongs to, by the name that it has in lists of
	// devices, such as a token's "sid". Empty: none.
	Session driver.SessionID
}

// Scheme describes the credentials of a Backend in the terms of OpenAPI's security schemes.
type Scheme struct {
	// Name is the scheme's in components.securitySchemes, such as "BearerToken".
	Name string
	// Description is a sentence for people.
	Description string
	// Type is "apiKey", "http" or "oauth2".
	Type string
	// In is "header" or "cookie", and Parameter the name there, for the type apiKey.
	In, Parameter string
	// HTTP is the authentication scheme of the type http (RFC 9110, 11.1), such as "bearer", and
	// BearerFormat a hint, such as "JWT".
	HTTP, BearerFormat string
	// TokenURL and RefreshURL are those of the password flow of the type oauth2, and
	// Scopes what its tokens may be asked for, with a description each.
	TokenURL, RefreshURL string
	Scopes               map[string]string
	// Prefix is what the credentials begin with, where the backend leaves all others to the next one. CheckRoutes
	// tells by it which backend shadows which. Default: none, it takes whatever stands there.
	Prefix string
	// SentOnPurpose declares that a client's own code adds the credential to each request. What may come along without
	// that can be abused by other sites: cookies, what browsers remember of a log-in dialog (Basic, Digest,
	// Negotiate), client certificates, headers that a proxy adds. So unsafe requests from other origins are refused
	// where a backend neither reads bearer tokens nor declares this. Default: false.
	SentOnPurpose bool
	// Scoped declares that the credentials always have scopes, as API keys have: a Principal without any has none. Routes that
	// neither Scope nor AnyScope guards refuse them, and are described without this scheme.
	Scoped bool
}

// ErrNoCredentials is what a Backend answers to a request without credentials of its kind.
var ErrNoCredentials = engine.ErrNoCredentials
