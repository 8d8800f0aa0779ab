package jwt

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/scope"
)

const (
	// defaultLifetime is the lifetime of an access token (OWASP, JSON Web Token cheat sheet).
	defaultLifetime = 10 * time.Minute
	// maxLifetime limits how long a stateless token outlives a logout.
	maxLifetime = 24 * time.Hour
)

// IssuerOptions configure the tokens of an Issuer. Keys, Issuer and Audiences are required.
type IssuerOptions struct {
	// Keys has the key that signs.
	Keys *Ring
	// Issuer is "iss", such as the service's own https URL.
	Issuer string
	// Audiences are "aud": the services that a token is for.
	Audiences []string
	// Lifetime is the lifetime of a token, up to 24 h. Default: 10 min.
	Lifetime time.Duration
	// Type is the header's "typ". Default: "at+jwt" (RFC 9068).
	Type string
	// NotBefore puts "nbf", the time of issue, into tokens whose Grant has none. Default: false.
	NotBefore bool
	// Now is the clock. Default: time.Now.
	Now func() time.Time
}

// Issuer makes access tokens. It is safe for concurrent use, and asks no database.
type Issuer struct{ o IssuerOptions }

// NewIssuer returns an issuer. It panics when the options cannot work.
func NewIssuer(o IssuerOptions) *Issuer {
	o.Lifetime = cmp.Or(o.Lifetime, defaultLifetime)
	o.Type = cmp.Or(o.Type, accessToken)
	if o.Now == nil {
		o.Now = time.Now //nolint:forbidigo // the default of the option
	}
	if err := o.validate(); err != nil {
		panic("jwt.NewIssuer: " + err.Error()) //nolint:forbidigo // construction
	}
	o.Audiences = slices.Clone(o.Audiences)
	return &Issuer{o}
}

func (o IssuerOptions) validate() error {
	var faults []error
	fault := func(wrong bool, format string, args ...any) {
		if wrong {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	fault(o.Keys == nil || o.Keys.state.Load() == nil, "set IssuerOptions.Keys to the ring that signs, and check the error of NewRing")
	fault(o.Issuer == "", "set IssuerOptions.Issuer to the name of this service, such as its https URL")
	fault(len(o.Audiences) == 0 || slices.Contains(o.Audiences, ""), "set IssuerOptions.Audiences to the services that the tokens are for")
	fault(o.Lifetime < time.Second || o.Lifetime > maxLifetime, "IssuerOptions.Lifetime must be between 1 s and %s", maxLifetime)
	return errors.Join(faults...)
}

// Grant is what a token says besides its user. Its zero value is a token with the issuer's lifetime
// and audiences, without scopes and without a session.
type Grant struct {
	// Session is "sid": backends that are not Stateless look it up. It is the id of a row of
	// sessions or of a family of refresh tokens.
	Session driver.SessionID
	// Scopes are the words of "scope". Nil leaves the claim out, and the token may do everything
	// that the user may do. An empty list is a token without any scope.
	Scopes []string
	// AuthenticatedAt is "auth_time". Zero leaves it out, and the token is never Fresh then.
	AuthenticatedAt time.Time
	// Methods are "amr": how the user proved it then (RFC 8176). SecondFactor adds "mfa" to them.
	// Without both, the claim is left out.
	Methods      driver.Methods
	SecondFactor bool
	// NotBefore is "nbf": the token is refused until then. It must be before the token's end, which
	// Lifetime counts from now. Zero leaves it out.
	NotBefore time.Time
	// Lifetime and Audiences replace the issuer's, where they are set.
	Lifetime  time.Duration
	Audiences []string
	// ID is "jti". Default: 128 random bits.
	ID string
	// Extra are further claims: a struct or a map that is a JSON object, without the names above.
	// They are signed and not encrypted, so put nothing about a person here.
	Extra any
}

// ErrGrant means that a Grant is invalid, so no token can be made.
var ErrGrant = errors.New("the grant cannot be made a token of")

// Issue returns a new signed token for the user of this account, and its claims. The token is valid
// in the realm of the context alone. Issue checks neither the user nor the session. Anybody who has the token can act as the user, so put it neither into a
// URL nor into a log, nor, in a browser, where scripts can read it.
func (i *Issuer) Issue(ctx context.Context, account ginauth.Account, g Grant) (token string, claims Claims, err error) {
	if err := ctx.Err(); err != nil {
		return "", Claims{}, err
	}
	claims, err = i.claims(driver.Realm(ctx), account, g)
	if err != nil {
		return "", Claims{}, err
	}
	k := i.o.Keys.state.Load().signing
	signed := encodeHeader(k, i.o.Type) + "." + base64.RawURLEncoding.EncodeToString(claims.payload)
	signature, err := k.method.Sign(signed, k.private)
	if err != nil {
		return "", Claims{}, fmt.Errorf("signing a token: %w", err)
	}
	token = signed + "." + base64.RawURLEncoding.EncodeToString(signature)
	if len(token) > maxToken {
		return "", Claims{}, fmt.Errorf("%w: it would have more than %d bytes", ErrGrant, maxToken)
	}
	return token, claims, nil
}

func (i *Issuer) claims(realm string, account driver.Account, g Grant) (Claims, error) {
	lifetime := i.o.Lifetime
	if g.Lifetime != 0 {
		lifetime = g.Lifetime
	}
	switch {
	case !account.Usable():
		return Claims{}, fmt.Errorf("%w: the user has no ID or is disabled", ErrGrant)
	case lifetime < time.Second || lifetime > maxLifetime:
		return Claims{}, fmt.Errorf("%w: its lifetime must be between 1 s and %s", ErrGrant, maxLifetime)
	case slices.ContainsFunc(g.Scopes, func(s string) bool { return !scope.Valid(s) }):
		return Claims{}, fmt.Errorf("%w: a scope is not a word of RFC 6749, 3.3", ErrGrant)
	}
	now := i.o.Now().UTC().Truncate(time.Second)
	c := Claims{
		Issuer: i.o.Issuer, Subject: string(account.ID), Audience: i.o.Audiences, ID: g.ID,
		IssuedAt: now, ExpiresAt: now.Add(lifetime), Realm: realm, Session: g.Session, Scopes: g.Scopes, AuthenticatedAt: g.AuthenticatedAt,
		Methods: g.Methods, SecondFactor: g.SecondFactor,
	}
	if len(g.Audiences) > 0 {
		c.Audience = g.Audiences
	}
	if !g.NotBefore.IsZero() {
		c.NotBefore = g.NotBefore.UTC().Truncate(time.Second)
	}
	if i.o.NotBefore && g.NotBefore.IsZero() {
		c.NotBefore = now
	}
	if !c.NotBefore.Before(c.ExpiresAt) || !c.NotBefore.IsZero() && c.NotBefore.Unix() < 1 {
		return Claims{}, fmt.Errorf("%w: its NotBefore must lie before its end", ErrGrant)
	}
	if c.ID == "" {
		c.ID = rand.Text()
	}
	err := c.encode(g.Extra)
	return c, err
}

// encode makes the payload from the claims and extra claims.
func (c *Claims) encode(extra any) error {
	payload := map[string]any{}
	if extra != nil {
		text, err := json.Marshal(extra)
		if err != nil {
			return fmt.Errorf("%w: its extra claims: %w", ErrGrant, err)
		}
		err = members(text, func(member []byte, value json.RawMessage) error {
			payload[string(member)] = value // unchanged: numbers would lose digits
			return nil
		})
		if err != nil {
			return fmt.Errorf("%w: its extra claims must be a JSON object", ErrGrant)
		}
	}
	own := map[string]any{"iss": c.Issuer, "sub": c.Subject, "aud": c.Audience, "jti": c.ID, "iat": c.IssuedAt.Unix(), "exp": c.ExpiresAt.Unix()}
	if len(c.Audience) == 1 {
		own["aud"] = c.Audience[0]
	}
	if !c.NotBefore.IsZero() {
		own["nbf"] = c.NotBefore.Unix()
	}
	if c.Realm != "" {
		own["realm"] = c.Realm
	}
	if c.Session != "" {
		own["sid"] = c.Session
	}
	if c.Scopes != nil {
		own["scope"] = strings.Join(c.Scopes, " ")
	}
	if !c.AuthenticatedAt.IsZero() {
		own["auth_time"] = c.AuthenticatedAt.Unix()
	}
	amr := c.Methods.List()
	if c.SecondFactor {
		amr = append(amr, severalFactors)
	}
	if len(amr) > 0 {
		own["amr"] = amr
	}
	for name := range payload {
		if slices.Contains(ownClaims, strings.ToLower(name)) {
			return fmt.Errorf("%w: the extra claim %q is one of the issuer's own", ErrGrant, name)
		}
	}
	for name, value := range own {
		payload[name] = value
	}
	var err error
	c.payload, err = json.Marshal(payload)
	return err
}

var ownClaims = []string{"iss", "sub", "aud", "jti", "iat", "exp", "nbf", "realm", "sid", "scope", "auth_time", "amr"}
