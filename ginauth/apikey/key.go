package apikey

import (
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"hash/crc32"
	"log/slog"

	"github.com/ginauth/ginauth/ginauth/driver"
)

const (
	// alphabet has only characters that belong to a word, so that a double click selects a whole
	// key.
	alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	// randomLength is 256 bits: 43 × log2(62) = 256.03, twice what OWASP ASVS 7.2.3 asks for.
	randomLength = 43
	// sumLength holds any CRC-32: 62^6 > 2^32.
	sumLength = 6
	// startLength is how much of the random part lists show: 24 of 256 bits.
	startLength = 4
)

// Key is an API key: the prefix, 43 random characters and a checksum. Only its maker sees it: it
// does not print, and stores get its Digest. The zero Key is not a key.
type Key struct{ text *string } // a pointer, since fmt prints the strings of unexported fields

// NewKey returns a new random key. The prefix must be one that Options.Prefix allows.
func NewKey(prefix string) (Key, error) {
	if err := checkPrefix(prefix); err != nil {
		return Key{}, err
	}
	text := make([]byte, 0, keyLength(prefix))
	text = append(text, prefix...)
	text = appendRandom(text, randomLength)
	return newKey(string(appendSum(text))), nil
}

func newKey(text string) Key { return Key{&text} }

func keyLength(prefix string) int { return len(prefix) + randomLength + sumLength }

// appendRandom draws characters evenly: of the 64 values of six bits it drops two (SEC-49).
func appendRandom(text []byte, n int) []byte {
	var raw [randomLength]byte
	for n > 0 {
		_, _ = rand.Read(raw[:]) // never fails: crypto/rand ends the process instead
		for _, b := range raw[:min(n, len(raw))] {
			if i := int(b & 63); i < len(alphabet) {
				text = append(text, alphabet[i])
				n--
			}
		}
	}
	return text
}

// appendSum appends the CRC-32 (IEEE) of the text before it, with leading zeros.
func appendSum(text []byte) []byte {
	sum := crc32.ChecksumIEEE(text)
	var digits [sumLength]byte
	for i := sumLength - 1; i >= 0; i-- {
		digits[i] = alphabet[sum%uint32(len(alphabet))]
		sum /= uint32(len(alphabet))
	}
	return append(text, digits[:]...)
}

// Reveal returns the key for its user, to be shown once. Nothing else may see it.
func (k Key) Reveal() string {
	if k.text == nil {
		return ""
	}
	return *k.text
}

// Digest returns the key's SHA-256. It needs neither a salt nor a slow hash, because nobody can
// guess 256 bits.
func (k Key) Digest() driver.Digest {
	if k.text == nil {
		return driver.Digest{}
	}
	return sha256.Sum256([]byte(*k.text))
}

// Start returns the prefix and the first four random characters, by which a user can tell keys
// apart in a list.
func (k Key) Start() string {
	if k.text == nil {
		return ""
	}
	return (*k.text)[:len(*k.text)-randomLength-sumLength+startLength]
}

// Format hides the key from every verb of fmt.
func (k Key) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte("[API key]")) }

// LogValue hides the key.
func (Key) LogValue() slog.Value { return slog.StringValue("[API key]") }

// MarshalText hides the key.
func (Key) MarshalText() ([]byte, error) { return []byte("[API key]"), nil }
