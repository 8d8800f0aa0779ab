package refresh

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"log/slog"
	"strings"

	"github.com/ginauth/ginauth/ginauth/driver"
)

const (
	selectorBytes = 16
	// secretBytes is twice what OWASP ASVS 7.2.3 asks for (SEC-100).
	secretBytes = 32
	tokenBytes  = selectorBytes + secretBytes
	// tokenLength is tokenBytes in base64url, which needs no padding for it.
	tokenLength = tokenBytes / 3 * 4

	sealLabel = "ginauth refresh token: seal of the successor"
)

// Token is a refresh token. Only its client may see it: it does not print. The zero Token cannot be
// used.
type Token struct{ raw *[tokenBytes]byte } // a pointer, since fmt prints the arrays of unexported fields

// New returns the first token of a login.
func New() Token {
	t := Token{new([tokenBytes]byte)}
	_, _ = rand.Read(t.raw[:]) // never fails: crypto/rand ends the process instead
	return t
}

// Parse reads the text of Reveal, and refuses any other.
func Parse(s string) (Token, bool) {
	if len(s) != tokenLength || strings.ContainsAny(s, "\r\n") { // encoding/base64 would skip these
		return Token{}, false
	}
	t := Token{new([tokenBytes]byte)}
	n, err := base64.RawURLEncoding.Strict().Decode(t.raw[:], []byte(s))
	return t, err == nil && n == tokenBytes
}

// Reveal returns the token for its client: 64 characters of base64url.
func (t Token) Reveal() string { return base64.RawURLEncoding.EncodeToString(t.raw[:]) }

// Key returns the key by which a store finds the token.
func (t Token) Key() driver.RefreshKey {
	return driver.RefreshKey{Selector: sha256.Sum256(t.raw[:selectorBytes]), Digest: sha256.Sum256(t.raw[:])}
}

// Next returns a new token of the same login, and its seal, which t opens.
func (t Token) Next() (Token, driver.RefreshSeal) {
	next := Token{new([tokenBytes]byte)}
	copy(next.raw[:], t.raw[:selectorBytes])
	_, _ = rand.Read(next.raw[selectorBytes:]) // never fails
	return next, t.seal(next.raw[selectorBytes:])
}

// Open returns the successor that was sealed for t. If the seal is another token's, the result is a
// random token: compare its Key with the store's.
func (t Token) Open(s driver.RefreshSeal) Token {
	next := Token{new([tokenBytes]byte)}
	copy(next.raw[:], t.raw[:selectorBytes])
	opened := t.seal(s[:])
	copy(next.raw[selectorBytes:], opened[:])
	return next
}

// seal combines text with a key that is derived from t and used for one successor only.
func (t Token) seal(text []byte) (s driver.RefreshSeal) {
	mac := hmac.New(sha256.New, t.raw[selectorBytes:])
	mac.Write([]byte(sealLabel))
	subtle.XORBytes(s[:], text, mac.Sum(nil))
	return s
}

// Format hides the token from every verb of fmt.
func (Token) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte("[refresh token]")) }

// LogValue hides the token.
func (Token) LogValue() slog.Value { return slog.StringValue("[refresh token]") }

// MarshalText hides the token.
func (Token) MarshalText() ([]byte, error) { return []byte("[refresh token]"), nil }
