// Package wire reads rows of PostgreSQL. Its contract:
//
//   - A [Reader] reads the columns of a row from left to right, each by one call.
//   - Whatever the type and the format of a column, it reads what pgx would scan. It decodes itself
//     only what every request reads, in the format in which prepared statements send it, at a
//     fraction of a scan's cost.
//   - NULL is the zero value of an id, a time and an address. An infinite time is an error.
//   - The first error stops the reader and names the column. Further rows can still be read.
//   - What it returns shares no memory with the row. One goroutine uses it at a time.
package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

// Reader reads a row; see the package. The zero Reader has no columns.
type Reader struct {
	types  *pgtype.Map
	fields []pgconn.FieldDescription
	values [][]byte // valid until the next row
	at     int
	err    error
}

// Start begins with the first column of the row that rows.Next has moved to.
func (r *Reader) Start(rows pgx.Rows) {
	r.types, r.fields, r.values = rows.TypeMap(), rows.FieldDescriptions(), rows.RawValues()
	r.at, r.err = 0, nil
}

// Restart forgets an error and goes on with a column of the same row, counted from 0.
func (r *Reader) Restart(column int) { r.at, r.err = column, nil }

// Err returns the first error since Start or Restart.
func (r *Reader) Err() error { return r.err }

// Func reads a row. It is a pgx.RowScanner: hand it to Scan alone, in place of one destination for
// each column. Columns that it leaves unread are an error.
type Func func(r *Reader)

// ScanRow is for pgx.
func (f Func) ScanRow(rows pgx.Rows) error {
	var r Reader
	r.Start(rows)
	f(&r)
	if r.err == nil && r.at < len(r.values) {
		return fmt.Errorf("%d of %d columns were read", r.at, len(r.values))
	}
	return r.err
}

var errNoColumn = errors.New("the row has no further column")

// field returns the next column, or nil after an error.
func (r *Reader) field() *pgconn.FieldDescription {
	if r.err == nil && r.at >= len(r.values) {
		r.err = errNoColumn
	}
	if r.err != nil {
		return nil
	}
	return &r.fields[r.at]
}

// Scan reads the next column into anything that pgx can scan into.
func (r *Reader) Scan(to any) {
	f := r.field()
	if f == nil {
		return
	}
	if err := r.types.Scan(f.DataTypeOID, f.Format, r.values[r.at], to); err != nil {
		r.err = fmt.Errorf("reading the column %q: %w", f.Name, err)
	}
	r.at++
}

// Refuse makes the row one that cannot be read, with err as the reason.
func (r *Reader) Refuse(err error) {
	if r.err == nil {
		r.err = err
	}
}

// binary returns the next column if it has this type and size in the binary format.
func (r *Reader) binary(oid uint32, size int) (v []byte, ok bool) {
	f := r.field()
	if f == nil || f.Format != pgtype.BinaryFormatCode || f.DataTypeOID != oid || len(r.values[r.at]) != size {
		return nil, false
	}
	r.at++
	return r.values[r.at-1], true
}

// UUID reads a uuid in the spelling of PostgreSQL.
func (r *Reader) UUID(to *string) {
	if v, ok := r.binary(pgtype.UUIDOID, len(uuid.UUID{})); ok {
		*to = uuid.UUID(v).String()
		return
	}
	r.Scan(UUID(to))
}

// Digest reads a bytea of 32 bytes.
func (r *Reader) Digest(to *[32]byte) {
	if v, ok := r.binary(pgtype.ByteaOID, len(to)); ok {
		copy(to[:], v)
		return
	}
	r.Scan(Digest(to))
}

// Time reads a timestamptz in UTC.
func (r *Reader) Time(to *time.Time) {
	if f := r.field(); f != nil && f.DataTypeOID == pgtype.TimestamptzOID && r.values[r.at] == nil {
		*to = time.Time{}
		r.at++
		return
	}
	if v, ok := r.binary(pgtype.TimestamptzOID, 8); ok {
		*to = r.instant(v)
		return
	}
	r.Scan(Time(to))
}

// OptionalTime reads a timestamptz in UTC, and NULL as nil.
func (r *Reader) OptionalTime(to **time.Time) {
	if v, ok := r.binary(pgtype.TimestamptzOID, 8); ok {
		at := r.instant(v)
		*to = &at
		return
	}
	r.Scan(OptionalTime(to))
}

// firstInstant and endOfTime bound a timestamp, in microseconds from 2000 (PostgreSQL, datatype/timestamp.h). PostgreSQL
// sends nothing outside.
const firstInstant, endOfTime = -211813488000000000, 9223371331200000000

// y2k is the zero of PostgreSQL's clock.
var y2k = time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC)

func (r *Reader) instant(v []byte) time.Time {
	const infinity, minusInfinity = 1<<63 - 1, -1 << 63
	micros := int64(binary.BigEndian.Uint64(v)) //nolint:gosec // two's complement
	switch {
	case micros == infinity || micros == minusInfinity:
		r.err = fmt.Errorf("reading the column %q: %w", r.fields[r.at-1].Name, errInfinite)
		return time.Time{}
	case micros < firstInstant || micros >= endOfTime:
		r.err = fmt.Errorf("reading the column %q: a time is out of range", r.fields[r.at-1].Name)
		return time.Time{}
	}
	const second = 1_000_000
	return time.Unix(y2k.Unix()+micros/second, micros%second*1000).UTC()
}

// Text reads a text that is not NULL.
func (r *Reader) Text(to *string) {
	f := r.field()
	if f != nil && f.DataTypeOID == pgtype.TextOID && r.values[r.at] != nil { // the same in both formats
		*to = string(r.values[r.at])
		r.at++
		return
	}
	r.Scan(to)
}

// OptionalText reads a text, and NULL as the empty one.
func (r *Reader) OptionalText(to *string) {
	if f := r.field(); f != nil && r.values[r.at] == nil {
		*to = ""
		r.at++
		return
	}
	r.Text(to)
}

// TextOrNil reads a text, and NULL as nil.
func (r *Reader) TextOrNil(to **string) {
	*to = nil
	if f := r.field(); f != nil && r.values[r.at] == nil {
		r.at++
		return
	}
	text := ""
	r.Text(&text)
	*to = &text
}

// JSON reads a jsonb as PostgreSQL prints it.
func (r *Reader) JSON(to *[]byte) {
	f := r.field()
	if f != nil && f.DataTypeOID == pgtype.JSONBOID && f.Format == pgtype.TextFormatCode {
		*to = bytes.Clone(r.values[r.at])
		r.at++
		return
	}
	r.Scan(to)
}

// Int reads a bigint that is not NULL.
func (r *Reader) Int(to *int64) {
	if v, ok := r.binary(pgtype.Int8OID, 8); ok {
		*to = int64(binary.BigEndian.Uint64(v)) //nolint:gosec // two's complement
		return
	}
	r.Scan(to)
}

// Bool reads a boolean that is not NULL.
func (r *Reader) Bool(to *bool) {
	if v, ok := r.binary(pgtype.BoolOID, 1); ok {
		*to = v[0] == 1
		return
	}
	r.Scan(to)
}

// Duration reads an interval without months.
func (r *Reader) Duration(to *time.Duration) { r.Scan(to) }

// Addr reads an inet without its prefix length.
func (r *Reader) Addr(to *netip.Addr) { r.Scan(Addr(to)) }

// Collect reads all rows and closes them.
func Collect[T any](rows pgx.Rows, read func(*Reader, *T)) ([]T, error) {
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (v T, err error) {
		err = row.Scan(Func(func(r *Reader) { read(r, &v) }))
		return v, err
	})
}
