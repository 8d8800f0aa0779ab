package password

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// minForeignSalt is the 48 bits of phpass, the least of the systems that are read here.
const minForeignSalt = 6

// What is wrong with a stored text.
var (
	errUnread  = fmt.Errorf("%w: no reader knows its format", ErrMalformedHash)
	errDamaged = fmt.Errorf("%w: it is damaged", ErrMalformedHash)
	errCostly  = fmt.Errorf("%w: its cost is out of bounds", ErrMalformedHash)
)

// Reader reads the stored hashes of another system: see Django, Passlib, ASPNETIdentity, PHPass,
// Firebase, BcryptOf and Custom. Give it to New in Options.Readers, which refuses the zero Reader.
// A Reader bounds the cost of a hash before any work is done: 256 MiB of memory, and two seconds
// of a core.
type Reader struct {
	// read returns errUnread for a text of another system.
	read  func(text string) (scheme, error)
	fault error
}

func (r Reader) validate() error {
	if r.read == nil && r.fault == nil {
		return errors.New("it is the zero Reader; use Django, Passlib or another function that returns one")
	}
	return r.fault
}

// Verifier compares passwords with hashes that this package does not accept, such as salted SHA-256
// of one round. Its methods are called concurrently.
type Verifier interface {
	// Reads reports whether the text is a hash of this kind, and one whose cost is acceptable. It
	// computes nothing.
	Reads(stored string) bool
	// Verify reports whether the password, in its NFC form, belongs to a text that Reads has
	// accepted. It compares in constant time. It also runs, with its result ignored, when a
	// password is wrong for somebody else, so that its time does not tell whose hash it was.
	Verify(stored, plain string) bool
}

// Custom reads what a Verifier of the app compares. Put it last: what it accepts, no later Reader
// gets.
func Custom(v Verifier) Reader {
	if v == nil {
		return Reader{fault: errors.New("Custom has no Verifier; pass one")}
	}
	kind := new(byte)
	return Reader{read: func(text string) (scheme, error) {
		if !v.Reads(text) {
			return nil, errUnread
		}
		return custom{Verifier: v, kind: kind, text: text}, nil
	}}
}

type custom struct {
	Verifier
	kind *byte // tells this Reader's hashes from those of another one
	text string
}

func (c custom) matches(plain string) bool    { return c.Verify(c.text, plain) }
func (c custom) cost() cost                   { return cost{c.kind, 1} }
func (c custom) spend(plain string, _ uint64) { c.Verify(c.text, plain) }

// BcryptOf reads bcrypt strings of passwords that an app hashed first, for bcrypt reads 72 bytes
// alone. The function returns what was given to bcrypt, such as the base64 of a password's SHA-384.
// Every bcrypt string is then taken for one of those, so it cannot be used with a table that has
// plain ones too.
func BcryptOf(prehash func(plain string) string) Reader {
	if prehash == nil {
		return Reader{fault: errors.New("BcryptOf has no function; pass the one that the app hashed with first")}
	}
	return Reader{read: func(text string) (scheme, error) {
		if !strings.HasPrefix(text, "$2") {
			return nil, errUnread
		}
		return prehashed(text, prehash)
	}}
}

func prehashed(text string, prehash func(plain string) string) (scheme, error) {
	b, err := parseBcrypt(text)
	b.prehash = prehash
	return b, err
}

// decoded reads base64 that has one spelling, and whose length is within bounds.
func decoded(encoding *base64.Encoding, s string, least, most int) ([]byte, bool) {
	if strings.ContainsAny(s, "\r\n") { // skipped by encoding/base64 even in strict mode
		return nil, false
	}
	b, err := encoding.Strict().DecodeString(s)
	return b, err == nil && len(b) >= least && len(b) <= most
}
