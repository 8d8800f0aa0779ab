package openapi

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// schemaNames returns the name of each schema in the document: the type's name without its package,
// which clients need not know. If two types have the same name, their packages come first:
// StoreUser, ShopUser.
func schemaNames(schemas openapi3.Schemas) map[string]string {
	names, wanted := map[string]string{}, map[string]int{}
	for name := range schemas {
		wanted[ownName(name)]++
	}
	for _, name := range slices.Sorted(maps.Keys(schemas)) {
		names[name] = ownName(name)
		if wanted[ownName(name)] == 1 || name == ownName(name) {
			continue
		}
		var b strings.Builder
		for part := range strings.FieldsFuncSeq(name, func(r rune) bool { return r == '.' || r == '_' }) {
			b.WriteString(strings.ToUpper(part[:1]) + part[1:])
		}
		qualified := b.String()
		names[name] = qualified
		if wanted[qualified] > 0 { // another type has this name
			names[name] = name
		}
		wanted[qualified]++
	}
	return names
}

func ownName(name string) string { return name[strings.LastIndexByte(name, '.')+1:] }

var schemaReference = regexp.MustCompile(`"` + schemaRef + `([^"/]+)"`)

// marshalRenamed writes the document with those names. It does not change the caller's document.
func marshalRenamed(doc *openapi3.T) ([]byte, error) {
	written := *doc
	names := map[string]string{}
	if doc.Components != nil {
		names = schemaNames(doc.Components.Schemas)
		components := *doc.Components
		components.Schemas = make(openapi3.Schemas, len(names))
		for old, schema := range doc.Components.Schemas {
			components.Schemas[names[old]] = schema
		}
		written.Components = &components
	}
	raw, err := json.Marshal(&written)
	if err != nil {
		return nil, err
	}
	return schemaReference.ReplaceAllFunc(raw, func(reference []byte) []byte {
		if name, ok := names[string(reference[len(schemaRef)+1:len(reference)-1])]; ok {
			return []byte(`"` + schemaRef + name + `"`)
		}
		return reference
	}), nil
}
