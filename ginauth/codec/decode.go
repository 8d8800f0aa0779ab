package codec

import (
	"encoding/json"
	"reflect"
	"unicode/utf8"
)

// Decode returns the value that Encode was given. It takes the text as Encode wrote it or as
// PostgreSQL returns it from jsonb, and gives ErrCorrupt for anything that Encode would not have
// written. It takes memory in proportion to the text, keeps nothing of it, and
// never panics unless an UnmarshalJSON of the app does.
func Decode(raw json.RawMessage) (any, error) {
	if !utf8.Valid(raw) || !json.Valid(raw) {
		return nil, ErrCorrupt
	}
	r := reader{raw: raw}
	return r.tagged(0)
}

// tagged reads what appendAny writes.
func (r *reader) tagged(depth int) (any, error) {
	switch r.next() {
	case 'n':
		r.pos += len("null")
		return nil, nil //nolint:nilnil // null is nil
	case 't', 'f':
		return r.boolean()
	case '"':
		return r.storedText()
	case '{':
	default:
		return nil, ErrCorrupt
	}
	name, err := r.openTag()
	if err != nil {
		return nil, err
	}
	v, err := r.named(name, depth)
	if err != nil {
		return nil, err
	}
	if !r.take('}') { // a second key
		return nil, ErrCorrupt
	}
	return v, nil
}

func (r *reader) named(name string, depth int) (any, error) {
	if name == "string64" {
		return r.text64()
	}
	if t, ok := typeOf(name); ok {
		v := reflect.New(t).Elem()
		if err := r.bare(v, depth); err != nil {
			return nil, err
		}
		return v.Interface(), nil
	}
	if name == pointerName {
		return r.pointer()
	}
	p, err := r.registered(name)
	if err != nil {
		return nil, err
	}
	return p.Elem().Interface(), nil
}

// bare reads what appendBare writes.
func (r *reader) bare(v reflect.Value, depth int) error {
	switch v.Kind() {
	case reflect.Interface:
		x, err := r.tagged(depth)
		if x != nil {
			v.Set(reflect.ValueOf(x))
		}
		return err
	case reflect.String:
		s, err := r.anyText()
		v.SetString(s)
		return err
	case reflect.Bool:
		b, err := r.boolean()
		v.SetBool(b)
		return err
	case reflect.Slice, reflect.Map:
		return r.compound(v, depth)
	default: // a number, or the only struct with a name of ours
		s, err := r.text()
		if err != nil {
			return err
		}
		if v.Kind() != reflect.Struct {
			return parseNumber(v, s)
		}
		t, err := parseTime(s)
		v.Set(reflect.ValueOf(t))
		return err
	}
}

func (r *reader) compound(v reflect.Value, depth int) error {
	switch first := r.next(); {
	case first == 'n':
		r.pos += len("null")
		return nil
	case v.Type() == bytesType:
		s, err := r.text()
		if err != nil {
			return err
		}
		b, err := parseBase64(s)
		v.SetBytes(b)
		return err
	case depth >= maxDepth:
		return ErrCorrupt
	case v.Kind() == reflect.Slice && first == '[':
		return r.list(v, depth)
	case v.Kind() == reflect.Map && first == '{':
		return r.dict(v, depth)
	}
	return ErrCorrupt
}

func (r *reader) list(v reflect.Value, depth int) error {
	r.pos++
	v.Set(reflect.MakeSlice(v.Type(), 0, 0))
	for n := 0; !r.take(']'); n++ {
		r.take(',')
		if n == v.Cap() {
			v.Grow(1)
		}
		v.SetLen(n + 1)
		if err := r.bare(v.Index(n), depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) dict(v reflect.Value, depth int) error {
	r.pos++
	v.Set(reflect.MakeMap(v.Type()))
	for n := 1; !r.take('}'); n++ {
		r.take(',')
		s, err := r.text()
		if err != nil {
			return err
		}
		k, err := ParseKey(s)
		if err != nil {
			return err
		}
		key := reflect.ValueOf(k)
		if !key.Type().AssignableTo(v.Type().Key()) {
			return ErrCorrupt
		}
		r.take(':')
		elem := reflect.New(v.Type().Elem()).Elem()
		if err := r.bare(elem, depth+1); err != nil {
			return err
		}
		v.SetMapIndex(key, elem)
		if v.Len() != n { // a key that was there
			return ErrCorrupt
		}
	}
	return nil
}
