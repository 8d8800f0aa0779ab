package apikey

import "slices"

const (
	maxScopes = 50
	// maxScope bounds one scope, in bytes.
	maxScope = 100
)

// isScope tells whether s is a scope-token (RFC 6749, 3.3): visible ASCII without quotation mark
// and backslash, so that blanks can stand between scopes.
func isScope(s string) bool {
	if s == "" || len(s) > maxScope {
		return false
	}
	for i := range len(s) {
		if b := s[i]; b <= ' ' || b >= 0x7f || b == '"' || b == '\\' {
			return false
		}
	}
	return true
}

// cleanScopes returns the scopes in order, each once, and never nil: nil would stand for
// everything that the user may do.
func cleanScopes(scopes []string) []string {
	cleaned := append(make([]string, 0, len(scopes)), scopes...)
	slices.Sort(cleaned)
	return slices.Compact(cleaned)
}
