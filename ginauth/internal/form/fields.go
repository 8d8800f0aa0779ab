package form

import (
	"reflect"
	"strings"
)

// jsonName returns a field's name in JSON. It returns false for a field without a name there: an
// embedded struct without a tag, an unexported field or a hidden one.
func jsonName(f reflect.StructField) (string, bool) {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	switch {
	case name == "-" || !f.IsExported() && !f.Anonymous:
		return "", false
	case name != "":
		return name, true
	case f.Anonymous:
		return "", false
	}
	return f.Name, true
}

// fieldNames returns the names by which encoding/json fills the fields of a struct.
func fieldNames(t reflect.Type) map[string]bool {
	names := map[string]bool{}
	for _, f := range reflect.VisibleFields(t) {
		if name, ok := jsonName(f); ok {
			names[name] = true
		}
	}
	return names
}

// jsonPath turns the validator's "Form.Address.City" into "address.city". A struct without a name
// has no name in front.
func jsonPath(t reflect.Type, namespace string) string {
	if t.Name() != "" {
		namespace = strings.TrimPrefix(namespace, t.Name()+".")
	}
	var path []string
	for _, part := range steps(namespace) {
		field, index, _ := strings.Cut(part, "[")
		for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
			t = t.Elem()
		}
		f, ok := reflect.StructField{}, false
		if t.Kind() == reflect.Struct {
			f, ok = t.FieldByName(field)
		}
		if !ok {
			return strings.Join(append(path, part), ".")
		}
		t = f.Type
		if name, shown := jsonName(f); shown {
			if index != "" {
				name += "[" + index
			}
			path = append(path, name)
		}
	}
	return strings.Join(path, ".")
}

// steps splits at dots that do not belong to the key of a map.
func steps(namespace string) (parts []string) {
	start, depth := 0, 0
	for i, r := range namespace {
		switch {
		case r == '[':
			depth++
		case r == ']':
			depth--
		case r == '.' && depth == 0:
			parts = append(parts, namespace[start:i])
			start = i + 1
		}
	}
	return append(parts, namespace[start:])
}

// withoutEmbedded turns encoding/json's "Credentials.email" into "email".
func withoutEmbedded(t reflect.Type, path string) string {
	for _, f := range reflect.VisibleFields(t) {
		if f.Anonymous {
			path = strings.Replace(path, f.Name+".", "", 1)
		}
	}
	return path
}
