package engine

import (
	"github.com/ginauth/ginauth/ginauth/internal/audit"
)

// Facts is for CheckRoutes.
func (m *Mount) Facts() audit.Facts {
	f := audit.Facts{
		User: m.User, Pages: audit.PagePaths(m.Pages), Proxies: m.Proxies, WantsVerified: m.Unverified != UnverifiedAllowed,
	}
	if users, knows := m.Users.(interface{ SendsMail() bool }); knows {
		f.SendsMail = users.SendsMail()
	}
	for _, one := range m.Rules.Conditions {
		f.OptOuts = append(f.OptOuts, audit.OptOut{Field: audit.ExcludeIf, Text: one.Text, Routes: one.Routes})
	}
	for _, one := range m.Rules.Origins {
		field := "TrustedOriginsFor"
		if one.Check == nil {
			field = audit.SkipOriginCheck
		}
		f.OptOuts = append(f.OptOuts, audit.OptOut{Field: field, Text: one.Text, Routes: one.Routes})
	}
	return f
}

// Differs is for CheckRoutes.
func (m *Mount) Differs(session audit.Mount) string { return m.differs(session.(*Mount)) } //nolint:forcetypeassert,errcheck // there is no other

// Unlike is for CheckRoutes.
func (m *Mount) Unlike(outer audit.Mount) string { return m.unlike(outer.(*Mount)) } //nolint:forcetypeassert,errcheck // there is no other
