// Package scope checks and combines scopes.
package scope

import "slices"

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

// Both returns the alternatives, as lists of scopes, that satisfy one of a and one of b. Nil
// requires nothing.
func Both(a, b [][]string) [][]string {
	if a == nil || b == nil {
		return append(slices.Clone(a), b...)
	}
	var all [][]string
	for _, some := range a {
		for _, more := range b {
			scopes := append(slices.Clone(some), more...)
			slices.Sort(scopes)
			all = append(all, slices.Compact(scopes))
		}
	}
	return all
}
