package jwt

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	gojwt "github.com/golang-jwt/jwt/v5"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/genuine"
	"github.com/ginauth/ginauth/ginauth/internal/pairing"
)

const (
	// maxToken is the maximum length of a token, in bytes (SEC-101).
	maxToken = 8 << 10
	// accessToken is the type of an access token (RFC 9068, 2.1).
	accessToken = "at+jwt"
	// defaultLeeway is for clocks that differ; maxLeeway is the limit of OWASP's cheat sheet
	// (SEC-95).
	defaultLeeway, maxLeeway = 30 * time.Second, time.Minute
)

// Trust is an issuer whose tokens are accepted, with its keys. Its keys are trusted for this issuer
// only.
type Trust struct {
	// Issuer is compared with "iss", byte by byte.
	Issuer string
	Keys   KeySource
	// KeyID is the id of the one key of Keys that signs tokens without "kid". Default: they are
	// refused.
	KeyID string
	// SkipIssuer and SkipAudience also accept tokens of that one key without "iss" or "aud", for an
	// issuer that sends none. Then every token that is signed by the key is accepted, whichever
	// service it was made for, so the key must be for this service alone. The claims that a token
	// has must still be right. One issuer may have SkipIssuer. Default: false.
	SkipIssuer, SkipAudience bool
	// AnyRealm accepts the issuer's tokens in every realm, whatever their claim "realm" says, for
	// an issuer that knows nothing of the app's tenants. The function that finds a token's user then
	// has to see whether the user belongs to driver.Realm of its context. Default: false, a token is
	// valid in the realm that it names.
	AnyRealm bool
}

// Accept says which tokens are accepted. Every token must have "iss", "sub", "aud" and "exp"; see
// Trust for issuers that send less.
type Accept struct {
	// Issuers are the issuers whose tokens are accepted. Required.
	Issuers []Trust
	// Audiences are the names of this service; "aud" must have one of them. Required, unless every
	// issuer has SkipAudience.
	Audiences []string
	// Type is the header's "typ". It keeps tokens for other purposes out. "JWT" also accepts tokens
	// without it (RFC 7519, 5.1). Default: "at+jwt" (RFC 9068).
	Type string
	// RequiredClaims are claims that a token must have besides those that are always required.
	// Default: "iat" and "jti". An empty list that is not nil means none.
	RequiredClaims []string
	// Leeway is how much the issuer's clock may differ, up to a minute; negative means none.
	// Default: 30 s.
	Leeway time.Duration
	// Now is the clock. Default: time.Now.
	Now func() time.Time
}

// Verifier verifies tokens. It is safe for concurrent use.
type Verifier struct {
	issuers    map[string]*issuerTrust
	only       *issuerTrust // the issuer, if there is only one
	nameless   *issuerTrust // the issuer whose tokens may lack "iss"
	kind       string
	required   []string
	lastHeader atomic.Pointer[parsedHeader]
}

type issuerTrust struct {
	Trust
	validator *gojwt.Validator // nil without Audiences
	// addressless validates tokens without "aud".
	addressless *gojwt.Validator
}

// parsedHeader keeps the last parsed header: all tokens of one key have the same.
type parsedHeader struct {
	text string
	header
}

func (a Accept) withDefaults() Accept {
	a.Type = cmp.Or(a.Type, accessToken)
	if a.RequiredClaims == nil {
		a.RequiredClaims = []string{"iat", "jti"}
	}
	a.Leeway = cmp.Or(a.Leeway, defaultLeeway)
	if a.Now == nil {
		a.Now = time.Now //nolint:forbidigo // the default of the option
	}
	return a
}

func (a Accept) validate() error {
	var faults []error
	fault := func(wrong bool, format string, args ...any) {
		if wrong {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	fault(len(a.Issuers) == 0, "set Accept.Issuers: the issuers whose tokens are good, each with its keys")
	seen := map[string]bool{}
	for _, t := range a.Issuers {
		fault(t.Issuer == "", "an issuer in Accept.Issuers has no name: set Trust.Issuer")
		ring, isRing := t.Keys.(*Ring)
		unmade := pairing.Made("Trust.Keys", t.Keys)
		isRing = isRing && unmade == nil
		fault(unmade != nil, "the issuer %q has no keys: %v", t.Issuer, unmade)
		fault(t.Keys == nil, "the issuer %q has no keys: set Trust.Keys, and check the error of NewRing", t.Issuer)
		fault(seen[t.Issuer], "the issuer %q is listed twice: put its keys into one ring", t.Issuer)
		seen[t.Issuer] = true
		fault((t.SkipIssuer || t.SkipAudience) && t.KeyID == "", "the issuer %q has SkipIssuer or SkipAudience: set Trust.KeyID to the one key whose tokens may lack the claim", t.Issuer)
		fault(isRing && t.KeyID != "" && !ring.has(t.KeyID), "the issuer %q has no key of the id that Trust.KeyID names", t.Issuer)
	}
	skips := func(t Trust) bool { return t.SkipIssuer }
	first := slices.IndexFunc(a.Issuers, skips)
	fault(first >= 0 && slices.ContainsFunc(a.Issuers[first+1:], skips), "two issuers have SkipIssuer: set it for one of them only, so that the issuer of a token is clear")
	addressed := len(a.Issuers) == 0 || slices.ContainsFunc(a.Issuers, func(t Trust) bool { return !t.SkipAudience })
	fault(addressed && len(a.Audiences) == 0 || slices.Contains(a.Audiences, ""), "set Accept.Audiences: the names of this service, so that tokens for others are refused")
	fault(a.Leeway > maxLeeway, "Accept.Leeway may be at most %s, not %s: mend the clocks instead", maxLeeway, a.Leeway)
	fault(slices.Contains(a.RequiredClaims, ""), "a name in Accept.RequiredClaims is empty")
	return errors.Join(faults...)
}

// NewVerifier returns a verifier. Its error says in sentences what is wrong with a.
func NewVerifier(a Accept) (*Verifier, error) {
	a = a.withDefaults()
	if err := a.validate(); err != nil {
		return nil, err
	}
	v := &Verifier{issuers: map[string]*issuerTrust{}, kind: strings.TrimPrefix(strings.ToLower(a.Type), "application/"), required: slices.Clone(a.RequiredClaims)}
	for _, t := range a.Issuers {
		times := []gojwt.ParserOption{
			gojwt.WithIssuer(t.Issuer), gojwt.WithExpirationRequired(), gojwt.WithIssuedAt(), gojwt.WithLeeway(max(a.Leeway, 0)), gojwt.WithTimeFunc(a.Now),
		}
		v.only = &issuerTrust{Trust: t, addressless: gojwt.NewValidator(times...)}
		if len(a.Audiences) > 0 { // golang-jwt would take an empty list for any audience
			v.only.validator = gojwt.NewValidator(append(times, gojwt.WithAudience(a.Audiences...))...)
		}
		v.issuers[t.Issuer] = v.only
		if t.SkipIssuer {
			v.nameless = v.only
		}
	}
	if len(v.issuers) > 1 {
		v.only = nil
	}
	return v, nil
}

// bad returns ginauth.ErrBadCredentials with a reason for the log. The reason never has text of the
// token.
func bad(why string) error { return fmt.Errorf("%w: %s", ginauth.ErrBadCredentials, why) }

func badly(why string, err error) error {
	return fmt.Errorf("%w: %s: %w", ginauth.ErrBadCredentials, why, err)
}

// Verify returns the claims of a token if its signature, type, issuer, audience and times are
// right. For any fault of the token, the error wraps ginauth.ErrBadCredentials.
// driver.ErrUnavailable means that the issuer's keys cannot be fetched. Revoked tokens and the user
// are checked later: see Bearer.
func (v *Verifier) Verify(ctx context.Context, token string) (Claims, error) {
	head, payload, signature, err := split(token)
	if err != nil {
		return Claims{}, err
	}
	h, err := v.header(head)
	if err != nil {
		return Claims{}, badly("the token's header", err)
	}
	if !h.isKind(v.kind) {
		return Claims{}, bad("the token is of another type")
	}
	claims, err := decodeClaims(payload)
	if err != nil {
		return Claims{}, badly("the token's claims", err)
	}
	issuer := v.issuerOf(&claims)
	if issuer == nil {
		return Claims{}, bad("the token is of another issuer")
	}
	keyID, err := issuer.checkSignature(ctx, h, token[:len(head)+1+len(payload)], signature)
	if err != nil {
		return Claims{}, err
	}
	if !issuer.AnyRealm && claims.Realm != driver.Realm(ctx) {
		return Claims{}, genuine.Refuse(bad("the token is of another realm"))
	}
	if err := issuer.validate(&claims, keyID); err != nil {
		return Claims{}, genuine.Refuse(badly("the token's claims", err))
	}
	return claims, genuine.Refuse(v.checkRequired(&claims))
}

// issuerOf returns the trusted issuer of a token, or nil.
func (v *Verifier) issuerOf(c *Claims) *issuerTrust {
	switch {
	case v.only != nil:
		return v.only
	case v.nameless != nil && !c.has("iss"):
		return v.nameless
	}
	return v.issuers[c.Issuer]
}

var errForOthers = errors.New("they name an audience, but Accept.Audiences is empty")

// validate checks the claims, after the signature by the key was verified. Only tokens of the
// issuer's KeyID may lack claims that the issuer may leave out.
func (t *issuerTrust) validate(c *Claims, keyID string) error {
	validator := t.validator
	if isBare := t.KeyID != "" && keyID == t.KeyID; isBare {
		if t.SkipIssuer && !c.has("iss") {
			c.Issuer = t.Issuer
		}
		if t.SkipAudience && !c.has("aud") {
			validator = t.addressless
		}
	}
	if validator == nil {
		return errForOthers
	}
	return validator.Validate(registered{c})
}

// split splits a token into its three parts of base64url and accepts nothing else: encoding/base64
// would skip line breaks (SEC-98).
func split(token string) (head, payload, signature string, err error) {
	if len(token) > maxToken {
		return "", "", "", bad("the token is too long")
	}
	var dots [2]int
	found := 0
	for i := range len(token) {
		switch c := token[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_':
		case c == '.' && found < len(dots):
			dots[found] = i
			found++
		default:
			return "", "", "", bad("the token is malformed")
		}
	}
	if found < len(dots) || dots[0] == 0 || dots[1] == dots[0]+1 || dots[1] == len(token)-1 {
		return "", "", "", bad("the token is malformed")
	}
	return token[:dots[0]], token[dots[0]+1 : dots[1]], token[dots[1]+1:], nil
}

// encoding refuses stray bits after the last byte, which would allow several spellings of one token
// (SEC-98).
var encoding = base64.RawURLEncoding.Strict()

func (v *Verifier) header(text string) (header, error) {
	if last := v.lastHeader.Load(); last != nil && last.text == text {
		return last.header, nil
	}
	data, err := encoding.DecodeString(text)
	if err != nil {
		return header{}, errNotObject
	}
	h, err := parseHeader(data)
	if err != nil {
		return header{}, err
	}
	v.lastHeader.Store(&parsedHeader{strings.Clone(text), h})
	return h, nil
}

func decodeClaims(text string) (Claims, error) {
	data, err := encoding.DecodeString(text)
	if err != nil {
		return Claims{}, errNotObject
	}
	return parseClaims(data)
}

// checkSignature uses the key's algorithm; the header must have the same (SEC-92). It returns the
// key's id.
func (t *issuerTrust) checkSignature(ctx context.Context, h header, signed, signature string) (string, error) {
	id := h.keyID
	if !h.namesKey {
		id = t.KeyID
	}
	if id == "" {
		return "", bad("the token names no key")
	}
	k, err := t.Keys.FindKey(ctx, id)
	switch {
	case errors.Is(err, ErrNoKey) || err == nil && k.material == nil:
		return "", bad("the token names no key of its issuer")
	case err != nil:
		return "", fmt.Errorf("finding a token's key: %w", err)
	case h.algorithm != string(k.algorithm):
		return "", bad("the token's algorithm is not that of its key")
	}
	raw, err := encoding.DecodeString(signature)
	if err != nil || k.method.Verify(signed, raw, k.public) != nil {
		return "", bad("the token's signature is wrong")
	}
	return id, nil
}

func (v *Verifier) checkRequired(c *Claims) error {
	if c.Subject == "" {
		return bad("the token has no sub")
	}
	for _, claim := range v.required {
		if claim == "jti" && c.ID != "" || claim == "sid" && c.Session != "" || claim == "iat" && !c.IssuedAt.IsZero() {
			continue
		}
		if claim == "jti" || claim == "sid" || !c.has(claim) {
			return bad("the token lacks a required claim")
		}
	}
	return nil
}
