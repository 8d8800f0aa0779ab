package ginauth

import (
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/engine"
)

// Backend is one way to authenticate a request, such as a session, a bearer token, an API key, or a
// scheme of the app's own. It must be safe for concurrent use.
type Backend[U any] interface {
	// Authenticate returns the user who sent the request. If the request has no credentials of this
	// kind, it returns ErrNoCredentials, wrapped or not, and the next backend is asked. Any other
	// error is final: ErrBadCredentials when the credentials are not valid, ErrUnavailable when
	// they cannot be checked.
	Authenticate(c *gin.Context) (Principal[U], error)
	// Scheme describes the credentials, for the challenge of a 401 and for OpenAPI. It must always
	// return the same value.
	Scheme() Scheme
}

// Principal is the user who sent a request, and the credential that proves it.
type Principal[U any] struct {
	User U
	// Credential is what authenticated the request, such as a token's claims; see Auth.Credential.
	// It must not be the secret itself. Nil means that there is nothing to report.
	Credential any
	// Scopes limit what the credential may be used for. Only routes with a Scope or AnyScope guard
	// accept a credential with scopes, and it can never change an account. Nil means everything
	// that the user may do. Empty means only routes with an AnyScope guard.
	Scopes []string
	// AuthenticatedAt is when the user last proved who they are. Zero means unknown. An unknown
	// time, or one that is more than a minute ahead of the server's clock, is never Fresh.
	AuthenticatedAt time.Time
	// Methods are how the user proved it then; empty means unknown. SecondFactor says that they
	// include a second factor. See Auth.Methods and Auth.SecondFactorAt.
	Methods      driver.Methods
	SecondFactor bool
	// Session is the public id of the login that the credential belongs to, as lists of logins show
	// it, such as a token's "sid". Empty means that there is none.
	Session driver.SessionID
}

// Scheme describes the credentials of a Backend in the terms of OpenAPI's security schemes.
type Scheme struct {
	// Name is the key in components.securitySchemes, such as "BearerToken".
	Name string
	// Description is a sentence for people.
	Description string
	// Type is "apiKey", "http" or "oauth2".
	Type string
	// In is "header" or "cookie", and Parameter is the header's or cookie's name. Both are for the
	// type apiKey.
	In, Parameter string
	// HTTP is the authentication scheme (RFC 9110, 11.1), such as "bearer", and BearerFormat is a
	// hint, such as "JWT". Both are for the type http.
	HTTP, BearerFormat string
	// TokenURL and RefreshURL are the URLs of the password flow, and Scopes lists the scopes that a
	// client may ask for, each with a description. All are for the type oauth2.
	TokenURL, RefreshURL string
	Scopes               map[string]string
	// Prefix is the text that the credentials begin with, if the backend leaves all others to the
	// next backend. CheckRoutes uses it to find backends that shadow others. Default: none, the
	// backend takes any text.
	Prefix string
	// SentOnPurpose declares that a client's own code adds the credential to each request. Other
	// sites can abuse credentials that are sent automatically: cookies, log-ins that the browser
	// remembers (Basic, Digest, Negotiate), client certificates, and headers that a proxy adds.
	// Unsafe requests from other origins are therefore refused if any backend neither reads bearer
	// tokens nor declares this. Default: false.
	SentOnPurpose bool
	// Scoped declares that the credentials always have scopes, as API keys do: nil Scopes in a
	// Principal are then read as empty. Routes without a Scope or AnyScope guard refuse them, and
	// are documented without this scheme.
	Scoped bool
}

// ErrNoCredentials is what a Backend returns for a request without credentials of its kind.
var ErrNoCredentials = engine.ErrNoCredentials
