package ginauth

import (
	"encoding/json"
	"fmt"

	"github.com/ginauth/ginauth/ginauth/codec"
)

// values are a session's values: those stored, and what this request did to them.
// Only the difference is written, so that parallel requests keep each other's keys.
type values struct {
	raw    json.RawMessage            // as stored
	stored map[string]json.RawMessage // raw, once somebody asked
	set    map[string]json.RawMessage
	unset  map[string]bool
}

func (v *values) changed() bool { return len(v.set) > 0 || len(v.unset) > 0 }

func (v *values) open() error {
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

// get returns nil for a key that has no value.
func (v *values) get(key string) (any, error) {
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

func (v *values) put(key string, value any) error {
	raw, err := codec.Encode(value)
	if err != nil {
		return err
	}
	delete(v.unset, key)
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

func (v *values) remove(key string) {
	delete(v.set, key)
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

func (v *values) removeAll() error {
	if err := v.open(); err != nil {
		return err
	}
	v.set = nil
	for key := range v.stored {
		v.remove(key)
	}
	return nil
}

func (v *values) setJSON() json.RawMessage {
	if len(v.set) == 0 {
		return nil
	}
	object, _ := json.Marshal(v.set) // every value is valid JSON already
	return object
}

func (v *values) unsetKeys() []string {
	if len(v.unset) == 0 {
		return nil
	}
	keys := make([]string, 0, len(v.unset))
	for key := range v.unset {
		keys = append(keys, key)
	}
	return keys
}
