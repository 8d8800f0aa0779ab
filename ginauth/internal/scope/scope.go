// Package scope knows what a scope is.
package scope

// Valid says whether s is a scope-token of RFC 6749, 3.3: visible ASCII without quotation mark and
// backslash.
func Valid(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' || s[i] == '"' || s[i] == '\\' {
			return false
		}
	}
	return s != ""
}
