package openapi

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi2"
	"github.com/getkin/kin-openapi/openapi2conv"
	"github.com/getkin/kin-openapi/openapi3"

	"github.com/ginauth/ginauth/docs"
)

// source is a Swagger 2.0 document, converted to OpenAPI 3.0.
type source struct {
	doc  *openapi3.T
	byID map[string]*openapi3.Operation
	// taken are the operations that have a route, as "METHOD shape".
	taken map[string]bool
}

// appSource reads the app's document, which may be empty.
func appSource(swagger string) (*source, error) {
	swagger = cmp.Or(swagger, `{"swagger": "2.0", "info": {"title": "", "version": ""}, "paths": {}}`)
	s, err := convert(swagger)
	if err != nil {
		return nil, fmt.Errorf("Options.Swagger: %w", err)
	}
	return s, nil
}

func ownSource() (*source, error) { return convert(docs.Swagger()) }

func convert(swagger string) (*source, error) {
	var v2 openapi2.T
	if err := json.Unmarshal([]byte(swagger), &v2); err != nil {
		return nil, fmt.Errorf("reading JSON: %w", err)
	}
	if v2.Swagger != "2.0" {
		return nil, errors.New("this is no Swagger 2.0 document: pass the swagger.json that swag wrote, or its ReadDoc()")
	}
	base := strings.TrimSuffix(v2.BasePath, "/")
	v2.Host, v2.BasePath = "", ""
	v3, err := openapi2conv.ToV3(&v2)
	if err != nil {
		return nil, fmt.Errorf("converting from Swagger 2.0: %w", err)
	}
	s := &source{doc: v3, byID: map[string]*openapi3.Operation{}, taken: map[string]bool{}}
	if v3.Info == nil {
		v3.Info = &openapi3.Info{}
	}
	if v3.Paths == nil {
		v3.Paths = openapi3.NewPaths()
	}
	paths := openapi3.NewPaths()
	for _, p := range slices.Sorted(maps.Keys(v3.Paths.Map())) {
		item := v3.Paths.Value(p)
		paths.Set(join(base, p), item)
		for _, op := range item.Operations() {
			tidy(op)
			s.byID[op.OperationID] = op
		}
	}
	v3.Paths = paths
	return s, nil
}

// join keeps a trailing slash, which matters to Gin.
func join(base, p string) string {
	joined := path.Join("/", base, p)
	if strings.HasSuffix(p, "/") && joined != "/" {
		joined += "/"
	}
	return joined
}

// take returns the document's operation for a route.
func (s *source) take(m mounted) (*openapi3.Operation, bool) {
	for p, item := range s.doc.Paths.Map() {
		if shape(p) != shape(m.path) {
			continue
		}
		if op := item.GetOperation(m.method); op != nil {
			s.taken[m.method+" "+p] = true
			op.Parameters = append(op.Parameters, item.Parameters...)
			return clone(op), true
		}
	}
	return nil, false
}

// left returns the operations without a route.
func (s *source) left() []string {
	var left []string
	for p, item := range s.doc.Paths.Map() {
		for method := range item.Operations() {
			if !s.taken[method+" "+p] {
				left = append(left, method+" "+p)
			}
		}
	}
	slices.Sort(left)
	return left
}

// schemasBeside returns s's schemas. A schema is renamed if the app has a different one of the same
// name.
func (s *source) schemasBeside(app openapi3.Schemas) openapi3.Schemas {
	schemas, renamed := openapi3.Schemas{}, map[string]string{}
	for name, schema := range s.doc.Components.Schemas {
		if other, taken := app[name]; taken && !sameFields(schema, other) {
			renamed[name] = "ginauth." + name
			name = "ginauth." + name
		}
		schemas[name] = schema
	}
	if len(renamed) == 0 {
		return schemas
	}
	for _, op := range s.byID {
		*op = *rename(op, renamed)
	}
	for name, schema := range schemas {
		schemas[name] = rename(schema, renamed)
	}
	return schemas
}

func sameFields(a, b *openapi3.SchemaRef) bool {
	if a.Value == nil || b.Value == nil {
		return false
	}
	return slices.Equal(slices.Sorted(maps.Keys(a.Value.Properties)), slices.Sorted(maps.Keys(b.Value.Properties)))
}

const schemaRef = "#/components/schemas/"

// rename returns a copy with new references.
func rename[T any](v *T, names map[string]string) *T {
	raw, _ := json.Marshal(v) // was read from JSON
	for from, to := range names {
		raw = []byte(strings.ReplaceAll(string(raw), `"`+schemaRef+from+`"`, `"`+schemaRef+to+`"`))
	}
	return decode[T](raw)
}

// clone returns a deep copy with unresolved references.
func clone[T any](v *T) *T {
	raw, _ := json.Marshal(v) // was read from JSON
	return decode[T](raw)
}

func decode[T any](raw []byte) *T {
	out := new(T)
	_ = json.Unmarshal(raw, out) // was written a moment ago
	return out
}
