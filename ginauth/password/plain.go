package password

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

const (
	// maxCodePoints bounds the work before hashing. It is also a bound of 1024 bytes,
	// since UTF-8 takes four bytes at most. OWASP ASVS 5.0, 6.2.9 wants at least 64.
	maxCodePoints = 256
	// maxInputBytes leaves room for spellings that NFC shortens, by a factor of three at most.
	maxInputBytes = 3 * utf8.UTFMax * maxCodePoints
)

// normalise is the one place where a typed password becomes the text that is hashed,
// verified and judged: its NFC form, with nothing trimmed, folded or cut. NIST SP 800-63B
// wants a normal form, for the same keys on two systems send different bytes.
func normalise(plain string) (text string, points int, code Code) {
	if len(plain) > maxInputBytes {
		return "", 0, CodeTooLong
	}
	if !utf8.ValidString(plain) || strings.IndexByte(plain, 0) >= 0 {
		return "", 0, CodeInvalid
	}
	text = norm.NFC.String(plain)
	points = utf8.RuneCountInString(text)
	switch {
	case points == 0:
		return "", 0, CodeTooShort
	case points > maxCodePoints:
		return "", 0, CodeTooLong
	}
	return text, points, ""
}
