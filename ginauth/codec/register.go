package codec

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"unicode/utf8"
)

// Before the name of an app's own type. The second kind holds the JSON text in base64, because
// jsonb would refuse it.
const (
	registeredPrefix   = "registered:"
	registered64Prefix = "registered64:"
)

// maxTypeName bounds the names that apps give, in bytes.
const maxTypeName = 64

// refusedKinds can never be registered.
var refusedKinds = []reflect.Kind{
	reflect.Pointer, reflect.Interface, reflect.Func, reflect.Chan, reflect.UnsafePointer, reflect.Complex64, reflect.Complex128,
}

// registry holds the app's own types. It is process-wide, as gob's: the name of a type must
// mean the same for every session in the database.
var registry struct {
	sync.RWMutex
	names map[reflect.Type]string
	types map[string]reflect.Type
}

// Register lets values of type T be stored by encoding/json, under a name that stays the same
// as long as sessions live: 1 to 64 ASCII letters, digits, dots, dashes, slashes and underscores.
// T is stored where it is a T: not a *T, and not a []T unless that is registered too.
//
// Call it while the program starts, before sessions are read. The registry is process-wide and
// safe for concurrent use. To register the same type under the same name again changes
// nothing. Register panics when the name or the type is taken by another, when the name breaks
// the rule above, and for a T that is built in or can never be stored: a pointer,
// an interface, a function, a channel, a complex number.
func Register[T any](name string) {
	if err := register(reflect.TypeFor[T](), name); err != nil {
		panic(err) //nolint:forbidigo // at start-up, as documented
	}
}

func register(t reflect.Type, name string) error {
	if !goodTypeName(name) {
		return fmt.Errorf("codec.Register: the name for %s is not 1 to %d ASCII letters, digits, dots, dashes, slashes and underscores", t, maxTypeName)
	}
	if slices.Contains(refusedKinds, t.Kind()) {
		return fmt.Errorf("codec.Register: a %s cannot be stored (register the value, not a pointer to it)", t)
	}
	if _, builtIn := nameOf(t); builtIn {
		return fmt.Errorf("codec.Register: %s is built in and needs no name", t)
	}
	registry.Lock()
	defer registry.Unlock()
	if known, ok := registry.types[name]; ok && known != t {
		return fmt.Errorf("codec.Register: the name %q is taken by %s and cannot be that of %s", name, known, t)
	}
	if known, ok := registry.names[t]; ok && known != name {
		return fmt.Errorf("codec.Register: %s is registered as %q and cannot be %q too", t, known, name)
	}
	if registry.names == nil {
		registry.names = map[reflect.Type]string{}
		registry.types = map[string]reflect.Type{}
	}
	registry.names[t], registry.types[name] = name, t
	return nil
}

// goodTypeName keeps names apart from the JSON around them.
func goodTypeName(name string) bool {
	for i := range len(name) {
		c := name[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (c < '-' || c > '9') && c != '_' { // - . / 0-9
			return false
		}
	}
	return name != "" && len(name) <= maxTypeName
}

func appendRegistered(dst []byte, v any) ([]byte, error) {
	registry.RLock()
	name, ok := registry.names[reflect.TypeOf(v)]
	registry.RUnlock()
	if !ok {
		return nil, unsupported(v, "the type is not built in; codec.Register makes a type of the app storable")
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil { // its text may hold the value
		return nil, unsupported(v, "encoding/json cannot write it")
	}
	raw := bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	found := findEscapes(raw)
	if found.replacement {
		return nil, unsupported(v, "it holds text that is not UTF-8, which encoding/json would alter")
	}
	prefix := registeredPrefix
	if !jsonbTakes(raw, found) {
		prefix = registered64Prefix
		raw = appendBase64(nil, raw)
	}
	dst = append(dst, `{"`...)
	dst = append(dst, prefix...)
	dst = append(dst, name...)
	dst = append(dst, `":`...)
	dst = append(dst, raw...)
	return append(dst, '}'), nil
}

// jsonbTakes says whether jsonb can hold valid JSON text with these escapes.
func jsonbTakes(raw []byte, found escapes) bool {
	return !found.null && !found.surrogate && utf8.Valid(raw)
}

func (r *reader) registered(name string) (any, error) {
	raw := r.body()
	if !jsonbTakes(raw, findEscapes(raw)) {
		return nil, ErrCorrupt
	}
	return decodeRegistered(name, raw)
}

func (r *reader) registered64(name string) (any, error) {
	s, err := r.text()
	if err != nil {
		return nil, err
	}
	raw, err := parseBase64(s)
	if err != nil || !json.Valid(raw) || jsonbTakes(raw, findEscapes(raw)) {
		return nil, ErrCorrupt
	}
	return decodeRegistered(name, raw)
}

func decodeRegistered(name string, raw json.RawMessage) (any, error) {
	registry.RLock()
	t, ok := registry.types[name]
	registry.RUnlock()
	if !ok {
		return nil, fmt.Errorf("%w: no type is registered under its name", ErrCorrupt)
	}
	v := reflect.New(t)
	if err := json.Unmarshal(raw, v.Interface()); err != nil {
		return nil, fmt.Errorf("%w: encoding/json cannot read it as a %s", ErrCorrupt, t)
	}
	return v.Elem().Interface(), nil
}
