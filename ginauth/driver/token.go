package driver

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"log/slog"
)

// tokenBytes is twice what OWASP ASVS 7.2.3 asks for (128 bits).
const tokenBytes = 32

// tokenLength is tokenBytes in unpadded base64url.
const tokenLength = 43

// Token is a session credential: 32 bytes of crypto/rand. Only the browser's cookie contains it. It
// does not print, and stores get only its Digest.
type Token struct{ raw *[tokenBytes]byte } // a pointer, since fmt prints the arrays of unexported fields

// Digest is the SHA-256 of a Token. A store keeps it instead of the Token.
type Digest [sha256.Size]byte

// NewToken returns a new random token.
func NewToken() (t Token) {
	t.raw = new([tokenBytes]byte)
	_, _ = rand.Read(t.raw[:]) // never fails: crypto/rand ends the process instead
	return t
}

// ParseToken reads what Reveal returned, and nothing else: 43 characters without padding,
// foreign alphabets, line breaks or stray trailing bits.
func ParseToken(s string) (t Token, ok bool) {
	raw, ok := decodeToken(s)
	if !ok {
		return t, false
	}
	return Token{&raw}, true
}

// ParseDigest returns the digest of the token that ParseToken would read, without keeping the
// token.
func ParseDigest(s string) (d Digest, ok bool) {
	raw, ok := decodeToken(s)
	if !ok {
		return d, false
	}
	return sha256.Sum256(raw[:]), true
}

func decodeToken(s string) (raw [tokenBytes]byte, ok bool) {
	if len(s) != tokenLength {
		return raw, false
	}
	for i := range len(s) {
		if s[i] == '\r' || s[i] == '\n' { // skipped by encoding/base64 even in strict mode
			return raw, false
		}
	}
	n, err := base64.RawURLEncoding.Strict().Decode(raw[:], []byte(s))
	return raw, err == nil && n == tokenBytes
}

// Reveal returns the token for its cookie: 43 characters of base64url. Nothing else may see it.
func (t Token) Reveal() string { return base64.RawURLEncoding.EncodeToString(t.raw[:]) }

// Digest returns the token's SHA-256.
func (t Token) Digest() Digest { return sha256.Sum256(t.raw[:]) }

// Format hides the token from every verb of fmt.
func (Token) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte("[token]")) }

// LogValue hides the token.
func (Token) LogValue() slog.Value { return slog.StringValue("[token]") }

// MarshalText hides the token.
func (Token) MarshalText() ([]byte, error) { return []byte("[token]"), nil }

// LogValue is String: the whole digest must not be in a log.
func (d Digest) LogValue() slog.Value { return slog.StringValue(d.String()) }

// String returns the first eight hex digits, enough to tell sessions apart in a log.
func (d Digest) String() string { return hex.EncodeToString(d[:4]) }
