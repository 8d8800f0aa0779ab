package pairing

import (
	"fmt"
	"reflect"
	"strings"
)

// Made returns what is wrong with the value of an option that was set, but not by a constructor: a
// nil pointer inside the interface, or the zero value of a type that needs its constructor.
func Made(option string, v any) error {
	value := reflect.ValueOf(v)
	if !value.IsValid() {
		return nil // not set
	}
	switch value.Kind() { //nolint:exhaustive // other kinds cannot be nil
	case reflect.Pointer, reflect.Func, reflect.Map, reflect.Slice, reflect.Chan:
		if value.IsNil() {
			return fmt.Errorf("%s is a nil %T: set %[1]s to one that a constructor has made, and check the error of that", option, v)
		}
	}
	if t := empty(value); t != nil {
		return fmt.Errorf("%s is an empty %s, which cannot work: set %[1]s to one that a constructor of package %[3]s has made", option, t, t.PkgPath())
	}
	return nil
}

// empty returns the type of a zero value that its package would have had to make, or nil. It also
// looks at what an app's own type embeds.
func empty(v reflect.Value) reflect.Type {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		if v.IsNil() {
			if v.Kind() == reflect.Pointer && needsConstructor(v.Type().Elem()) {
				return v.Type().Elem()
			}
			return nil
		}
		v = v.Elem()
	}
	if v.Kind() != reflect.Struct {
		return nil
	}
	if needsConstructor(v.Type()) {
		if v.IsZero() {
			return v.Type()
		}
		return nil
	}
	for i := range v.NumField() {
		if v.Type().Field(i).Anonymous {
			if t := empty(v.Field(i)); t != nil {
				return t
			}
		}
	}
	return nil
}

// module is the path of this module, with a slash.
var module = strings.TrimSuffix(reflect.TypeFor[Keeper]().PkgPath(), "ginauth/internal/pairing")

// needsConstructor says whether a type is of this module, or a slog.Logger, and has something that
// only its package can set.
func needsConstructor(t reflect.Type) bool {
	path, ours := strings.CutPrefix(t.PkgPath(), module)
	ours = ours && (strings.HasPrefix(path, "ginauth") || strings.HasPrefix(path, "store")) && !strings.HasSuffix(path, "_test")
	if !ours && t.PkgPath() != "log/slog" || t.Kind() != reflect.Struct {
		return false
	}
	for i := range t.NumField() {
		if f := t.Field(i); !f.IsExported() || f.Anonymous && needsConstructor(deref(f.Type)) {
			return true
		}
	}
	return false
}

func deref(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}
