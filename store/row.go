package store

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

// row reads the columns of a result's row from left to right. It decodes itself what every
// request reads, at a fraction of what a scan costs, and scans what comes otherwise than
// expected, as everything does without prepared statements. A failure leaves the rows usable.
type row struct {
	types  *pgtype.Map
	fields []pgconn.FieldDescription
	values [][]byte // valid until the next row
	at     int
	err    error
}

func (r *row) of(rows pgx.Rows) {
	r.types, r.fields, r.values = rows.Conn().TypeMap(), rows.FieldDescriptions(), rows.RawValues()
	r.at, r.err = 0, nil
}

// scan reads the next column as the driver does.
func (r *row) scan(to any) {
	if r.err != nil {
		return
	}
	f := &r.fields[r.at]
	if err := r.types.Scan(f.DataTypeOID, f.Format, r.values[r.at], to); err != nil {
		r.err = fmt.Errorf("reading the column %q: %w", f.Name, err)
	}
	r.at++
}

// binary returns the next column if it is of this type in the wire's binary form.
func (r *row) binary(oid uint32, size int) (v []byte, ok bool) {
	if r.err != nil {
		return nil, false
	}
	f := &r.fields[r.at]
	if f.Format != pgtype.BinaryFormatCode || f.DataTypeOID != oid || len(r.values[r.at]) != size {
		return nil, false
	}
	r.at++
	return r.values[r.at-1], true
}

func (r *row) id(to *idText) {
	if v, ok := r.binary(pgtype.UUIDOID, len(uuid.UUID{})); ok {
		*to = idText(uuid.UUID(v).String())
		return
	}
	r.scan(to)
}

func (r *row) digest(to *digestBytes) {
	if v, ok := r.binary(pgtype.ByteaOID, len(to)); ok {
		copy(to[:], v)
		return
	}
	r.scan(to)
}

// y2k is the zero of PostgreSQL's clock.
var y2k = time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC)

func (r *row) time(to *time.Time) {
	v, ok := r.binary(pgtype.TimestamptzOID, 8)
	if !ok {
		r.scan((*utcTime)(to))
		return
	}
	*to = r.instant(v)
}

func (r *row) instant(v []byte) time.Time {
	const infinity, minusInfinity = 1<<63 - 1, -1 << 63
	micros := int64(binary.BigEndian.Uint64(v)) //nolint:gosec // two's complement
	if micros == infinity || micros == minusInfinity {
		r.err = errInfinite
		return time.Time{}
	}
	const second = 1_000_000
	return time.Unix(y2k.Unix()+micros/second, micros%second*1000).UTC()
}

func (r *row) optionalTime(to **time.Time) {
	if v, ok := r.binary(pgtype.TimestamptzOID, 8); ok {
		at := r.instant(v)
		*to = &at
		return
	}
	r.scan(&nullTime{to})
}

// text is the same in both forms of the wire.
func (r *row) text(to *string) {
	if r.err == nil && r.fields[r.at].DataTypeOID == pgtype.TextOID && r.values[r.at] != nil {
		*to = string(r.values[r.at])
		r.at++
		return
	}
	r.scan(to)
}

func (r *row) json(to *[]byte) {
	if r.err == nil && r.fields[r.at].DataTypeOID == pgtype.JSONBOID && r.fields[r.at].Format == pgtype.TextFormatCode {
		*to = bytes.Clone(r.values[r.at])
		r.at++
		return
	}
	r.scan(to)
}

func (r *row) number(to *int64) {
	if v, ok := r.binary(pgtype.Int8OID, 8); ok {
		*to = int64(binary.BigEndian.Uint64(v)) //nolint:gosec // two's complement
		return
	}
	r.scan(to)
}

func (r *row) truth(to *bool) {
	if v, ok := r.binary(pgtype.BoolOID, 1); ok {
		*to = v[0] == 1
		return
	}
	r.scan(to)
}
