package apikey

import (
	"slices"

	"github.com/ginauth/ginauth/ginauth/internal/scope"
)

const (
	maxScopes = 50
	// maxScope is the maximum length of one scope, in bytes.
	maxScope = 100
)

// isScope says whether s is a scope that is short enough.
func isScope(s string) bool { return len(s) <= maxScope && scope.Valid(s) }

// cleanScopes returns the scopes sorted, each once, and never nil: nil would mean everything that
// the user may do.
func cleanScopes(scopes []string) []string {
	cleaned := append(make([]string, 0, len(scopes)), scopes...)
	slices.Sort(cleaned)
	return slices.Compact(cleaned)
}
