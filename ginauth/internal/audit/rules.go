package audit

import (
	"fmt"
	"slices"

	"github.com/ginauth/ginauth/ginauth/internal/route"
	"github.com/ginauth/ginauth/ginauth/internal/rule"
)

// ruleUse is the effect of one rule in a router.
type ruleUse struct {
	matches bool // matches some route
	opens   bool // opens some route that no earlier Session protects
	needed  bool // opens some route that is closed without it, or that apps often name
}

// rules finds rules that do nothing. The same text in several Configs is one rule.
func (a audit) rules() (faults []string) {
	exclude, may := map[string]ruleUse{}, map[string]ruleUse{}
	for _, r := range a.routes {
		for i, session := range r.sessions {
			closed := slices.ContainsFunc(r.sessions[:i], r.protects)
			for _, text := range session.Exclude {
				use := exclude[text]
				if session.Matches(text, r.Method, r.Template) {
					use.matches, use.opens, use.needed = true, use.opens || !closed, use.needed || r.needsRule(session)
				}
				exclude[text] = use
			}
			for _, text := range session.UnverifiedMay {
				use := may[text]
				use.matches = use.matches || session.Matches(text, r.Method, r.Template)
				may[text] = use
			}
		}
	}
	for text, use := range exclude {
		switch {
		case text == rule.NoRoute:
		case !use.matches:
			faults = append(faults, fmt.Sprintf("the Exclude rule %q matches no route: correct or remove it", text))
		case !use.opens:
			faults = append(faults, fmt.Sprintf("the Exclude rule %q opens nothing, since another Session stands before its own and protects the route: exclude it there, too", text))
		case !use.needed:
			faults = append(faults, fmt.Sprintf("the Exclude rule %q is not needed, since what it names is open by itself: remove it", text))
		}
	}
	for text, use := range may {
		if !use.matches {
			faults = append(faults, fmt.Sprintf("the UnverifiedMay rule %q matches no route: correct or remove it", text))
		}
	}
	return faults
}

// needsRule says whether the route is closed without a rule of this Session. Login and similar
// routes are open anyway, but naming them is no fault.
func (r auditedRoute) needsRule(session auditedHandler) bool {
	return !r.Behind(session.at).Open() || slices.ContainsFunc(r.handlers, func(h auditedHandler) bool { return h.For == route.LoggedOut })
}
