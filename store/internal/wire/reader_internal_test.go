package wire

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

// readerOf is a Reader of a row with one column.
func readerOf(oid uint32, format int16, value []byte) *Reader {
	return &Reader{
		types:  pgtype.NewMap(),
		fields: []pgconn.FieldDescription{{Name: "a", DataTypeOID: oid, Format: format}},
		values: [][]byte{value},
	}
}

var someID = pgtype.UUID{Bytes: uuid.MustParse("0190f7c4-2b1a-7e55-8b0d-6f4ad3b0c0de"), Valid: true}

// kind is a type of columns: how a Reader reads it, and how pgx does into a type of its own.
type kind struct {
	oid  uint32
	read func(r *Reader) any
	pgx  func(scan func(to any) error) (any, error)
}

var kinds = map[string]kind{
	"UUID": {
		pgtype.UUIDOID, func(r *Reader) any { return reading(r.UUID) },
		func(scan func(any) error) (any, error) {
			v, err := scanned[pgtype.UUID](scan)
			if !v.Valid {
				return "", err
			}
			return uuid.UUID(v.Bytes).String(), err
		},
	},
	"Digest": {
		pgtype.ByteaOID, func(r *Reader) any { return reading(r.Digest) },
		func(scan func(any) error) (any, error) {
			v, err := scanned[[]byte](scan)
			if err == nil && len(v) != 32 {
				return [32]byte{}, errors.New("not a digest")
			}
			return [32]byte(append(v, make([]byte, 32)...)), err
		},
	},
	"Time": {
		pgtype.TimestamptzOID, func(r *Reader) any { return reading(r.Time) },
		func(scan func(any) error) (any, error) {
			v, err := scanned[pgtype.Timestamptz](scan)
			if v.InfinityModifier != pgtype.Finite {
				return time.Time{}, errors.New("infinite")
			}
			return v.Time.UTC(), err
		},
	},
	"OptionalTime": {
		pgtype.TimestamptzOID, func(r *Reader) any { return reading(r.OptionalTime) },
		func(scan func(any) error) (any, error) {
			v, err := scanned[pgtype.Timestamptz](scan)
			if v.InfinityModifier != pgtype.Finite {
				return nil, errors.New("infinite")
			}
			if !v.Valid {
				return (*time.Time)(nil), err
			}
			return v.Time.UTC(), err
		},
	},
	"Text": {
		pgtype.TextOID, func(r *Reader) any { return reading(r.Text) },
		func(scan func(any) error) (any, error) { return scanned[string](scan) },
	},
	"JSON": {
		pgtype.JSONBOID, func(r *Reader) any { return reading(r.JSON) },
		func(scan func(any) error) (any, error) { return scanned[[]byte](scan) },
	},
	"Int": {
		pgtype.Int8OID, func(r *Reader) any { return reading(r.Int) },
		func(scan func(any) error) (any, error) { return scanned[int64](scan) },
	},
	"Bool": {
		pgtype.BoolOID, func(r *Reader) any { return reading(r.Bool) },
		func(scan func(any) error) (any, error) { return scanned[bool](scan) },
	},
	"Duration": {
		pgtype.IntervalOID, func(r *Reader) any { return reading(r.Duration) },
		func(scan func(any) error) (any, error) { return scanned[time.Duration](scan) },
	},
	"Addr": {
		pgtype.InetOID, func(r *Reader) any { return reading(r.Addr) },
		func(scan func(any) error) (any, error) {
			v, err := scanned[*netip.Prefix](scan)
			if v == nil {
				return netip.Addr{}, err
			}
			return v.Addr(), err
		},
	},
}

func reading[T any](read func(*T)) (v T) {
	read(&v)
	return v
}

func scanned[T any](scan func(any) error) (v T, err error) {
	err = scan(&v)
	return v, err
}

// differs compares a Reader with pgx, and makes sure that what was read shares no memory with the
// row.
func (k kind) differs(oid uint32, format int16, value []byte) error {
	types := pgtype.NewMap()
	want, wantErr := k.pgx(func(to any) error { return types.Scan(oid, format, bytes.Clone(value), to) })
	r := readerOf(oid, format, value)
	got := k.read(r)
	for i := range value {
		value[i]++
	}
	switch {
	case (r.Err() != nil) != (wantErr != nil):
		return fmt.Errorf("the error is %v, pgx has %v", r.Err(), wantErr) //nolint:errorlint // one of them is nil
	case r.Err() == nil && fmt.Sprint(got) != fmt.Sprint(want):
		return fmt.Errorf("it reads %v, pgx %v", got, want)
	case r.Err() == nil && r.at != 1:
		return fmt.Errorf("it is at column %d", r.at)
	case r.Err() != nil && !strings.Contains(r.Err().Error(), `"a"`):
		return fmt.Errorf("the error does not name the column: %w", r.Err())
	}
	return nil
}

// Every value of a column is read as pgx reads it, in both formats of the protocol.
func TestReaderReadsWhatPgxScans(t *testing.T) {
	t.Parallel()
	day := time.Date(2030, time.March, 4, 5, 6, 7, 890_123_000, time.UTC)
	for name, values := range map[string][]any{
		"UUID":   {pgtype.UUID{Valid: true}, someID, nil},
		"Digest": {bytes.Repeat([]byte{0xA5}, 32), make([]byte, 31), make([]byte, 33), []byte{}},
		"Time": {
			day, day.In(time.FixedZone("east", 5*3600+1800)), time.Unix(0, 0), y2k, y2k.Add(-time.Microsecond),
			time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC),
			pgtype.Timestamptz{Valid: true, InfinityModifier: pgtype.Infinity},
			pgtype.Timestamptz{Valid: true, InfinityModifier: pgtype.NegativeInfinity},
			nil,
		},
		"Text":     {"", "Grace", "é\u2028\x7f", strings.Repeat("x", 5000), nil},
		"JSON":     {"{}", `{"a": [1, "é"]}`, nil},
		"Int":      {int64(0), int64(-1), int64(math.MaxInt64), int64(math.MinInt64), nil},
		"Bool":     {true, false, nil},
		"Duration": {time.Duration(0), time.Microsecond, -time.Hour, 400 * 24 * time.Hour},
		"Addr":     {netip.MustParseAddr("192.0.2.7"), netip.MustParseAddr("2001:db8::1"), nil},
	} {
		types := pgtype.NewMap()
		for _, value := range values {
			for _, format := range []int16{pgtype.BinaryFormatCode, pgtype.TextFormatCode} {
				var sent []byte
				if value != nil {
					var err error
					if sent, err = types.Encode(kinds[name].oid, format, value, []byte{}); err != nil {
						t.Fatalf("%s %v: %v", name, value, err)
					}
				}
				for _, reading := range []string{name, strings.Replace(name, "Time", "OptionalTime", 1)} {
					if err := kinds[reading].differs(kinds[name].oid, format, bytes.Clone(sent)); err != nil {
						t.Errorf("%s %v in format %d: %v", reading, value, format, err)
					}
				}
			}
		}
	}
}

// A column of a related type, such as one that an app's migration has changed, is read as pgx
// converts it.
func TestReaderReadsOtherTypesAsPgxDoes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind  string
		oid   uint32
		value any
	}{
		{"Int", pgtype.Int4OID, int32(-5)},
		{"Int", pgtype.TextOID, "5"},
		{"Text", pgtype.VarcharOID, "Grace"},
		{"Text", pgtype.Int8OID, int64(5)},
		{"JSON", pgtype.JSONOID, `{"a": 1}`},
		{"JSON", pgtype.TextOID, `{"a": 1}`},
		{"JSON", pgtype.ByteaOID, []byte(`{"a": 1}`)},
		{"Bool", pgtype.Int8OID, int64(1)},
		{"Digest", pgtype.UUIDOID, someID},
		{"Time", pgtype.Int8OID, int64(1)},
	} {
		for _, format := range []int16{pgtype.BinaryFormatCode, pgtype.TextFormatCode} {
			sent, err := pgtype.NewMap().Encode(c.oid, format, c.value, nil)
			if err != nil {
				t.Fatal(err)
			}
			if err := kinds[c.kind].differs(c.oid, format, sent); err != nil {
				t.Errorf("%s of the type %d in format %d: %v", c.kind, c.oid, format, err)
			}
		}
	}
}

func TestReaderStopsAtItsFirstError(t *testing.T) {
	t.Parallel()
	r := readerOf(pgtype.TextOID, pgtype.TextFormatCode, []byte("Grace"))
	var n int64
	r.Int(&n)
	first := r.Err()
	if first == nil || !strings.Contains(first.Error(), `"a"`) {
		t.Errorf("the error is %v, want one that names the column", first)
	}
	name := "before"
	r.Text(&name)
	if r.Err() != first || name != "before" { //nolint:errorlint // the very same error is expected
		t.Errorf("it went on: %v, %q", r.Err(), name)
	}
	r.Restart(0)
	if r.Text(&name); r.Err() != nil || name != "Grace" {
		t.Errorf("after Restart: %v, %q", r.Err(), name)
	}
	if r.Text(&name); !errors.Is(r.Err(), errNoColumn) {
		t.Errorf("behind the last column: %v", r.Err())
	}
}

// Whatever bytes the server sends in the binary format, the Reader and pgx agree.
func FuzzReaderAgreesWithPgx(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{1})
	f.Add([]byte{2})
	f.Add(bytes.Repeat([]byte{0xFF}, 8))
	f.Add([]byte{0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF})
	f.Add([]byte{0x80, 0, 0, 0, 0, 0, 0, 0})
	f.Add([]byte("\xe00000000")) // before PostgreSQL's first day
	f.Add(bytes.Repeat([]byte{7}, 16))
	f.Add(bytes.Repeat([]byte{9}, 32))
	f.Add([]byte("\x01{\"a\": 1}"))
	f.Add([]byte{2, 32, 0, 4, 192, 0, 2, 7})
	f.Fuzz(func(t *testing.T, value []byte) {
		for name, k := range kinds {
			if err := k.differs(k.oid, pgtype.BinaryFormatCode, bytes.Clone(value)); err != nil {
				t.Errorf("%s of %x: %v", name, value, err)
			}
		}
	})
}
