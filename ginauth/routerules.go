package ginauth

import (
	"fmt"
	"maps"
	"slices"

	"github.com/ginauth/ginauth/ginauth/internal/engine"
	"github.com/ginauth/ginauth/ginauth/internal/origin"
	"github.com/ginauth/ginauth/ginauth/internal/rule"
)

// compileRouteRules compiles the rules and returns what is wrong with them, one sentence for each
// fault.
func (o Options[U]) compileRouteRules() (compiled engine.RouteRules, faults []error) {
	list := func(field, text string) rule.List {
		routes, err := rule.Compile([]string{text})
		if err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", field, err))
		}
		return routes
	}
	for _, text := range slices.Sorted(maps.Keys(o.ExcludeIf)) {
		if o.ExcludeIf[text] == nil {
			faults = append(faults, fmt.Errorf("ExcludeIf has no function for %q: use Exclude", text))
		}
		compiled.Conditions = append(compiled.Conditions, engine.Condition{Text: text, Routes: list("ExcludeIf", text), Holds: o.ExcludeIf[text]})
	}
	for _, text := range slices.Sorted(maps.Keys(o.TrustedOriginsFor)) {
		check, err := origin.NewCheck(o.TrustedOriginsFor[text], o.Cookie.InsecureLocalhost)
		if err != nil {
			faults = append(faults, fmt.Errorf("TrustedOriginsFor %q: %w", text, err))
		}
		compiled.Origins = append(compiled.Origins, engine.OriginRule{Text: text, Routes: list("TrustedOriginsFor", text), Check: check})
	}
	for _, text := range o.SkipOriginCheck {
		routes := list("SkipOriginCheck", text)
		if len(routes) == 1 && routes[0].Method() == "" {
			faults = append(faults, fmt.Errorf("SkipOriginCheck has the rule %q, which names no method: write \"POST /template\"", text))
		}
		compiled.Origins = append(compiled.Origins, engine.OriginRule{Text: text, Routes: routes})
	}
	return compiled, faults
}
