package password

import (
	"crypto/subtle"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
)

// ErrMalformedHash means that a text is not a stored password that this package checks: its format
// is unknown or damaged, or its cost is out of bounds.
var ErrMalformedHash = errors.New("malformed or unsupported password hash")

var errHashAsValue = errors.New("a password.Hash is no query argument: pass its Reveal() string")

// hidden is all that a Hash says about itself.
const hidden = "[hash]"

// Hash is a stored password: an argon2 PHC string, a bcrypt string, or the text of another system
// that a Reader reads. The zero Hash means "no password" and matches nothing. A Hash does not
// print, log or marshal its text. It cannot be compared with ==: use Equal and IsZero.
type Hash struct {
	_ [0]func() // makes == a compile error
	// A pointer to an interface, since package fmt prints it as an address even where it cannot
	// call Format: in the unexported fields of other structs.
	stored *stored
}

func newHash(s stored) Hash { return Hash{stored: &s} }

// ParseHash reads a stored hash. It reads $argon2id$v=19$... and $argon2i$v=19$... as RFC 9106 and
// the PHC string format define them, and bcrypt's $2a$, $2b$ and $2y$. Their cost is bounded, so
// that a planted row cannot exhaust the process: argon2 at 256 MiB, at 1 GiB of memory times
// passes, and at 255 lanes, which share that memory; bcrypt at cost 15. Any other text of at most
// 512 visible ASCII characters is kept as it is: a Hasher compares it if one of its Options.Readers
// knows it, see Hasher.Check. Everything else, such as the empty text, is ErrMalformedHash.
func ParseHash(s string) (Hash, error) {
	known, err := parseStored(s)
	if err != nil {
		return Hash{}, fmt.Errorf("parsing password hash: %w", ErrMalformedHash)
	}
	return newHash(known), nil
}

// Reveal returns the stored text, for a store to write. Nobody else may see it. It is empty for the
// zero Hash.
func (h Hash) Reveal() string {
	if h.IsZero() {
		return ""
	}
	return (*h.stored).encode()
}

// IsZero reports whether there is no password.
func (h Hash) IsZero() bool { return h.stored == nil }

// Equal reports in constant time whether both are the same stored string.
// It does not tell whether they belong to the same password.
func (h Hash) Equal(other Hash) bool {
	return subtle.ConstantTimeCompare([]byte(h.Reveal()), []byte(other.Reveal())) == 1
}

// String hides the hash.
func (Hash) String() string { return hidden }

// GoString hides the hash.
func (Hash) GoString() string { return hidden }

// Format hides the hash from every verb of package fmt.
func (Hash) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte(hidden)) }

// LogValue hides the hash.
func (Hash) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText hides the hash, in JSON, XML and wherever else text is asked for.
func (Hash) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// Value fails: a driver would otherwise store the text that hides the hash.
func (Hash) Value() (driver.Value, error) { return nil, errHashAsValue }
