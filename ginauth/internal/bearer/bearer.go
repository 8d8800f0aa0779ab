// Package bearer reads tokens from Authorization headers.
package bearer

import "strings"

// Token returns what follows the scheme Bearer (RFC 6750, 2.1) and its blanks in a header's value; false for another
// scheme, and for none. Schemes have no case, and any number of blanks may follow them (RFC 9110, 11.1 and 11.4;
// SEC-102). What it returns is the caller's to judge.
func Token(value string) (string, bool) {
	scheme, token, _ := strings.Cut(value, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", false
	}
	return strings.TrimLeft(token, " "), true
}
