package jwt

import (
	"encoding/json"
	"errors"
	"unicode/utf8"
)

// maxMembers bounds what a header or a set of claims may hold.
const maxMembers = 64

var (
	errNotObject = errors.New("it is not one JSON object")
	errDuplicate = errors.New("a name occurs twice")
	errMembers   = errors.New("it has too many members")
)

// members calls each for every member of a JSON object. encoding/json by itself would take the last
// of two equal names, and "ALG" for "alg". It checks the syntax; what is left is to find where
// members begin and end, which costs no allocation here.
func members(data []byte, each func(name string, value json.RawMessage) error) error {
	at := skipBlanks(data, 0)
	if !utf8.Valid(data) || !json.Valid(data) || data[at] != '{' {
		return errNotObject
	}
	seen := make([]string, 0, 16)
	for at = skipBlanks(data, at+1); data[at] != '}'; at = skipBlanks(data, at) {
		if data[at] == ',' {
			at = skipBlanks(data, at+1)
		}
		end := endOfValue(data, at)
		name, err := text(data[at:end])
		if err != nil {
			return err
		}
		for _, before := range seen {
			if before == name {
				return errDuplicate
			}
		}
		if seen = append(seen, name); len(seen) > maxMembers {
			return errMembers
		}
		at = skipBlanks(data, skipBlanks(data, end)+1) // behind the colon
		end = endOfValue(data, at)
		if err := each(name, data[at:end:end]); err != nil {
			return err
		}
		at = end
	}
	return nil
}

func skipBlanks(data []byte, at int) int {
	for at < len(data) && (data[at] == ' ' || data[at] == '\t' || data[at] == '\n' || data[at] == '\r') {
		at++
	}
	return at
}

// endOfValue is where the value that begins at a place of valid JSON ends.
func endOfValue(data []byte, at int) int {
	depth := 0
	for at < len(data) {
		switch data[at] {
		case '"':
			at = endOfText(data, at)
			if depth == 0 {
				return at
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return at + 1
			}
			if depth < 0 {
				return at
			}
		case ',', ' ', '\t', '\n', '\r':
			if depth == 0 {
				return at
			}
		}
		at++
	}
	return at
}

func endOfText(data []byte, at int) int {
	for at++; data[at] != '"'; at++ {
		if data[at] == '\\' {
			at++
		}
	}
	return at + 1
}

var errNotText = errors.New("it has a member that should be text")

// text reads a valid JSON value that is a string, and nothing else.
func text(value json.RawMessage) (string, error) {
	if len(value) < 2 || value[0] != '"' {
		return "", errNotText
	}
	for _, c := range value {
		if c == '\\' {
			var s string
			if err := json.Unmarshal(value, &s); err != nil {
				return "", errNotText
			}
			return s, nil
		}
	}
	return string(value[1 : len(value)-1]), nil
}
