package openapi

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"

	"github.com/getkin/kin-openapi/openapi3"
)

// setTypes replaces placeholders in ginauth's operations by the app's own types.
func (b *builder) setTypes(op *openapi3.Operation, m mounted) {
	if shown := b.shownType(m); shown != nil {
		for status, response := range op.Responses.Map() {
			if isFailure(status) || response.Value == nil {
				continue
			}
			for _, media := range response.Value.Content {
				if media.Schema != nil {
					media.Schema = b.schemaOf(shown, shows)
				}
			}
		}
	}
	if m.info.Form != nil && op.RequestBody != nil && op.RequestBody.Value != nil {
		for _, media := range op.RequestBody.Value.Content {
			media.Schema = b.schemaOf(m.info.Form, takes)
		}
	}
}

func (b *builder) shownType(m mounted) reflect.Type {
	if m.info.User == nil {
		return nil
	}
	if b.opts.User != nil {
		return typeOf(reflect.TypeOf(b.opts.User))
	}
	return typeOf(m.info.User())
}

// schemaOf prefers swag's schema of a type, which includes its comments.
func (b *builder) schemaOf(t reflect.Type, way direction) *openapi3.SchemaRef {
	name := swagName(t)
	known := b.app
	if isOurs(t) {
		known = b.own
		if renamed := "ginauth." + name; b.doc.Components.Schemas[renamed] != nil {
			name = renamed
		}
	}
	if name != "" && (known.doc.Components.Schemas[name] != nil || isOurs(t) && b.doc.Components.Schemas[name] != nil) {
		return openapi3.NewSchemaRef(schemaRef+name, nil)
	}
	return b.types.schema(t, way)
}

var reference = regexp.MustCompile(`"#/components/([A-Za-z]+)/([^"/]+)"`)

// finishComponents removes components that nothing refers to.
func (b *builder) finishComponents() error {
	used := map[string]bool{}
	if err := follow(b.doc.Paths, b.doc.Components, used); err != nil {
		return err
	}
	c := b.doc.Components
	prune(c.Schemas, "schemas", used)
	prune(c.Parameters, "parameters", used)
	prune(c.RequestBodies, "requestBodies", used)
	prune(c.Responses, "responses", used)
	return nil
}

// follow records every component that v refers to, directly or not.
func follow(v any, c *openapi3.Components, used map[string]bool) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("following references: %w", err)
	}
	for _, match := range reference.FindAllSubmatch(raw, -1) {
		kind, name := string(match[1]), string(match[2])
		if used[kind+"/"+name] {
			continue
		}
		used[kind+"/"+name] = true
		var next any
		switch kind {
		case "schemas":
			next = c.Schemas[name]
		case "parameters":
			next = c.Parameters[name]
		case "requestBodies":
			next = c.RequestBodies[name]
		case "responses":
			next = c.Responses[name]
		default:
			continue
		}
		if err := follow(next, c, used); err != nil {
			return err
		}
	}
	return nil
}

func prune[T any](components map[string]T, kind string, used map[string]bool) {
	for name := range components {
		if !used[kind+"/"+name] {
			delete(components, name)
		}
	}
}
