package apikey

import (
	"slices"

	"github.com/ginauth/ginauth/ginauth/internal/scope"
)

const (
	maxScopes = 50
	// maxScope bounds one scope, in bytes.
	maxScope = 100
)

// isScope tells whether s is a scope, and not too long to be kept.
func isScope(s string) bool { return len(s) <= maxScope && scope.Valid(s) }

// cleanScopes returns the scopes in order, each once, and never nil: nil would stand for
// everything that the user may do.
func cleanScopes(scopes []string) []string {
	cleaned := append(make([]string, 0, len(scopes)), scopes...)
	slices.Sort(cleaned)
	return slices.Compact(cleaned)
}
