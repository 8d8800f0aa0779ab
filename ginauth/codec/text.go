package codec

import (
	"encoding/base64"
	"strings"
	"time"
	"unicode/utf8"
)

const hexDigits = "0123456789abcdef"

// storable says whether jsonb can hold s as text.
func storable(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }

// appendText writes a string in JSON.
func appendText(dst []byte, s string) []byte {
	if storable(s) {
		return appendQuoted(dst, s)
	}
	dst = append(dst, `{"string64":`...)
	return append(appendBase64(dst, []byte(s)), '}')
}

// appendQuoted escapes what PostgreSQL escapes when it writes jsonb, and nothing else.
func appendQuoted(dst []byte, s string) []byte {
	dst = append(dst, '"')
	start := 0
	for i := range len(s) {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, s[start:i]...)
		start = i + 1
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\b':
			dst = append(dst, `\b`...)
		case '\f':
			dst = append(dst, `\f`...)
		case '\n':
			dst = append(dst, `\n`...)
		case '\r':
			dst = append(dst, `\r`...)
		case '\t':
			dst = append(dst, `\t`...)
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	dst = append(dst, s[start:]...)
	return append(dst, '"')
}

func appendBase64(dst, b []byte) []byte {
	dst = append(dst, '"')
	dst = base64.StdEncoding.AppendEncode(dst, b)
	return append(dst, '"')
}

// parseBase64 accepts what appendBase64 writes, and no line breaks.
func parseBase64(s string) ([]byte, error) {
	b, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil || base64.StdEncoding.EncodedLen(len(b)) != len(s) {
		return nil, ErrCorrupt
	}
	return b, nil
}

// parseText64 accepts only text that needs it.
func parseText64(s string) (string, error) {
	b, err := parseBase64(s)
	if err != nil || storable(string(b)) {
		return "", ErrCorrupt
	}
	return string(b), nil
}

// appendTime writes RFC 3339, which knows no seconds in an offset.
func appendTime(dst []byte, t time.Time) ([]byte, error) {
	if _, offset := t.Zone(); offset%60 != 0 || offset <= -24*60*60 || offset >= 24*60*60 {
		t = t.UTC()
	}
	if year := t.Year(); year < 0 || year > 9999 {
		return nil, &UnsupportedError{timeType.String(), "its year is not within 0 to 9999"}
	}
	return t.AppendFormat(dst, time.RFC3339Nano), nil
}

// parseTime returns the same location on every machine: time.Parse would prefer time.Local.
func parseTime(s string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return time.Time{}, ErrCorrupt
	}
	if _, offset := t.Zone(); offset == 0 {
		t = t.UTC()
	} else {
		t = t.In(time.FixedZone("", offset))
	}
	var buf [len(time.RFC3339Nano)]byte
	if again, err := appendTime(buf[:0], t); err != nil || string(again) != s {
		return time.Time{}, ErrCorrupt
	}
	return t, nil
}
