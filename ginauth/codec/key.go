package codec

import (
	"encoding/base64"
	"reflect"
	"strconv"
	"strings"
)

// escape starts a key that is not a plain string: "~int:1".
const escape = "~"

// Key returns the text of a map's or session's key. Different keys have different text: a
// string is itself unless it starts with "~" or jsonb cannot hold it, and then, as every
// other key, it is "~type:text". Strings, bools and numbers of the types that Encode
// knows can be keys. A NaN, and anything else, is an *UnsupportedError.
func Key(k any) (string, error) {
	switch k := k.(type) {
	case nil:
		return "", &UnsupportedError{"nil", "it cannot be a key"}
	case string:
		return stringKey(k), nil
	case bool:
		return escape + "bool:" + strconv.FormatBool(k), nil
	}
	t := reflect.TypeOf(k)
	name := basicNames[t]
	if keyTypes[name] == nil {
		return "", unsupported(k, "it cannot be a key; strings, bools and numbers can")
	}
	v := reflect.ValueOf(k)
	if v.CanFloat() {
		switch f := v.Float(); {
		case f != f:
			return "", unsupported(k, "a NaN cannot be a key: it equals no other")
		case f == 0:
			v = reflect.Zero(t) // a negative zero is the same key
		}
	}
	buf := make([]byte, 0, 32)
	buf = append(buf, escape...)
	buf = append(buf, name...)
	buf = append(buf, ':')
	return string(appendNumber(buf, v)), nil
}

func stringKey(s string) string {
	switch {
	case !storable(s):
		return escape + "string64:" + base64.StdEncoding.EncodeToString([]byte(s))
	case strings.HasPrefix(s, escape):
		return escape + "string:" + s
	}
	return s
}

// ParseKey returns the key that Key was given, with its type, or ErrCorrupt for text that
// Key does not give.
func ParseKey(s string) (any, error) {
	if !storable(s) {
		return nil, ErrCorrupt
	}
	escaped, ok := strings.CutPrefix(s, escape)
	if !ok {
		return s, nil
	}
	name, text, ok := strings.Cut(escaped, ":")
	if !ok {
		return nil, ErrCorrupt
	}
	k, err := parseNamedKey(name, text)
	if err != nil {
		return nil, err
	}
	if again, err := Key(k); err != nil || again != s {
		return nil, ErrCorrupt
	}
	return k, nil
}

func parseNamedKey(name, text string) (any, error) {
	switch name {
	case "string":
		return text, nil
	case "string64":
		return parseText64(text)
	case "bool":
		return text == "true", nil // the caller compares
	case "any":
		return nil, ErrCorrupt
	}
	t := keyTypes[name]
	if t == nil {
		return nil, ErrCorrupt
	}
	v := reflect.New(t).Elem()
	if err := parseNumber(v, text); err != nil {
		return nil, err
	}
	return v.Interface(), nil
}
