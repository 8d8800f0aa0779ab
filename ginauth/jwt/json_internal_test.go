package jwt

import (
	"bytes"
	"encoding/json"
	"testing"
)

// What is taken for an object is one to encoding/json, with the same members.
func FuzzMembers(f *testing.F) {
	for _, seed := range []string{
		`{}`, ` { "a" : 1 , "b":"x\"}" } `, `{"a":{"b":[1,"]}"]},"c":null}`, `{"a":1,"a":2}`, `{"\u0061":1,"a":2}`,
		`[]`, `{"a":1}x`, `{"a":1`, `{"":-1.5e3,"é":true}`, "{\"a\":\"\xff\"}", `{"a\\":"\\"}`, `{"a":[],"b":{}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		found := map[string]json.RawMessage{}
		err := members(data, func(name []byte, value json.RawMessage) error {
			found[string(name)] = value
			return nil
		})
		var want map[string]json.RawMessage
		theirs := json.Unmarshal(data, &want)
		if err != nil {
			return
		}
		if theirs != nil || len(want) != len(found) {
			t.Fatalf("%q: %v, %d and %d members", data, theirs, len(found), len(want))
		}
		for name, value := range want {
			if !bytes.Equal(value, found[name]) {
				t.Errorf("%q: %q is %q and %q", data, name, found[name], value)
			}
		}
	})
}

func TestMembersAreFoundAsEncodingJSONFindsThem(t *testing.T) {
	t.Parallel()
	for data, want := range map[string]int{
		`{}`: 0, ` { "a" : 1 , "b":"x\"}" } `: 2, `{"a":{"b":[1,"]}"]},"c":null}`: 2, `{"a\\":"\\","b":[]}`: 2,
		`{"a":1,"a":2}`: -1, `{"\u0061":1,"a":2}`: -1, `[]`: -1, `{"a":1}x`: -1, ``: -1, `null`: -1, "{\"a\":\"\xff\"}": -1,
	} {
		n := 0
		err := members([]byte(data), func([]byte, json.RawMessage) error { n++; return nil })
		if (err != nil) != (want < 0) || err == nil && n != want {
			t.Errorf("%q: %d, %v", data, n, err)
		}
	}
}
