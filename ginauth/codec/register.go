package codec

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

// Before the name of an app's own type. The second kind holds the JSON text in base64, because
// jsonb would refuse it.
const (
	registeredPrefix   = "registered:"
	registered64Prefix = "registered64:"
)

// pointerName is before a pointer to a registered type.
const pointerName = "pointer"

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
// T is stored where it is a T or a *T: not a []T or a map of T unless that is registered too.
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

func registeredName(t reflect.Type) (string, bool) {
	registry.RLock()
	defer registry.RUnlock()
	name, ok := registry.names[t]
	return name, ok
}

func registeredType(name string) (reflect.Type, bool) {
	registry.RLock()
	defer registry.RUnlock()
	t, ok := registry.types[name]
	return t, ok
}

// appendRegistered writes v, which is a t or a pointer to one.
func appendRegistered(dst []byte, t reflect.Type, v any) ([]byte, error) {
	name, ok := registeredName(t)
	if !ok {
		return nil, unsupported(v, "the type is not built in; call codec.Register["+t.String()+"] with a name for it while the program starts")
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

// appendPointer writes a pointer to a registered type; one that is nil is the type's name alone.
func appendPointer(dst []byte, v any) ([]byte, error) {
	p := reflect.ValueOf(v)
	t := p.Type().Elem()
	if _, builtIn := nameOf(t); builtIn || slices.Contains(refusedKinds, t.Kind()) {
		return nil, unsupported(v, "of pointers, only those to registered types can be stored; store the value that it points to")
	}
	dst = append(dst, `{"`+pointerName+`":`...)
	var err error
	if name, ok := registeredName(t); ok && p.IsNil() {
		dst = append(dst, `"`+name+`"`...)
	} else {
		dst, err = appendRegistered(dst, t, v)
	}
	return append(dst, '}'), err
}

// jsonbTakes says whether jsonb can hold valid JSON text with these escapes.
func jsonbTakes(raw []byte, found escapes) bool {
	return !found.null && !found.surrogate && utf8.Valid(raw)
}

// registered reads what appendRegistered writes, and returns a pointer to it.
func (r *reader) registered(tag string) (reflect.Value, error) {
	if name, ok := strings.CutPrefix(tag, registeredPrefix); ok {
		raw := r.body()
		if !jsonbTakes(raw, findEscapes(raw)) {
			return reflect.Value{}, ErrCorrupt
		}
		return decodeRegistered(name, raw)
	}
	name, ok := strings.CutPrefix(tag, registered64Prefix)
	if !ok {
		return reflect.Value{}, ErrCorrupt
	}
	s, err := r.text()
	if err != nil {
		return reflect.Value{}, err
	}
	raw, err := parseBase64(s)
	if err != nil || !json.Valid(raw) || jsonbTakes(raw, findEscapes(raw)) {
		return reflect.Value{}, ErrCorrupt
	}
	return decodeRegistered(name, raw)
}

// pointer reads what appendPointer writes.
func (r *reader) pointer() (any, error) {
	switch r.next() {
	case '"':
		name, err := r.text()
		if err != nil {
			return nil, err
		}
		t, ok := registeredType(name)
		if !ok {
			return nil, errNotRegistered
		}
		return reflect.Zero(reflect.PointerTo(t)).Interface(), nil
	case '{':
	default:
		return nil, ErrCorrupt
	}
	tag, err := r.openTag()
	if err != nil {
		return nil, err
	}
	p, err := r.registered(tag)
	if err != nil {
		return nil, err
	}
	if !r.take('}') {
		return nil, ErrCorrupt
	}
	return p.Interface(), nil
}

var errNotRegistered = fmt.Errorf("%w: no type is registered under its name", ErrCorrupt)

func decodeRegistered(name string, raw json.RawMessage) (reflect.Value, error) {
	t, ok := registeredType(name)
	if !ok {
		return reflect.Value{}, errNotRegistered
	}
	v := reflect.New(t)
	if err := json.Unmarshal(raw, v.Interface()); err != nil {
		return reflect.Value{}, fmt.Errorf("%w: encoding/json cannot read it as a %s", ErrCorrupt, t)
	}
	return v, nil
}
