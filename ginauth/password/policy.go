package password

import (
	"cmp"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

const (
	// defaultMinLength is NIST SP 800-63B-4's length for a password that is the only factor.
	defaultMinLength = 15
	// floorMinLength is its length beside a second factor, and OWASP ASVS 5.0's in 6.2.1.
	floorMinLength = 8
	// floorMaxLength is what both want to be allowed (ASVS 6.2.9).
	floorMaxLength = 64
	// minWordLength keeps short words such as "ann" from refusing half the dictionary.
	minWordLength = 4
)

// Policy decides whether a new password is good enough. The zero value is the recommended one. It
// requires a length, refuses passwords that are easy to guess, and never requires kinds of
// characters (NIST SP 800-63B, OWASP ASVS 5.0, 6.2.5). It is safe for concurrent use.
type Policy struct {
	// MinLength in code points. Default: 15. At least 8, for accounts with a second factor.
	MinLength int
	// MaxLength in code points. Default: 256, which is also the most. At least 64.
	MaxLength int
	// Words must not occur in a password, in upper or lower case: the names of the service and of
	// its operator. Each has at least 4 code points. Default: none.
	Words []string
}

func (p Policy) withDefaults() Policy {
	p.MinLength = cmp.Or(p.MinLength, defaultMinLength)
	p.MaxLength = cmp.Or(p.MaxLength, maxCodePoints)
	return p
}

// Validate reports the first field that is out of bounds. Call it once, at start.
func (p Policy) Validate() error {
	p = p.withDefaults()
	if p.MaxLength < floorMaxLength || p.MaxLength > maxCodePoints {
		return fmt.Errorf("password.Policy: MaxLength is %d; it must be %d to %d", p.MaxLength, floorMaxLength, maxCodePoints)
	}
	if p.MinLength < floorMinLength || p.MinLength > p.MaxLength {
		return fmt.Errorf("password.Policy: MinLength is %d; it must be %d to MaxLength", p.MinLength, floorMinLength)
	}
	for i, word := range p.Words {
		if utf8.RuneCountInString(fold(word)) < minWordLength {
			return fmt.Errorf("password.Policy: Words[%d] is too short; it must have at least %d characters", i, minWordLength)
		}
	}
	return nil
}

// Check returns nil or a *PolicyError. Personal are texts about the user, such as the e-mail
// address and the name: the password must contain neither the local part of an address nor a word
// of at least 4 code points, in upper or lower case. If a policy does not pass Validate, the
// nearest allowed lengths are used.
func (p Policy) Check(plain string, personal ...string) error {
	p = p.withDefaults()
	most := min(max(p.MaxLength, floorMaxLength), maxCodePoints)
	least := min(max(p.MinLength, floorMinLength), most)
	text, points, code := normalise(plain)
	if code == "" {
		code = p.judge(strings.ToLower(text), points, least, most, personal)
	}
	if code != "" {
		return refusal(code, least, most)
	}
	return nil
}

func (p Policy) judge(folded string, points, least, most int, personal []string) Code {
	switch {
	case points < least:
		return CodeTooShort
	case points > most:
		return CodeTooLong
	case isCommon(folded):
		return CodeCommon
	}
	for _, given := range personal {
		for _, word := range personalWords(fold(given)) {
			if contains(folded, word) {
				return CodeContainsPersonal
			}
		}
	}
	for _, word := range p.Words {
		if contains(folded, fold(word)) {
			return CodeContainsWord
		}
	}
	return ""
}

// personalWords are the whole text and its words; of an e-mail address, those before the @.
func personalWords(folded string) []string {
	whole := folded
	if at := strings.LastIndexByte(folded, '@'); at >= 0 {
		folded = folded[:at]
	}
	words := strings.FieldsFunc(folded, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r)
	})
	return append(words, folded, whole)
}

func contains(folded, word string) bool {
	return utf8.RuneCountInString(word) >= minWordLength && strings.Contains(folded, word)
}

// fold brings words into the form in which Check compares.
func fold(word string) string { return strings.ToLower(norm.NFC.String(strings.TrimSpace(word))) }
