package jwt

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

// maxMembers bounds what a header or a set of claims may hold.
const maxMembers = 64

var (
	errNotObject = errors.New("it is not one JSON object")
	errDuplicate = errors.New("a name occurs twice")
	errMembers   = errors.New("it has too many members")
)

// members calls each for every member of a JSON object. encoding/json by itself would take the last
// of two equal names, and "ALG" for "alg".
func members(data []byte, each func(name string, value json.RawMessage) error) error {
	d := json.NewDecoder(bytes.NewReader(data))
	if start, err := d.Token(); err != nil || start != json.Delim('{') {
		return errNotObject
	}
	seen := make([]string, 0, 12)
	for d.More() {
		token, err := d.Token()
		name, ok := token.(string)
		if err != nil || !ok {
			return errNotObject
		}
		for _, before := range seen {
			if before == name {
				return errDuplicate
			}
		}
		if seen = append(seen, name); len(seen) > maxMembers {
			return errMembers
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return errNotObject
		}
		if err := each(name, value); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return errNotObject
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errNotObject
	}
	return nil
}

var errNotText = errors.New("it has a member that should be text")

// text reads a JSON string, and nothing else.
func text(value json.RawMessage) (string, error) {
	if len(value) == 0 || value[0] != '"' {
		return "", errNotText
	}
	var s string
	if err := json.Unmarshal(value, &s); err != nil {
		return "", errNotText
	}
	return s, nil
}
