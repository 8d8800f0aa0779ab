package apikey

import (
	"errors"
	"strings"
)

// ParseKey reads the text of Reveal, for keys with this prefix. Length, alphabet and checksum must
// be right. It does not ask the database.
func ParseKey(prefix, s string) (Key, bool) {
	if len(s) != keyLength(prefix) || !strings.HasPrefix(s, prefix) {
		return Key{}, false
	}
	for i := len(prefix); i < len(s); i++ {
		if !isAlphanumeric(s[i]) {
			return Key{}, false
		}
	}
	var canonical [maxPrefix + randomLength + sumLength]byte
	unsummed := s[:len(s)-sumLength]
	if string(appendSum(append(canonical[:0], unsummed...))) != s {
		return Key{}, false
	}
	return newKey(s), true
}

func isAlphanumeric(b byte) bool {
	return '0' <= b && b <= '9' || 'A' <= b && b <= 'Z' || 'a' <= b && b <= 'z'
}

const (
	minPrefix = 3
	maxPrefix = 20
)

// checkPrefix requires a form that scanners can search for and that no JWT or base64 text begins
// with.
func checkPrefix(prefix string) error {
	if len(prefix) < minPrefix || len(prefix) > maxPrefix {
		return errPrefix
	}
	for i := range len(prefix) {
		b := prefix[i]
		lower, digit := 'a' <= b && b <= 'z', '0' <= b && b <= '9'
		if !lower && (i == 0 || !digit && b != '_') {
			return errPrefix
		}
	}
	if prefix[len(prefix)-1] != '_' {
		return errPrefix
	}
	return nil
}

var errPrefix = errors.New(`the prefix must have 3 to 20 lower-case letters, digits and underscores, begin with a letter and end with an underscore, such as "acme_"`)
