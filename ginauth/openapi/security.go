package openapi

import (
	"reflect"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/ginauth/ginauth/ginauth/internal/route"
)

// guardsExtension lists the names of the guards in front of an operation.
const guardsExtension = "x-ginauth-guards"

// secure sets the security of an operation: one of several schemes, or none.
func (b *builder) secure(op *openapi3.Operation, m mounted) {
	names := make([]string, len(m.access.schemes))
	for i, s := range m.access.schemes {
		names[i] = b.scheme(s)
	}
	if len(m.access.guards) > 0 {
		if op.Extensions == nil {
			op.Extensions = map[string]any{}
		}
		op.Extensions[guardsExtension] = m.access.guards
	}
	if op.Security != nil && len(*op.Security) > 0 {
		b.compare(*op.Security, names, m)
		return
	}
	if op.Security == nil && b.inherits(m) {
		return // without its own security, that of the whole document applies
	}
	security := openapi3.SecurityRequirements{}
	if m.access.secured {
		none := !slices.ContainsFunc(m.access.schemes, m.access.takes) // if none fits, all are named: an empty list would mean "open"
		for i, s := range m.access.schemes {
			if none || m.access.takes(s) {
				security = append(security, b.requirements(names[i], s, m.access.scopes)...)
			}
		}
	}
	op.Security = &security
}

// inherits says whether the document's security for all routes (swag's general @security) applies.
// Middleware of the app may enforce it. For ginauth's own handlers and the routes that Session
// protects, ginauth knows better.
func (b *builder) inherits(m mounted) bool {
	if m.access.secured || m.ours {
		return false
	}
	for _, requirement := range b.doc.Security {
		for name := range requirement {
			if !m.access.covered || b.isForeign(name) {
				return true
			}
		}
	}
	return false
}

// requirements returns the alternatives of one scheme.
func (b *builder) requirements(name string, s route.Scheme, wanted [][]string) openapi3.SecurityRequirements {
	if s.Name == sessionScheme || len(wanted) == 0 { // a session is good for everything
		return openapi3.SecurityRequirements{{name: []string{}}}
	}
	var all openapi3.SecurityRequirements
	for _, scopes := range wanted {
		b.declareScopes(name, scopes)
		all = append(all, openapi3.SecurityRequirement{name: append([]string{}, scopes...)})
	}
	return all
}

// compare keeps what the app says about its own schemes, and reports where the middleware differs.
func (b *builder) compare(explicit openapi3.SecurityRequirements, ours []string, m mounted) {
	if m.access.secured {
		return
	}
	for _, requirement := range explicit {
		for name := range requirement {
			if !slices.Contains(ours, name) && b.isForeign(name) {
				return
			}
		}
	}
	b.report.Contradicted = append(b.report.Contradicted, m.String())
}

// isForeign says whether no route has this scheme from ginauth, so that only other code can require
// it.
func (b *builder) isForeign(name string) bool {
	for _, m := range b.routes {
		for _, s := range m.access.schemes {
			if s.Name == name {
				return false
			}
		}
	}
	return true
}

// scheme adds a backend's scheme to the components and returns its name there. Two different
// schemes get different names. The app's description of a scheme with this name is replaced,
// because Swagger 2.0 cannot describe ginauth's schemes.
func (b *builder) scheme(s route.Scheme) string {
	made, name := newScheme(s), s.Name
	for b.claimed(name, made) {
		name += "-" + letters(s.Parameter)
	}
	if b.schemes[name] == nil {
		b.schemes[name] = made
		b.doc.Components.SecuritySchemes[name] = &openapi3.SecuritySchemeRef{Value: made}
	}
	return name
}

// claimed says whether another scheme has this name.
func (b *builder) claimed(name string, made *openapi3.SecurityScheme) bool {
	other := b.schemes[name]
	return other != nil && !sameScheme(other, made)
}

func sameScheme(a, b *openapi3.SecurityScheme) bool {
	return a.Type == b.Type && a.In == b.In && a.Name == b.Name && a.Scheme == b.Scheme && a.BearerFormat == b.BearerFormat &&
		(a.Flows == nil || reflect.DeepEqual(a.Flows.Password.TokenURL, b.Flows.Password.TokenURL))
}

func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.' {
			return r
		}
		return '-'
	}, s)
}

func newScheme(s route.Scheme) *openapi3.SecurityScheme {
	made := &openapi3.SecurityScheme{Type: s.Type, Description: s.Description}
	switch s.Type {
	case "apiKey":
		made.In, made.Name = s.In, s.Parameter
	case "http":
		made.Scheme, made.BearerFormat = s.HTTP, s.BearerFormat
	case "oauth2":
		scopes := map[string]string{}
		for name, text := range s.Scopes {
			scopes[name] = text
		}
		made.Flows = &openapi3.OAuthFlows{Password: &openapi3.OAuthFlow{TokenURL: s.TokenURL, RefreshURL: s.RefreshURL, Scopes: scopes}}
	}
	return made
}

// declareScopes adds the scopes that guards require to a scheme that lists its scopes.
func (b *builder) declareScopes(name string, scopes []string) {
	s := b.schemes[name]
	if s.Flows == nil {
		return
	}
	for _, scope := range scopes {
		if _, known := s.Flows.Password.Scopes[scope]; !known {
			s.Flows.Password.Scopes[scope] = ""
		}
	}
}
