package jwt

import (
	"errors"
	"fmt"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/genuine"
)

// Bearer returns the backend that reads a token from the header "Authorization: Bearer …" (RFC
// 6750, 2.1), or from BackendOptions.Header. A request without that header, or with another scheme
// in Authorization, has no credentials of its kind. The Principal's Credential is the token's
// Claims. It panics when cfg is nil or the options cannot work.
func Bearer[U any](cfg *ginauth.Config[U], o BackendOptions[U]) ginauth.Backend[U] {
	scheme := ginauth.Scheme{
		Name: "BearerToken", Description: "A JSON web token.",
		Type: "http", HTTP: "bearer", BearerFormat: "JWT",
	}
	if header := o.header(); header != authorization {
		scheme.Type, scheme.HTTP, scheme.BearerFormat, scheme.In, scheme.Parameter = "apiKey", "", "", "header", header
		return newBackend("Bearer", cfg, o, func(c *gin.Context) (string, error) { return headerToken(c, header) }, scheme)
	}
	return newBackend("Bearer", cfg, o, bearerToken, scheme)
}

// PasswordFlow tells people and OpenAPI where the tokens of an OAuth2Password backend come from.
type PasswordFlow struct {
	// TokenURL is the path or URL where Token is mounted. Required.
	TokenURL string
	// RefreshURL is the path or URL where Refresh is mounted. Default: none; Token refreshes too.
	RefreshURL string
	// Scopes are those that a client may ask for, each with a description. Default: none.
	Scopes map[string]string
}

// OAuth2Password is Bearer for tokens of OAuth 2's password flow (RFC 6749, 4.3), which the
// dialog "Authorize" of Swagger UI knows. It panics when cfg is nil, when the options cannot work,
// and without PasswordFlow.TokenURL.
func OAuth2Password[U any](cfg *ginauth.Config[U], o BackendOptions[U], flow PasswordFlow) ginauth.Backend[U] {
	if flow.TokenURL == "" {
		panic("jwt.OAuth2Password: set PasswordFlow.TokenURL to the path where jwt.Token is mounted") //nolint:forbidigo // construction
	}
	refuseHeader("OAuth2Password", o)
	return newBackend("OAuth2Password", cfg, o, bearerToken, ginauth.Scheme{
		Name: "OAuth2Password", Description: "A JSON web token that a user name and a password are exchanged for.",
		Type: "oauth2", HTTP: "bearer", BearerFormat: "JWT",
		TokenURL: flow.TokenURL, RefreshURL: flow.RefreshURL, Scopes: flow.Scopes,
	})
}

// backend finds the user of the token that read returns.
type backend[U any] struct {
	cfg      *ginauth.Config[U]
	verifier *Verifier
	read     func(*gin.Context) (string, error)
	revoked  func(*gin.Context, Claims) (bool, error)
	find     func(*gin.Context, Claims) (U, error)
	scheme   ginauth.Scheme
}

func newBackend[U any](constructor string, cfg *ginauth.Config[U], o BackendOptions[U], read func(*gin.Context) (string, error), scheme ginauth.Scheme) *backend[U] {
	if cfg.Engine() == nil {
		panic("jwt." + constructor + ": the Config is nil or empty: check the error of ginauth.New") //nolint:forbidigo // construction
	}
	if o.Users == nil {
		o.Users = usersOf(cfg)
	}
	if err := o.validate(); err != nil {
		panic(fmt.Sprintf("jwt.%s: %v", constructor, err)) //nolint:forbidigo // construction
	}
	b := &backend[U]{cfg: cfg, read: read, revoked: o.Revoked, find: o.finder(), scheme: o.name(scheme)}
	b.verifier, _ = o.verifier() // validated above
	return b
}

// refuseHeader panics on the option Header, for backends that read tokens from another place.
func refuseHeader[U any](constructor string, o BackendOptions[U]) {
	if o.Header != "" {
		panic("jwt." + constructor + ": BackendOptions.Header is for Bearer alone: leave it empty") //nolint:forbidigo // construction
	}
}

// Scheme describes the backend's credentials.
func (b *backend[U]) Scheme() ginauth.Scheme { return b.scheme }

// Authenticate reads and verifies a token, asks whether it was revoked, and then looks the user up.
func (b *backend[U]) Authenticate(c *gin.Context) (ginauth.Principal[U], error) {
	var none ginauth.Principal[U]
	if c.Request == nil {
		return none, ginauth.ErrNoCredentials
	}
	token, err := b.read(c)
	if err != nil {
		return none, err
	}
	claims, err := b.verifier.Verify(c.Request.Context(), token)
	if err != nil {
		return none, err
	}
	if err := b.checkRevoked(c, claims); err != nil {
		return none, err
	}
	u, err := b.find(c, claims)
	switch {
	case errors.Is(err, driver.ErrNoUser), errors.Is(err, driver.ErrNoSession):
		return none, genuine.Refuse(badly("the token's user or session", err))
	case err != nil:
		return none, fmt.Errorf("finding a token's user: %w", err)
	}
	if !b.cfg.Account(u).Usable() {
		return none, genuine.Refuse(bad("the token's user is disabled or nobody"))
	}
	return ginauth.Principal[U]{
		User: u, Credential: claims, Scopes: claims.Scopes, AuthenticatedAt: claims.AuthenticatedAt, Session: claims.Session,
		Methods: claims.Methods, SecondFactor: claims.SecondFactor,
	}, nil
}

func (b *backend[U]) checkRevoked(c *gin.Context, claims Claims) error {
	if b.revoked == nil {
		return nil
	}
	revoked, err := b.revoked(c, claims)
	if err != nil {
		return fmt.Errorf("asking whether a token was revoked: %w", err)
	}
	if revoked {
		return genuine.Refuse(bad("the token was revoked"))
	}
	return nil
}
