package openapi

import (
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/ginauth/ginauth/ginauth/internal/identifier"
)

// identified is a mount that tells what users log in with.
type identified interface {
	TakesUsernames() (names, addresses bool)
}

// identifiers returns what users log in with.
func (b *builder) identifiers() (names, addresses bool) {
	for _, m := range b.routes {
		if i, ok := m.info.Mount.(identified); ok {
			return i.TakesUsernames()
		}
	}
	return false, true
}

// byName and byEither put what ginauth says of e-mail addresses in other words, where users log in
// with usernames.
var (
	byName = strings.NewReplacer("E-mail address and password", "Username and password", "Name, e-mail address and password", "Name, username and password",
		"E-mail address, for password", "Username, for password", "Address of the account", "Username or e-mail address of the account",
		"whether or not the address has", "whether or not there is", "email is required", "username is required")
	byEither = strings.NewReplacer("E-mail address and password", "Username or e-mail address, and password", "Name, e-mail address and password", "Name, username or e-mail address, and password",
		"E-mail address, for password", "Username or e-mail address, for password", "Address of the account", "Username or e-mail address of the account",
		"whether or not the address has", "whether or not there is", "email is required", "username is required")
)

// worded returns a text of ginauth's in the words of what users log in with.
func (b *builder) worded(text string) string {
	switch names, addresses := b.identifiers(); {
	case !names:
		return text
	case addresses:
		return byEither.Replace(identifier.Either.Wrong(text))
	case text == b.problems["invalid_credentials"].Detail:
		return identifier.Username.Wrong(text)
	default:
		return byName.Replace(text)
	}
}

// wordOperation puts the texts of one of ginauth's operations in those words.
func (b *builder) wordOperation(op *openapi3.Operation) {
	op.Description = b.worded(op.Description)
	if op.RequestBody == nil || op.RequestBody.Value == nil {
		return
	}
	op.RequestBody.Value.Description = b.worded(op.RequestBody.Value.Description)
	for _, media := range op.RequestBody.Value.Content {
		if media.Schema == nil || media.Schema.Ref != "" || media.Schema.Value == nil {
			continue
		}
		for _, property := range media.Schema.Value.Properties {
			if property.Value != nil {
				property.Value.Description = b.worded(property.Value.Description)
			}
		}
	}
}

// nameIdentifiers makes the payloads with a password ask for what users log in with.
func (b *builder) nameIdentifiers() {
	names, addresses := b.identifiers()
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
