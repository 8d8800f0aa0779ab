package ginauth

import (
	"errors"
	"fmt"
	"slices"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/internal/route"
	"github.com/ginauth/ginauth/ginauth/internal/rule"
)

// CheckRoutes looks through a finished router for what would go wrong in silence: routes
// that Session does not cover because they were registered before it, Exclude rules that match
// no route, handlers whose cookie is not their Session's, and Login or SignUp on a protected route or
// behind a guard.
// It returns all faults, one sentence each, or nil. Routes meant to be without Session are
// named in open, as rules of Config.Exclude. Call it in a test, or before the server starts.
func CheckRoutes(engine *gin.Engine, open ...string) error {
	chains, err := route.Chains(engine)
	if err != nil {
		return err
	}
	exempt, err := rule.Compile(open)
	if err != nil {
		return err
	}
	used := map[string]bool{}
	var faults []error
	for _, r := range chains {
		if exempt.Match(r.Method, r.Template) {
			continue
		}
		faults = append(faults, checkRoute(r, used)...)
	}
	for text, matched := range used {
		if !matched && text != excludeRule(NoRoute) {
			faults = append(faults, fmt.Errorf("the %s matches no route: correct or remove it", text))
		}
	}
	slices.SortFunc(faults, func(a, b error) int {
		if a.Error() < b.Error() {
			return -1
		}
		return 1
	})
	return errors.Join(faults...)
}

// checkRoute also notes which Exclude rules matched.
func checkRoute(r route.Route, used map[string]bool) (faults []error) {
	name := r.Method + " " + r.Template
	cookie, protected, covered, guarded := "", false, false, false
	for _, h := range r.Handlers {
		info, ours := route.Of(h)
		switch {
		case !ours:
			continue
		case info.Name == "session":
			covered, cookie = true, info.Cookie
			protected = protected || !noteRules(info, r, used)
			noteExceptions(info, r, used)
			continue
		case info.Name == "require":
			guarded = true
		case guarded && isEntrance(info.Name):
			faults = append(faults, fmt.Errorf("%s is behind a guard, which only lets in who is logged in: register it before the guard, or outside the guard's group", name))
		case covered && info.Cookie != "" && info.Cookie != cookie:
			faults = append(faults, fmt.Errorf("%s uses the cookie %s, but its Session %s: give both the same Config", name, info.Cookie, cookie))
		case protected && isEntrance(info.Name):
			faults = append(faults, fmt.Errorf("%s needs a session before one can get a session: add %q to Config.Exclude", name, name))
		}
	}
	if !covered {
		faults = append(faults, fmt.Errorf("%s is not covered by Session: call router.Use(ginauth.Session(cfg)) before registering it", name))
	}
	return faults
}

// noteRules says whether an Exclude rule of this Session opens the route.
func noteRules(info route.Info, r route.Route, used map[string]bool) (opened bool) {
	for _, text := range info.Exclude {
		matched := info.Matches(text, r.Method, r.Template)
		used[excludeRule(text)] = used[excludeRule(text)] || matched
		opened = opened || matched
	}
	return opened
}

func noteExceptions(info route.Info, r route.Route, used map[string]bool) {
	for _, text := range info.UnverifiedMay {
		rule := fmt.Sprintf("UnverifiedMay rule %q", text)
		used[rule] = used[rule] || info.Matches(text, r.Method, r.Template)
	}
}

func excludeRule(text string) string { return fmt.Sprintf("Exclude rule %q", text) }

// isEntrance says whether an operation is for who is not logged in yet.
func isEntrance(operation string) bool {
	return operation == "login" || operation == "signUp" || operation == "restoreAccount"
}
