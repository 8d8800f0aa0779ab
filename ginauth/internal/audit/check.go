// Package audit finds what is wrong with the routes of a router; see ginauth.CheckRoutes.
package audit

import (
	"errors"
	"slices"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/internal/route"
	"github.com/ginauth/ginauth/ginauth/internal/rule"
)

// Check implements ginauth.CheckRoutes.
func Check(engine *gin.Engine, open ...string) error {
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
		a.routes = append(a.routes, inspect(r))
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

// audit is what CheckRoutes knows about a router. Its checks are methods in separate files.
type audit struct {
	engine *gin.Engine
	routes []auditedRoute
	exempt rule.List
}

// auditedRoute is a route with ginauth's handlers among its handlers.
type auditedRoute struct {
	route.Route
	handlers []auditedHandler
	sessions []auditedHandler // the Sessions among handlers
}

type auditedHandler struct {
	route.Info
	at    int   // its index in Route.Handlers
	mount Mount // nil if the handler has no Config of its own
	facts Facts // the facts of mount
}

func inspect(r route.Route) auditedRoute {
	audited := auditedRoute{Route: r}
	for i, h := range r.Handlers {
		info, ours := route.Of(h)
		if !ours {
			continue
		}
		handler := auditedHandler{Info: info, at: i}
		if mount, ok := info.Mount.(Mount); ok {
			handler.mount, handler.facts = mount, mount.Facts()
		}
		audited.handlers = append(audited.handlers, handler)
		if info.IsSession() {
			audited.sessions = append(audited.sessions, handler)
		}
	}
	return audited
}

func (r auditedRoute) String() string { return r.Method + " " + r.Template }

// protects says whether this Session requires a user on the route.
func (r auditedRoute) protects(session auditedHandler) bool {
	return session.Protects(r.Method, r.Template) && !r.Behind(session.at).Open()
}

// protected says whether some Session requires a user on the route.
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
