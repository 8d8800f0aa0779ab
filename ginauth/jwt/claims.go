package jwt

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	gojwt "github.com/golang-jwt/jwt/v5"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// Claims are the claims of a verified token (RFC 7519, RFC 9068). Times are in UTC and whole
// seconds, and zero if the token has none. They contain neither the token nor another secret.
type Claims struct {
	// Issuer is "iss", or the name of the issuer whose Trust.SkipIssuer let a token without one
	// pass. Subject is "sub": the user's id at that issuer.
	Issuer, Subject string
	// Audience is "aud".
	Audience []string
	// ExpiresAt, NotBefore and IssuedAt are "exp", "nbf" and "iat".
	ExpiresAt, NotBefore, IssuedAt time.Time
	// ID is "jti". Issuer and ID name the token, as in lists of revoked tokens. Its text does not,
	// because one token can often be written in several ways.
	ID string
	// Realm is "realm": the tenant in which the token is valid, see ginauth.Options.Realm. Tokens of
	// an app without tenants have none.
	Realm string
	// Session is "sid": the session, or the family of refresh tokens, that the token belongs to.
	Session driver.SessionID
	// Scopes are the words of "scope". If that is missing, they come from "scp", which some issuers
	// send as a text or a list. Nil means that the token has neither, and may do everything that
	// its user may do.
	Scopes []string
	// AuthenticatedAt is "auth_time": when the user last proved who they are.
	AuthenticatedAt time.Time
	// Methods are the words of "amr" but "mfa": how the user proved it then. SecondFactor says that
	// "amr" has "mfa", several factors (RFC 8176). Another issuer may have further methods.
	Methods      driver.Methods
	SecondFactor bool

	payload json.RawMessage
}

// Decode fills into, a pointer to a struct or a map, with all claims of the token by their JSON
// names. It is for claims of your own.
func (c Claims) Decode(into any) error {
	if len(c.payload) == 0 {
		return errors.New("reading claims: these are not of a verified token")
	}
	if err := json.Unmarshal(c.payload, into); err != nil {
		return fmt.Errorf("reading claims: %w", err)
	}
	return nil
}

// Text returns the claim of that name if it is a text, and "" otherwise. It is much faster than
// Decode, for requests whose user is made from the claims.
func (c Claims) Text(name string) string {
	value, _ := c.find(name)
	found, _ := text(value)
	return found
}

// has says whether the token has a claim, null or not.
func (c *Claims) has(claim string) bool {
	_, ok := c.find(claim)
	return ok
}

func (c *Claims) find(claim string) (json.RawMessage, bool) {
	for w := (walk{c.payload, skipBlanks(c.payload, 0) + 1}); w.more(); {
		name, value, err := w.next()
		if err == nil && string(name) == claim {
			return value, true
		}
	}
	return nil, false
}

func parseClaims(data []byte) (c Claims, err error) {
	c.payload = data
	var scp []string
	err = members(data, func(name []byte, value json.RawMessage) (err error) {
		switch string(name) {
		case "iss":
			c.Issuer, err = text(value)
		case "sub":
			c.Subject, err = text(value)
		case "jti":
			c.ID, err = text(value)
		case "realm":
			c.Realm, err = text(value)
		case "sid":
			var s string
			s, err = text(value)
			c.Session = driver.SessionID(s)
		case "aud":
			c.Audience, err = texts(value)
		case "scope":
			var s string
			s, err = text(value)
			c.Scopes = append([]string{}, strings.Fields(s)...)
		case "scp":
			var list []string
			list, err = texts(value)
			scp = append([]string{}, strings.Fields(strings.Join(list, " "))...)
		case "exp":
			c.ExpiresAt, err = seconds(value)
		case "nbf":
			c.NotBefore, err = seconds(value)
		case "iat":
			c.IssuedAt, err = seconds(value)
		case "auth_time":
			c.AuthenticatedAt, err = seconds(value)
		case "amr":
			c.readMethods(value)
		}
		return err
	})
	if c.Scopes == nil {
		c.Scopes = scp
	}
	return c, err
}

// severalFactors is the word of "amr" that says so.
const severalFactors = "mfa"

// readMethods reads "amr". In another form than a list of words it says nothing.
func (c *Claims) readMethods(value json.RawMessage) {
	words, err := texts(value)
	if err != nil {
		return
	}
	var list []driver.Method
	for word := range strings.FieldsSeq(strings.Join(words, " ")) {
		if word == severalFactors {
			c.SecondFactor = true
			continue
		}
		list = append(list, driver.Method(word))
	}
	c.Methods = driver.MethodsOf(list...)
}

// texts reads a string or a list of strings.
func texts(value json.RawMessage) ([]string, error) {
	if one, err := text(value); err == nil {
		return []string{one}, nil
	}
	var parts []json.RawMessage
	if err := json.Unmarshal(value, &parts); err != nil {
		return nil, errNotText
	}
	list := make([]string, len(parts))
	for i, part := range parts {
		s, err := text(part)
		if err != nil {
			return nil, err
		}
		list[i] = s
	}
	return list, nil
}

// maxSeconds is the end of the year 9999, the last that JSON can write as a time.
const maxSeconds = 253402300799

var errNotTime = errors.New("it has a member that should be a time")

// seconds reads a NumericDate; parts of a second are dropped.
func seconds(value json.RawMessage) (time.Time, error) {
	if len(value) == 0 || value[0] < '0' || value[0] > '9' {
		return time.Time{}, errNotTime
	}
	if whole, err := strconv.ParseInt(string(value), 10, 64); err == nil && whole >= 1 && whole <= maxSeconds {
		return time.Unix(whole, 0).UTC(), nil
	}
	number, err := strconv.ParseFloat(string(value), 64)
	if err != nil || number < 1 || number > maxSeconds {
		return time.Time{}, errNotTime
	}
	return time.Unix(int64(math.Floor(number)), 0).UTC(), nil
}

// registered gives claims to golang-jwt's validator.
type registered struct{ *Claims }

func numeric(t time.Time) (*gojwt.NumericDate, error) {
	if t.IsZero() {
		return nil, nil //nolint:nilnil // golang-jwt's way to say "none"
	}
	return &gojwt.NumericDate{Time: t}, nil
}

func (r registered) GetExpirationTime() (*gojwt.NumericDate, error) { return numeric(r.ExpiresAt) }
func (r registered) GetIssuedAt() (*gojwt.NumericDate, error)       { return numeric(r.IssuedAt) }
func (r registered) GetNotBefore() (*gojwt.NumericDate, error)      { return numeric(r.NotBefore) }
func (r registered) GetIssuer() (string, error)                     { return r.Issuer, nil }
func (r registered) GetSubject() (string, error)                    { return r.Subject, nil }
func (r registered) GetAudience() (gojwt.ClaimStrings, error)       { return r.Audience, nil }
