package ginauth

import (
	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/internal/audit"
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
func CheckRoutes(engine *gin.Engine, open ...string) error { return audit.Check(engine, open...) }

// Facts is for CheckRoutes.
func (m *mount) Facts() audit.Facts {
	f := audit.Facts{
		User: m.user, Pages: audit.PagePaths(m.pages), Proxies: m.proxies, WantsVerified: m.unverified != UnverifiedAllowed,
	}
	if users, knows := m.users.(interface{ SendsMail() bool }); knows {
		f.SendsMail = users.SendsMail()
	}
	for _, one := range m.rules.conditions {
		f.OptOuts = append(f.OptOuts, audit.OptOut{Field: audit.ExcludeIf, Text: one.text, Routes: one.routes})
	}
	for _, one := range m.rules.origins {
		field := "TrustedOriginsFor"
		if one.check == nil {
			field = audit.SkipOriginCheck
		}
		f.OptOuts = append(f.OptOuts, audit.OptOut{Field: field, Text: one.text, Routes: one.routes})
	}
	return f
}

// Differs is for CheckRoutes.
func (m *mount) Differs(session audit.Mount) string { return m.differs(session.(*mount)) } //nolint:forcetypeassert,errcheck // there is no other

// Unlike is for CheckRoutes.
func (m *mount) Unlike(outer audit.Mount) string { return m.unlike(outer.(*mount)) } //nolint:forcetypeassert,errcheck // there is no other
