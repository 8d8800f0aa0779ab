package openapi

import (
	"maps"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
)

// identified is a mount that tells what users log in with.
type identified interface {
	TakesUsernames() (names, addresses bool)
}

// nameIdentifiers makes the payloads with a password ask for what users log in with.
func (b *builder) nameIdentifiers() {
	names, addresses := false, true
	for _, m := range b.routes {
		if i, ok := m.info.Mount.(identified); ok {
			names, addresses = i.TakesUsernames()
			break
		}
	}
	for _, schema := range b.doc.Components.Schemas {
		s := schema.Value
		if s == nil || s.Properties["password"] == nil || s.Properties["email"] == nil || s.Properties["username"] == nil {
			continue
		}
		changed := *s
		changed.Properties, changed.Required = maps.Clone(s.Properties), slices.Clone(s.Required)
		if !names {
			delete(changed.Properties, "username")
		}
		for i, name := range changed.Required {
			if name == "email" && names && !addresses {
				changed.Required[i] = "username"
			}
		}
		if names && addresses {
			changed.Required = slices.DeleteFunc(changed.Required, func(name string) bool { return name == "email" })
			either := *s.Properties["username"].Value
			either.Description = "A username. A login takes an e-mail address here too."
			changed.Properties["username"] = openapi3.NewSchemaRef("", &either)
		}
		schema.Value = &changed
	}
}
