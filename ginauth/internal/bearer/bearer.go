// Package bearer reads tokens from Authorization headers.
package bearer

import "strings"

// Token returns the text after the scheme Bearer (RFC 6750, 2.1) and its blanks in a header's
// value, and false for any other scheme. Case does not matter, and any number of blanks may follow
// the scheme (RFC 9110, 11.1 and 11.4; SEC-102). The caller must check the text.
func Token(value string) (string, bool) {
	scheme, token, _ := strings.Cut(value, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", false
	}
	return strings.TrimLeft(token, " "), true
}
