package codec

import (
	"cmp"
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
	"time"
)

const (
	// maxDepth bounds the nesting of lists and maps, and ends a list that holds itself.
	maxDepth = 32
	// maxSize bounds what Encode writes, in bytes: lists that share parts can grow as 2^maxDepth.
	maxSize = 1 << 20
)

// Encode returns v as JSON that Decode gives back. It changes nothing in v and keeps nothing of
// it. The error is an *UnsupportedError: the type is not built in and not registered, lists and
// maps are nested deeper than 32, a year does not fit, or the text exceeds 1 MiB. It is
// safe for concurrent use while nobody writes to v.
func Encode(v any) (json.RawMessage, error) {
	size := 32
	if s, ok := v.(string); ok {
		size = len(s) + 2
	}
	raw, err := appendAny(make([]byte, 0, size), v, 0)
	if err != nil {
		return nil, err
	}
	if len(raw) > maxSize {
		return nil, tooLarge(reflect.TypeOf(v))
	}
	return raw, nil
}

func tooLarge(t reflect.Type) error {
	return &UnsupportedError{t.String(), "it is larger than 1 MiB"}
}

func unsupported(v any, reason string) error {
	return &UnsupportedError{Type: reflect.TypeOf(v).String(), Reason: reason}
}

// appendAny writes a value with the name of its type.
func appendAny(dst []byte, v any, depth int) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(dst, "null"...), nil
	case bool:
		return strconv.AppendBool(dst, v), nil
	case string:
		return appendText(dst, v), nil
	}
	t := reflect.TypeOf(v)
	name, ok := nameOf(t)
	switch {
	case !ok && t.Kind() == reflect.Pointer:
		return appendPointer(dst, v)
	case !ok:
		return appendRegistered(dst, t, v)
	}
	dst = append(dst, `{"`...)
	dst = append(dst, name...)
	dst = append(dst, `":`...)
	dst, err := appendBare(dst, reflect.ValueOf(v), depth)
	return append(dst, '}'), err
}

// appendBare writes a value whose type the reader knows.
func appendBare(dst []byte, v reflect.Value, depth int) ([]byte, error) {
	switch v.Kind() {
	case reflect.Interface:
		return appendAny(dst, v.Interface(), depth)
	case reflect.String:
		return appendText(dst, v.String()), nil
	case reflect.Bool:
		return strconv.AppendBool(dst, v.Bool()), nil
	case reflect.Struct:
		t, _ := v.Interface().(time.Time) // the only struct with a name of ours
		dst, err := appendTime(append(dst, '"'), t)
		return append(dst, '"'), err
	case reflect.Slice, reflect.Map:
		return appendCompound(dst, v, depth)
	default:
		dst = appendNumber(append(dst, '"'), v)
		return append(dst, '"'), nil
	}
}

func appendCompound(dst []byte, v reflect.Value, depth int) ([]byte, error) {
	if v.IsNil() {
		return append(dst, "null"...), nil
	}
	if v.Type() == bytesType {
		return appendBase64(dst, v.Bytes()), nil
	}
	if depth >= maxDepth {
		return nil, &UnsupportedError{v.Type().String(), "it is nested deeper than 32 lists and maps"}
	}
	if v.Kind() == reflect.Map {
		return appendMap(dst, v, depth)
	}
	return appendList(dst, v, depth)
}

func appendList(dst []byte, v reflect.Value, depth int) ([]byte, error) {
	dst = append(dst, '[')
	for i := range v.Len() {
		if i > 0 {
			dst = append(dst, ',')
		}
		var err error
		if dst, err = appendBare(dst, v.Index(i), depth+1); err != nil {
			return nil, err
		}
		if len(dst) > maxSize {
			return nil, tooLarge(v.Type())
		}
	}
	return append(dst, ']'), nil
}

func appendMap(dst []byte, v reflect.Value, depth int) ([]byte, error) {
	type entry struct {
		key   string
		value reflect.Value
	}
	entries := make([]entry, 0, v.Len())
	for it := v.MapRange(); it.Next(); {
		key, err := Key(it.Key().Interface())
		if err != nil {
			return nil, err
		}
		entries = append(entries, entry{key, it.Value()})
	}
	slices.SortFunc(entries, func(a, b entry) int { // the order of jsonb
		return cmp.Or(cmp.Compare(len(a.key), len(b.key)), cmp.Compare(a.key, b.key))
	})
	dst = append(dst, '{')
	for i, e := range entries {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendQuoted(dst, e.key), ':')
		var err error
		if dst, err = appendBare(dst, e.value, depth+1); err != nil {
			return nil, err
		}
		if len(dst) > maxSize {
			return nil, tooLarge(v.Type())
		}
	}
	return append(dst, '}'), nil
}
