package records

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"
	"unicode/utf8"
)

// JSONLines reads one JSON object a line, in UTF-8, whose values are texts, numbers, true, false or
// null. Empty lines and a byte order mark are skipped. A row that cannot be read, or has an unknown
// field, is a *Fault; any other error ends the reading.
func JSONLines(from io.Reader, f Fields) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		in := skipMark(from)
		for number := 1; ; number++ {
			line, long, err := readLine(in)
			if err != nil && !errors.Is(err, io.EOF) {
				yield(Row{}, fmt.Errorf("line %d: %w", number, err))
				return
			}
			if line = bytes.TrimSpace(line); long || len(line) > 0 {
				row, fault := f.object(line, long)
				row.Source = "line " + strconv.Itoa(number)
				if fault != nil {
					fault.Source = row.Source
				}
				if !yield(row, orNil(fault)) {
					return
				}
			}
			if err != nil {
				return
			}
		}
	}
}

// orNil keeps a nil *Fault from being an error.
func orNil(f *Fault) error {
	if f == nil {
		return nil
	}
	return f
}

// readLine returns a line, which is long when its end was not kept.
func readLine(in *bufio.Reader) (line []byte, long bool, err error) {
	for {
		piece, err := in.ReadSlice('\n')
		if long = long || len(line)+len(piece) > maxRow; !long {
			line = append(line, piece...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, long, err
		}
	}
}

func (f Fields) object(line []byte, long bool) (Row, *Fault) {
	row := Row{Values: map[string]string{}}
	unreadable := func(reason string) (Row, *Fault) { return row, &Fault{Code: "unreadable", Reason: reason} }
	switch {
	case long:
		return row, &Fault{Code: "too_long", Reason: tooLong}
	case !utf8.Valid(line): // which package json would replace
		return row, &Fault{Code: "invalid_text", Reason: "the line is not UTF-8"}
	}
	in := json.NewDecoder(bytes.NewReader(line))
	in.UseNumber()
	if open, err := in.Token(); err != nil || open != json.Delim('{') {
		return unreadable("the line is no JSON object")
	}
	seen := map[string]bool{}
	for in.More() {
		key, err := in.Token()
		column, isText := key.(string)
		if err != nil || !isText {
			return unreadable("the line is no JSON object")
		}
		field, known := f.of(column)
		switch {
		case !known && isName(column):
			return row, &Fault{Code: "unknown_field", Reason: "unknown field: " + column + unknownRemedy}
		case !known:
			return row, &Fault{Code: "unknown_field", Reason: "a field is unknown" + unknownRemedy}
		case field == leaveOut:
			if err := in.Decode(&json.RawMessage{}); err != nil {
				return unreadable("the line is no JSON object")
			}
			continue
		case seen[field]:
			return unreadable("two values are for the field " + field)
		}
		seen[field] = true
		value, err := in.Token()
		if err != nil {
			return unreadable("the line is no JSON object")
		}
		switch value := value.(type) {
		case string:
			row.Values[field] = value
		case json.Number:
			row.Values[field] = value.String()
		case bool:
			row.Values[field] = strconv.FormatBool(value)
		case json.Delim:
			return unreadable("the value of " + field + " is an object or a list")
		}
	}
	if _, err := in.Token(); err != nil { // the closing brace
		return unreadable("the line is no JSON object")
	}
	if _, err := in.Token(); !errors.Is(err, io.EOF) {
		return unreadable("something follows the JSON object")
	}
	return row, nil
}
