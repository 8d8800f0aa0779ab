package codec

import (
	"bytes"
	"encoding/json"
	"strings"
)

// reader walks through JSON that is known to be valid, and so never reads past the end.
type reader struct {
	raw []byte
	pos int
}

// next skips blanks and returns the byte after them.
func (r *reader) next() byte {
	for {
		switch c := r.raw[r.pos]; c {
		case ' ', '\t', '\n', '\r':
			r.pos++
		default:
			return c
		}
	}
}

// take skips c if it is next.
func (r *reader) take(c byte) bool {
	if r.next() != c {
		return false
	}
	r.pos++
	return true
}

// openTag reads the only key of an object, and the colon.
func (r *reader) openTag() (string, error) {
	r.pos++
	name, err := r.text()
	if err == nil {
		r.take(':')
	}
	return name, err
}

func (r *reader) boolean() (bool, error) {
	switch r.next() {
	case 't':
		r.pos += len("true")
		return true, nil
	case 'f':
		r.pos += len("false")
		return false, nil
	}
	return false, ErrCorrupt
}

// skipText passes over a string and returns it with its quotes.
func (r *reader) skipText() []byte {
	start := r.pos
	for r.pos++; r.raw[r.pos] != '"'; r.pos++ {
		if r.raw[r.pos] == '\\' {
			r.pos++
		}
	}
	r.pos++
	return r.raw[start:r.pos]
}

// text reads a plain string. A NUL or half a surrogate pair is never written as one.
func (r *reader) text() (string, error) {
	if r.next() != '"' {
		return "", ErrCorrupt
	}
	quoted := r.skipText()
	if bytes.IndexByte(quoted, '\\') < 0 {
		return string(quoted[1 : len(quoted)-1]), nil
	}
	if e := findEscapes(quoted); e.null || e.surrogate {
		return "", ErrCorrupt
	}
	var s string
	if err := json.Unmarshal(quoted, &s); err != nil {
		return "", ErrCorrupt
	}
	return s, nil
}

func (r *reader) storedText() (any, error) {
	s, err := r.text()
	if err != nil {
		return nil, err
	}
	return s, nil
}

func (r *reader) text64() (string, error) {
	s, err := r.text()
	if err != nil {
		return "", err
	}
	return parseText64(s)
}

// anyText reads what appendText writes.
func (r *reader) anyText() (string, error) {
	if r.next() != '{' {
		return r.text()
	}
	name, err := r.openTag()
	if err != nil || name != "string64" {
		return "", ErrCorrupt
	}
	s, err := r.text64()
	if err != nil || !r.take('}') {
		return "", ErrCorrupt
	}
	return s, nil
}

// body passes over a value of any shape and returns it.
func (r *reader) body() json.RawMessage {
	r.next()
	start := r.pos
	for depth := 0; ; {
		switch r.raw[r.pos] {
		case '"':
			r.skipText()
		case '{', '[':
			depth++
			r.pos++
		case '}', ']':
			depth--
			r.pos++
		default:
			r.pos++
		}
		if depth == 0 && (r.pos == len(r.raw) || strings.IndexByte("]},: \t\r\n", r.raw[r.pos]) >= 0) {
			return r.raw[start:r.pos]
		}
	}
}

// escapes are those in JSON text that jsonb refuses, or that hide a loss.
type escapes struct {
	null        bool // \u0000
	surrogate   bool // half of a pair, or a whole one, which nothing here writes
	replacement bool // \ufffd, which encoding/json writes in place of what is not UTF-8
}

func findEscapes(raw []byte) (e escapes) {
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			continue
		}
		i++
		if raw[i] != 'u' {
			continue
		}
		code := strings.ToLower(string(raw[i+1 : i+5]))
		e.null = e.null || code == "0000"
		e.surrogate = e.surrogate || code[0] == 'd' && code[1] >= '8'
		e.replacement = e.replacement || code == "fffd"
		i += 4
	}
	return e
}
