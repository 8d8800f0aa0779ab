package wire

import (
	"errors"
	"net/netip"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"
)

// Each function below returns a destination for pgx's Scan that reads a column as the method of
// that name of [Reader]. The destinations have a ScanText, too: pgx hands a column in the text
// format to it without asking the type's codec, which an app may have replaced by its own.

// UUID is Reader.UUID for pgx's Scan.
func UUID(to *string) any { return (*uuidText)(to) }

// Digest is Reader.Digest for pgx's Scan.
func Digest(to *[32]byte) any { return (*digest)(to) }

// Time is Reader.Time for pgx's Scan.
func Time(to *time.Time) any { return (*utcTime)(to) }

// OptionalTime is Reader.OptionalTime for pgx's Scan.
func OptionalTime(to **time.Time) any { return &optionalTime{to} }

// Addr is Reader.Addr for pgx's Scan.
func Addr(to *netip.Addr) any { return (*addr)(to) }

type uuidText string

// ScanUUID is for pgx.
func (t *uuidText) ScanUUID(v pgtype.UUID) error {
	*t = ""
	if v.Valid {
		*t = uuidText(uuid.UUID(v.Bytes).String())
	}
	return nil
}

// ScanText is for pgx.
func (t *uuidText) ScanText(v pgtype.Text) error {
	*t = uuidText(v.String)
	return nil
}

type utcTime time.Time

var errInfinite = errors.New("a time is infinite")

// ScanTimestamptz is for pgx.
func (t *utcTime) ScanTimestamptz(v pgtype.Timestamptz) error {
	if v.InfinityModifier != pgtype.Finite {
		return errInfinite
	}
	*t = utcTime{}
	if v.Valid {
		*t = utcTime(v.Time.UTC())
	}
	return nil
}

// ScanText is for pgx.
func (t *utcTime) ScanText(v pgtype.Text) error {
	at, err := parseTimestamptz(v)
	if err != nil {
		return err
	}
	return t.ScanTimestamptz(at)
}

func parseTimestamptz(v pgtype.Text) (at pgtype.Timestamptz, err error) {
	if v.Valid {
		codec := pgtype.TimestamptzCodec{}
		err = codec.PlanScan(nil, pgtype.TimestamptzOID, pgtype.TextFormatCode, &at).Scan([]byte(v.String), &at)
	}
	return at, err
}

type optionalTime struct{ to **time.Time }

// ScanTimestamptz is for pgx.
func (t optionalTime) ScanTimestamptz(v pgtype.Timestamptz) error {
	*t.to = nil
	if !v.Valid {
		return nil
	}
	var at time.Time
	err := (*utcTime)(&at).ScanTimestamptz(v)
	*t.to = &at
	return err
}

// ScanText is for pgx.
func (t optionalTime) ScanText(v pgtype.Text) error {
	at, err := parseTimestamptz(v)
	if err != nil {
		return err
	}
	return t.ScanTimestamptz(at)
}

type digest [32]byte

// ScanBytes is for pgx.
func (d *digest) ScanBytes(v []byte) error {
	if len(v) != len(d) {
		return errors.New("a digest has the wrong length")
	}
	copy(d[:], v)
	return nil
}

type addr netip.Addr

// ScanNetipPrefix is for pgx.
func (a *addr) ScanNetipPrefix(v netip.Prefix) error {
	*a = addr(v.Addr())
	return nil
}

// ScanText is for pgx.
func (a *addr) ScanText(v pgtype.Text) error {
	*a = addr{}
	if !v.Valid {
		return nil
	}
	address, _, _ := strings.Cut(v.String, "/")
	parsed, err := netip.ParseAddr(address)
	*a = addr(parsed)
	return err
}
