package driver

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// CanonicalUnicodeEmail is CanonicalEmail for apps that accept addresses outside ASCII (RFC 6531). The
// local part is compared in the form NFKC after case folding, and may have letters, marks and digits
// of any script; the domain becomes its ASCII form (UTS 46). An ASCII address has the same form as
// CanonicalEmail gives it.
//
// Addresses that look alike may have one form, such as those with K and with the Kelvin sign. So send
// mails to the address that is stored with the account, never to the one that somebody has typed.
func CanonicalUnicodeEmail(s string) (string, error) {
	s = strings.Trim(s, " \t")
	at := strings.LastIndexByte(s, '@')
	if isASCII(s) || at < 0 || len(s) > maxEmail || !utf8.ValidString(s) {
		return CanonicalEmail(s)
	}
	host, err := idna.Lookup.ToASCII(s[at+1:])
	if err != nil {
		return "", ErrInvalidEmail
	}
	local, stable := foldLocal(s[:at])
	letters := strings.Map(func(r rune) rune { // for the rules of ASCII
		if isLocalRune(r) {
			return 'x'
		}
		return r
	}, local)
	checked, err := CanonicalEmail(letters + "@" + host)
	if err != nil || !stable || len(local)+len("@")+len(host) > maxEmail || len(local) > maxLocal {
		return "", ErrInvalidEmail
	}
	return local + checked[strings.LastIndexByte(checked, '@'):], nil
}

// foldLocal returns a form that does not change any more when it is folded again.
func foldLocal(local string) (folded string, stable bool) {
	const rounds = 4 // as RFC 8266, 2.1, has it for such mappings
	for range rounds {
		folded = norm.NFKC.String(cases.Fold().String(norm.NFKC.String(local)))
		if folded == local {
			return folded, true
		}
		local = folded
	}
	return folded, false
}

// isLocalRune holds for letters, marks and digits outside ASCII that can be seen.
func isLocalRune(r rune) bool {
	return r >= utf8.RuneSelf && unicode.In(r, unicode.L, unicode.M, unicode.N) &&
		!unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf })
}
