package codec

import (
	"reflect"
	"strconv"
)

// appendNumber writes a number without loss. Its type is written elsewhere.
func appendNumber(dst []byte, v reflect.Value) []byte {
	switch {
	case v.CanInt():
		return strconv.AppendInt(dst, v.Int(), 10)
	case v.CanUint():
		return strconv.AppendUint(dst, v.Uint(), 10)
	}
	return strconv.AppendFloat(dst, v.Float(), 'g', -1, v.Type().Bits())
}

// parseNumber sets v to what appendNumber wrote, and accepts no other spelling.
func parseNumber(v reflect.Value, s string) error {
	bits := v.Type().Bits()
	switch {
	case v.CanInt():
		n, err := strconv.ParseInt(s, 10, bits)
		if err != nil {
			return ErrCorrupt
		}
		v.SetInt(n)
	case v.CanUint():
		n, err := strconv.ParseUint(s, 10, bits)
		if err != nil {
			return ErrCorrupt
		}
		v.SetUint(n)
	default:
		n, err := strconv.ParseFloat(s, bits)
		if err != nil {
			return ErrCorrupt
		}
		v.SetFloat(n)
	}
	var buf [32]byte
	if string(appendNumber(buf[:0], v)) != s {
		return ErrCorrupt
	}
	return nil
}
