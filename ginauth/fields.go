package ginauth

import (
	"reflect"
	"strings"
)

// jsonName is a field's name in JSON, and false for one that JSON does not show by a name:
// an embedded struct without a tag, an unexported or a hidden field.
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

// fieldNames are the names that encoding/json would fill in a struct.
func fieldNames(t reflect.Type) map[string]bool {
	names := map[string]bool{}
	for _, f := range reflect.VisibleFields(t) {
		if name, ok := jsonName(f); ok {
			names[name] = true
		}
	}
	return names
}

// jsonPath turns the validator's "Form.Address.City" into "address.city".
func jsonPath(t reflect.Type, namespace string) string {
	var path []string
	for _, part := range strings.Split(namespace, ".")[1:] {
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

// withoutEmbedded turns encoding/json's "Credentials.email" into "email".
func withoutEmbedded(t reflect.Type, path string) string {
	for _, f := range reflect.VisibleFields(t) {
		if f.Anonymous {
			path = strings.Replace(path, f.Name+".", "", 1)
		}
	}
	return path
}
