package ginauth

import (
	"errors"
	"slices"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/internal/route"
	"github.com/ginauth/ginauth/ginauth/internal/rule"
)

// CheckRoutes looks through a finished router for what would go wrong in silence: routes that Session does not
// cover because they were registered before it or that opt out of a check, rules that match no route, open nothing or are not
// needed, handlers whose Config or user type is not their Session's, handlers such as Login behind a guard or
// behind the app's own, pages of Options.Pages that are missing or protected, CORS middleware that no preflight
// reaches, proxies that Gin's SetTrustedProxies and Options.TrustedProxies take differently, backends that shadow one
// another, credentials with scopes where no route says which it takes, guards behind what they should guard, users who
// cannot get verified, and mails whose links lead nowhere.
// It returns all faults, one sentence each, or nil. Routes meant to be without Session or to be opened by ExcludeIf or
// SkipOriginCheck, and pages that another server has, are named in open, as rules of Options.Exclude. Call it in a test, or before the server starts.
func CheckRoutes(engine *gin.Engine, open ...string) error {
	chains, err := route.Chains(engine)
	if err != nil {
		return err
	}
	exempt, err := rule.Compile(open)
	if err != nil {
		return err
	}
	a := audit{engine: engine, exempt: exempt}
	for _, r := range chains {
		a.routes = append(a.routes, auditRoute(r))
	}
	var sentences []string
	for _, check := range []func(audit) []string{
		audit.coverage, audit.entrances, audit.rules, audit.configs, audit.userTypes, audit.backends, audit.pages, audit.preflights, audit.proxies,
		audit.optOuts, audit.verification, audit.mails, audit.scopes,
	} {
		sentences = append(sentences, check(a)...)
	}
	slices.Sort(sentences)
	var faults []error
	for _, s := range slices.Compact(sentences) {
		faults = append(faults, errors.New(s))
	}
	return errors.Join(faults...)
}

// audit is what CheckRoutes knows of a router. Its checks are methods in files of their own.
type audit struct {
	engine *gin.Engine
	routes []auditedRoute
	exempt rule.List
}

// auditedRoute is a route with those of its handlers that are the library's.
type auditedRoute struct {
	route.Route
	handlers []auditedHandler
	sessions []auditedHandler // those of the handlers that are Sessions
}

type auditedHandler struct {
	route.Info
	at    int    // its place among Route.Handlers
	mount *mount // nil where the handler has no Config of its own
}

func auditRoute(r route.Route) auditedRoute {
	audited := auditedRoute{Route: r}
	for i, h := range r.Handlers {
		info, ours := route.Of(h)
		if !ours {
			continue
		}
		handler := auditedHandler{Info: info, at: i}
		handler.mount, _ = info.Mount.(*mount)
		audited.handlers = append(audited.handlers, handler)
		if info.IsSession() {
			audited.sessions = append(audited.sessions, handler)
		}
	}
	return audited
}

func (r auditedRoute) String() string { return r.Method + " " + r.Template }

// protects says whether this Session asks for a user on the route.
func (r auditedRoute) protects(session auditedHandler) bool {
	return session.Protects(r.Method, r.Template) && !r.Behind(session.at).Open()
}

// protected says whether some Session asks for a user on the route.
func (r auditedRoute) protected() bool { return slices.ContainsFunc(r.sessions, r.protects) }

// coverage finds routes that no Session covers.
func (a audit) coverage() (faults []string) {
	for _, r := range a.routes {
		if len(r.sessions) == 0 && !a.exempt.Match(r.Method, r.Template) {
			faults = append(faults, r.String()+" is not covered by Session: call router.Use(ginauth.Session(cfg)) before registering it")
		}
	}
	return faults
}
