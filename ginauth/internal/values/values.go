// Package values has the values of a session and the changes of a request.
package values

import (
	"encoding/json"
	"fmt"
	"maps"

	"github.com/ginauth/ginauth/ginauth/codec"
)

// Values are a session's stored values and the changes of this request. Only the difference is
// written, so that parallel requests keep each other's keys.
type Values struct {
	raw    json.RawMessage            // as stored
	stored map[string]json.RawMessage // raw, decoded at the first use
	set    map[string]json.RawMessage
	unset  map[string]bool
	// own is everything that this request has set, even if the same is stored or was saved already.
	// A new session takes only these values along (SEC-65, SEC-191).
	own map[string]json.RawMessage
}

// Changed says whether there is something to write.
func (v *Values) Changed() bool { return len(v.set) > 0 || len(v.unset) > 0 }

func (v *Values) open() error {
	if v.stored != nil {
		return nil
	}
	stored := map[string]json.RawMessage{}
	if len(v.raw) > 0 {
		if err := json.Unmarshal(v.raw, &stored); err != nil {
			return fmt.Errorf("reading a session's values: %w", codec.ErrCorrupt)
		}
	}
	v.stored = stored
	return nil
}

// Get returns nil for a key that has no value.
func (v *Values) Get(key string) (any, error) {
	raw, ok := v.set[key]
	if !ok && !v.unset[key] {
		if err := v.open(); err != nil {
			return nil, err
		}
		raw, ok = v.stored[key]
	}
	if !ok {
		return nil, nil //nolint:nilnil // gin-contrib/sessions answers nil for a missing key
	}
	return codec.Decode(raw)
}

// Put sets a value. Its error says that the value has no form in JSON.
func (v *Values) Put(key string, value any) error {
	raw, err := codec.Encode(value)
	if err != nil {
		return err
	}
	delete(v.unset, key)
	if v.own == nil {
		v.own = map[string]json.RawMessage{}
	}
	v.own[key] = raw
	if before, ok := v.stored[key]; ok && codec.Equal(before, raw) {
		delete(v.set, key)
		return nil
	}
	if v.set == nil {
		v.set = map[string]json.RawMessage{}
	}
	v.set[key] = raw
	return nil
}

// Remove removes a value, whether or not there is one.
func (v *Values) Remove(key string) {
	delete(v.set, key)
	delete(v.own, key)
	if v.stored != nil {
		if _, ok := v.stored[key]; !ok {
			return
		}
	}
	if v.unset == nil {
		v.unset = map[string]bool{}
	}
	v.unset[key] = true
}

// RemoveAll removes every value.
func (v *Values) RemoveAll() error {
	if err := v.open(); err != nil {
		return err
	}
	v.set, v.own = nil, nil
	for key := range v.stored {
		v.Remove(key)
	}
	return nil
}

// All returns every value under its key.
func (v *Values) All() (map[any]any, error) {
	if err := v.open(); err != nil {
		return nil, err
	}
	now := maps.Clone(v.stored)
	maps.Copy(now, v.set)
	maps.DeleteFunc(now, func(key string, _ json.RawMessage) bool { return v.unset[key] })
	values := make(map[any]any, len(now))
	for name, raw := range now {
		key, err := codec.ParseKey(name)
		if err != nil {
			return nil, err
		}
		if values[key], err = codec.Decode(raw); err != nil {
			return nil, err
		}
	}
	return values, nil
}

// Differs says whether the stored value of one of these keys differs from this request's.
func (v *Values) Differs(among func(key string) bool) bool {
	if v.open() != nil {
		return true
	}
	for key, after := range v.set {
		if before, had := v.stored[key]; among(key) && (!had || !codec.Equal(before, after)) {
			return true
		}
	}
	for key := range v.unset {
		if _, had := v.stored[key]; among(key) && had {
			return true
		}
	}
	return false
}

// Saved removes changes that are stored now.
func (v *Values) Saved() { *v = Values{own: v.own} }

// Read sets the stored values and keeps this request's changes.
func (v *Values) Read(raw json.RawMessage) { v.raw, v.stored = raw, nil }

// Delta returns what the store has to change: an object of keys to write, and keys to remove.
func (v *Values) Delta() (set json.RawMessage, unset []string) {
	for key := range v.unset {
		unset = append(unset, key)
	}
	return object(v.set), unset
}

// Sets says whether the request has set a value that the store does not have.
func (v *Values) Sets() bool { return len(v.set) > 0 }

// Own returns everything that the request has set, as an object.
func (v *Values) Own() json.RawMessage { return object(v.own) }

// Anew returns values for a new session, which has what the request has set.
func (v *Values) Anew() Values { return Values{own: v.own, set: maps.Clone(v.own)} }

func object(of map[string]json.RawMessage) json.RawMessage {
	if len(of) == 0 {
		return nil
	}
	text, _ := json.Marshal(of) // every value is valid JSON already
	return text
}
