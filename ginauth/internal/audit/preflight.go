package audit

import (
	"fmt"
	"net/http"
	"strings"
	"unicode"

	"github.com/ginauth/ginauth/ginauth/internal/route"
)

// preflights finds handlers for CORS preflights that never get one, because Session answers them.
func (a audit) preflights() (faults []string) {
	for _, r := range a.routes {
		if len(r.sessions) == 0 {
			continue
		}
		for i := r.sessions[0].at + 1; i < len(r.Handlers); i++ {
			if name := route.FuncName(r.Handlers[i]); mentionsCORS(name) {
				faults = append(faults, fmt.Sprintf("the CORS middleware %s stands behind Session, where no preflight reaches it: register it before Session", name))
			}
		}
		if r.Method == http.MethodOptions && r.protected() && !a.isAny(r) {
			faults = append(faults, fmt.Sprintf("%s gets no CORS preflight, since Session answers those: register CORS middleware before Session, or add %q to Options.Exclude", r, r))
		}
	}
	return faults
}

// isAny says whether another method of the template has the same last handler, as with engine.Any.
// Such a route is not meant for preflights.
func (a audit) isAny(r auditedRoute) bool {
	for _, other := range a.routes {
		if other.Template == r.Template && other.Method != r.Method && route.SameCode(other.Last(), r.Last()) {
			return true
		}
	}
	return false
}

// mentionsCORS recognises CORS middleware by the names of its package and function.
func mentionsCORS(function string) bool {
	for _, word := range strings.FieldsFunc(function, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		word = strings.ToLower(word)
		if strings.HasPrefix(word, "cors") || strings.HasSuffix(word, "cors") {
			return true
		}
	}
	return false
}
