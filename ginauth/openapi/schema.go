package openapi

import (
	"encoding"
	"encoding/json"
	"path"
	"reflect"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
)

// direction distinguishes answers, which have all fields, from requests, which need only some.
type direction int

const (
	shows direction = iota
	takes
)

// typeNames makes schemas of Go types that no Swagger document knows.
type typeNames struct {
	schemas openapi3.Schemas
	names   map[typeKey]string
}

type typeKey struct {
	t   reflect.Type
	way direction
}

func newTypeNames(schemas openapi3.Schemas) typeNames {
	return typeNames{schemas: schemas, names: map[typeKey]string{}}
}

// swagName returns swag's name of a type, or "" for a type without a name.
func swagName(t reflect.Type) string {
	if t == nil || t.Name() == "" || t.PkgPath() == "" {
		return ""
	}
	return path.Base(t.PkgPath()) + "." + letters(t.Name())
}

const module = "github.com/ginauth/ginauth/"

func isOurs(t reflect.Type) bool {
	return strings.HasPrefix(t.PkgPath(), module+"ginauth") || strings.HasPrefix(t.PkgPath(), module+"store")
}

var (
	timeType      = reflect.TypeFor[time.Time]()
	textType      = reflect.TypeFor[encoding.TextMarshaler]()
	marshalerType = reflect.TypeFor[json.Marshaler]()
	rawType       = reflect.TypeFor[json.RawMessage]()
)

// schema returns the schema of what encoding/json makes of a type.
func (n typeNames) schema(t reflect.Type, way direction) *openapi3.SchemaRef {
	switch {
	case t == timeType:
		return openapi3.NewDateTimeSchema().NewRef()
	case t == rawType:
		return openapi3.NewSchema().NewRef()
	case t.Kind() != reflect.Pointer && implements(t, textType):
		s := openapi3.NewStringSchema()
		if t.Name() == "UUID" {
			s.Format = "uuid"
		}
		return s.NewRef()
	case t.Kind() != reflect.Pointer && implements(t, marshalerType):
		return openapi3.NewSchema().NewRef() // only the type knows its JSON
	}
	switch t.Kind() {
	case reflect.Pointer:
		return n.nullable(t, way)
	case reflect.Struct:
		return n.object(t, way)
	case reflect.Map:
		s := openapi3.NewObjectSchema()
		s.AdditionalProperties = openapi3.AdditionalProperties{Schema: n.schema(t.Elem(), way)}
		return s.NewRef()
	case reflect.Slice, reflect.Array:
		return n.array(t, way)
	default:
		return scalar(t.Kind()).NewRef()
	}
}

func implements(t, of reflect.Type) bool {
	return t.Implements(of) || reflect.PointerTo(t).Implements(of)
}

// nullable allows null. OpenAPI 3.0, from which the upgrade starts, cannot add null to a reference.
func (n typeNames) nullable(t reflect.Type, way direction) *openapi3.SchemaRef {
	inner := n.schema(t.Elem(), way)
	if inner.Ref != "" {
		return inner
	}
	inner.Value.Nullable = inner.Value.Type != nil
	return inner
}

func (n typeNames) array(t reflect.Type, way direction) *openapi3.SchemaRef {
	if t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8 {
		return openapi3.NewBytesSchema().NewRef()
	}
	s := openapi3.NewArraySchema()
	s.Items = n.schema(t.Elem(), way)
	return s.NewRef()
}

func scalar(k reflect.Kind) *openapi3.Schema {
	switch k {
	case reflect.Bool:
		return openapi3.NewBoolSchema()
	case reflect.String:
		return openapi3.NewStringSchema()
	case reflect.Float32, reflect.Float64:
		return openapi3.NewFloat64Schema()
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return openapi3.NewIntegerSchema()
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return openapi3.NewIntegerSchema().WithMin(0)
	default:
		return openapi3.NewSchema()
	}
}

// object adds a named struct to the components, where it may refer to itself.
func (n typeNames) object(t reflect.Type, way direction) *openapi3.SchemaRef {
	name := swagName(t)
	if name == "" {
		s := openapi3.NewObjectSchema()
		n.fields(s, t, way)
		return s.NewRef()
	}
	key := typeKey{t, way}
	if known, ok := n.names[key]; ok {
		return openapi3.NewSchemaRef(schemaRef+known, nil)
	}
	for n.schemas[name] != nil {
		name += map[direction]string{shows: "View", takes: "Form"}[way]
	}
	s := openapi3.NewObjectSchema()
	n.names[key], n.schemas[name] = name, s.NewRef()
	n.fields(s, t, way)
	return openapi3.NewSchemaRef(schemaRef+name, nil)
}

func (n typeNames) fields(s *openapi3.Schema, t reflect.Type, way direction) {
	for _, f := range reflect.VisibleFields(t) {
		name, options, shown := jsonField(f)
		if !shown || throughNamed(t, f) {
			continue
		}
		property := n.schema(f.Type, way)
		optional := strings.Contains(options, "omitempty") || strings.Contains(options, "omitzero")
		if property.Value != nil {
			if optional {
				property.Value.Nullable = false
			}
			readTags(property.Value, f.Tag)
		}
		if way == shows && !optional || way == takes && hasRule(f.Tag, "required") {
			s.Required = append(s.Required, name)
		}
		s.WithPropertyRef(name, property)
	}
}

// jsonField returns the name of a field in JSON. Shown is false if the field does not appear
// itself.
func jsonField(f reflect.StructField) (name, options string, shown bool) {
	name, options, _ = strings.Cut(f.Tag.Get("json"), ",")
	switch {
	case name == "-" && options == "", !f.IsExported() && !f.Anonymous:
		return "", "", false
	case name != "":
		return name, options, f.IsExported()
	case f.Anonymous && (f.Type.Kind() == reflect.Struct || f.Type.Kind() == reflect.Pointer && f.Type.Elem().Kind() == reflect.Struct):
		return "", "", false
	}
	return f.Name, options, f.IsExported()
}

// throughNamed says whether an embedded struct on the way to f is hidden or a property of its own.
// Then f is not a property of t.
func throughNamed(t reflect.Type, f reflect.StructField) bool {
	for i := 1; i < len(f.Index); i++ {
		outer := t.FieldByIndex(f.Index[:i])
		if outer.Tag.Get("json") != "" && !strings.HasPrefix(outer.Tag.Get("json"), ",") {
			return true
		}
	}
	return false
}
