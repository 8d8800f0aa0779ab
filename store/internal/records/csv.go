package records

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"
)

// CSV reads comma-separated values as RFC 4180 has them, in UTF-8. The first line names the
// columns. Lines end with LF or CRLF, a byte order mark is skipped, and so are empty lines. A row
// that cannot be read is a *Fault; any other error ends the reading.
func CSV(from io.Reader, f Fields) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		c := newCSVReader(from)
		columns, fault, err := c.next()
		if fault != "" {
			err = errors.New("the header cannot be read: " + fault)
		}
		if errors.Is(err, io.EOF) {
			err = errors.New("there is no header")
		}
		var fields []string
		if err == nil {
			fields, err = f.head(columns)
		}
		if err != nil {
			yield(Row{}, err)
			return
		}
		for {
			values, fault, err := c.next()
			if errors.Is(err, io.EOF) {
				return
			}
			row, err := c.row(fields, values, fault, err)
			var one *Fault
			if !yield(row, err) || err != nil && !errors.As(err, &one) {
				return
			}
		}
	}
}

func (c *csvReader) row(fields, values []string, fault string, err error) (Row, error) {
	row := Row{Source: "line " + strconv.Itoa(c.start), Values: map[string]string{}}
	switch {
	case err != nil:
		return row, err
	case fault == tooLong:
		return row, &Fault{row.Source, "too_long", fault}
	case fault == "" && len(values) != len(fields):
		fault = fmt.Sprintf("it has %d values, and the header has %d names", len(values), len(fields))
	}
	if fault != "" {
		return row, &Fault{row.Source, "unreadable", fault}
	}
	for i, field := range fields {
		if values[i] != "" && field != leaveOut {
			row.Values[field] = values[i]
		}
	}
	return row, nil
}

const tooLong = "the row has more than 1 MiB"

// csvReader splits CSV. The reader of the standard library does not bound a row, and cannot go on
// after one that is too long.
type csvReader struct {
	in    *bufio.Reader
	line  int // that is being read
	start int // line of the last row
}

func newCSVReader(from io.Reader) *csvReader {
	return &csvReader{in: skipMark(from), line: 1}
}

// skipMark skips a byte order mark of UTF-8.
func skipMark(from io.Reader) *bufio.Reader {
	in := bufio.NewReaderSize(from, 64<<10)
	if mark, _ := in.Peek(3); string(mark) == "\xef\xbb\xbf" {
		_, _ = in.Discard(len(mark))
	}
	return in
}

// place is where in a row the next byte is.
type place int

const (
	atStart     place = iota // of a field
	inPlain                  // a field without quotes
	inQuotes                 // a field in quotes
	afterQuotes              // behind a quote in such a field: its end, or half of a quote
)

// next returns the next row that is not empty, or says what is wrong with it. It reads a faulty row
// to its end by the same rules, so that nothing within quotes is taken for a row. The error io.EOF
// means that there is no further row.
func (c *csvReader) next() (values []string, fault string, err error) {
	var field []byte
	at, size := atStart, 0
	c.start = c.line
	for {
		b, err := c.readByte()
		ends := errors.Is(err, io.EOF)
		switch {
		case err != nil && !ends:
			return nil, "", fmt.Errorf("line %d: %w", c.line, err)
		case ends && at == inQuotes:
			return nil, "", fmt.Errorf("line %d: the quotes that open in this row never close: nothing after it was read", c.start)
		case ends && size == 0:
			return nil, "", io.EOF
		}
		if size++; size > maxRow {
			fault, field, values = tooLong, nil, nil
		}
		switch {
		case ends, b == '\n' && at != inQuotes:
			if size == 1 { // an empty line
				size, c.start = 0, c.line
				continue
			}
			return append(values, string(field)), fault, nil
		case b == ',' && at != inQuotes:
			values, field, at = append(values, string(field)), field[:0], atStart
		case b == '"' && at == atStart:
			at = inQuotes
		case b == '"' && at == inQuotes:
			at = afterQuotes
		case b == '"' && at == afterQuotes:
			field, at = append(field, '"'), inQuotes
		case at == inQuotes:
			field = append(field, b)
		case at == afterQuotes || b == '"':
			fault, at = first(fault, "a quote is not doubled, or a value with quotes does not begin with one"), inPlain
		default:
			field, at = append(field, b), inPlain
		}
	}
}

func first(fault, otherwise string) string {
	if fault != "" {
		return fault
	}
	return otherwise
}

// readByte reads CRLF as LF, and counts lines.
func (c *csvReader) readByte() (byte, error) {
	b, err := c.in.ReadByte()
	if err != nil {
		return 0, err
	}
	if b == '\r' {
		if after, _ := c.in.Peek(1); len(after) == 1 && after[0] == '\n' {
			b, _ = c.in.ReadByte()
		}
	}
	if b == '\n' {
		c.line++
	}
	return b, nil
}
