package codec

import (
	"bytes"
	"encoding/json"
)

// Equal says whether two encoded values are the same, whatever spaces, order and
// escapes jsonb gave to one of them. It may call a registered value changed when jsonb spelled a
// number in it anew, but never the other way round. What is not JSON equals nothing else.
func Equal(a, b json.RawMessage) bool {
	if bytes.Equal(a, b) {
		return true
	}
	x, okA := sorted(a)
	y, okB := sorted(b)
	return okA && okB && bytes.Equal(x, y)
}

// sorted writes JSON anew, with keys in order and numbers as they were.
func sorted(raw json.RawMessage) ([]byte, bool) {
	if !json.Valid(raw) {
		return nil, false
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, false
	}
	again, err := json.Marshal(v)
	return again, err == nil
}
