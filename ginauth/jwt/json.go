package jwt

import (
	"bytes"
	"encoding/json"
	"errors"
	"unicode/utf8"
)

// maxMembers is the maximum number of members of a header or a set of claims.
const maxMembers = 64

var (
	errNotObject = errors.New("it is not one JSON object")
	errDuplicate = errors.New("a name occurs twice")
	errMembers   = errors.New("it has too many members")
)

// members calls each for every member of a JSON object. encoding/json alone would take the last of
// two equal names, and "ALG" for "alg". It checks the syntax first, so that finding members needs
// no allocation.
func members(data []byte, each func(name []byte, value json.RawMessage) error) error {
	at := skipBlanks(data, 0)
	if !utf8.Valid(data) || !json.Valid(data) || data[at] != '{' {
		return errNotObject
	}
	seen := make([][]byte, 0, 16)
	for w := (walk{data, at + 1}); w.more(); {
		name, value, err := w.next()
		if err != nil {
			return err
		}
		for _, before := range seen {
			if bytes.Equal(before, name) {
				return errDuplicate
			}
		}
		if seen = append(seen, name); len(seen) > maxMembers {
			return errMembers
		}
		if err := each(name, value); err != nil {
			return err
		}
	}
	return nil
}

// walk steps through the members of an object that members has checked.
type walk struct {
	data []byte
	at   int // behind the brace, or behind a value
}

// more moves to the next member and says whether there is one.
func (w *walk) more() bool {
	w.at = skipBlanks(w.data, w.at)
	if w.at < len(w.data) && w.data[w.at] == ',' {
		w.at = skipBlanks(w.data, w.at+1)
	}
	return w.at < len(w.data) && w.data[w.at] != '}'
}

func (w *walk) next() (name []byte, value json.RawMessage, err error) {
	end := endOfValue(w.data, w.at)
	name, err = rawText(w.data[w.at:end])
	begin := skipBlanks(w.data, skipBlanks(w.data, end)+1) // behind the colon
	w.at = endOfValue(w.data, begin)
	return name, w.data[begin:w.at:w.at], err
}

func skipBlanks(data []byte, at int) int {
	for at < len(data) && (data[at] == ' ' || data[at] == '\t' || data[at] == '\n' || data[at] == '\r') {
		at++
	}
	return at
}

// endOfValue returns the end of the value that begins at at, in valid JSON.
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

// text returns the text of a valid JSON value, which must be a string.
func text(value json.RawMessage) (string, error) {
	raw, err := rawText(value)
	return string(raw), err
}

// rawText is text without a copy, if possible.
func rawText(value json.RawMessage) ([]byte, error) {
	if len(value) < 2 || value[0] != '"' {
		return nil, errNotText
	}
	if bytes.IndexByte(value, '\\') < 0 {
		return value[1 : len(value)-1], nil
	}
	var s string
	if err := json.Unmarshal(value, &s); err != nil {
		return nil, errNotText
	}
	return []byte(s), nil
}
