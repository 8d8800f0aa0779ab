package store

import (
	"errors"
	"net/netip"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// The types below are fields of records as the driver scans into them. Each
// reads NULL as its zero value. Its ScanText is for what comes in the text format, which
// the driver hands to it without asking the codec, that an app may have replaced by one of its own.

type idText string

// ScanUUID is for the driver.
func (t *idText) ScanUUID(v pgtype.UUID) error {
	*t = ""
	if v.Valid {
		*t = idText(uuid.UUID(v.Bytes).String())
	}
	return nil
}

// ScanText is for the driver.
func (t *idText) ScanText(v pgtype.Text) error {
	*t = idText(v.String)
	return nil
}

type utcTime time.Time

var errInfinite = errors.New("a time is infinite")

// ScanTimestamptz is for the driver.
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

// ScanText is for the driver.
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

// timestamp is a time as the server reads it, whatever the driver's codec makes of a time.Time.
func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05.999999Z07:00") }

type nullTime struct{ to **time.Time }

// ScanText is for the driver.
func (t nullTime) ScanText(v pgtype.Text) error {
	at, err := parseTimestamptz(v)
	if err != nil {
		return err
	}
	return t.ScanTimestamptz(at)
}

// ScanTimestamptz is for the driver.
func (t nullTime) ScanTimestamptz(v pgtype.Timestamptz) error {
	if v.InfinityModifier != pgtype.Finite {
		return errInfinite
	}
	*t.to = nil
	if v.Valid {
		at := v.Time.UTC()
		*t.to = &at
	}
	return nil
}

type digestBytes driver.Digest

// ScanBytes is for the driver.
func (d *digestBytes) ScanBytes(v []byte) error {
	if len(v) != len(d) {
		return errors.New("a digest has the wrong length")
	}
	copy(d[:], v)
	return nil
}

type clientAddr netip.Addr

// ScanNetipPrefix is for the driver.
func (a *clientAddr) ScanNetipPrefix(v netip.Prefix) error {
	*a = clientAddr(v.Addr())
	return nil
}

// ScanText is for the driver.
func (a *clientAddr) ScanText(v pgtype.Text) error {
	*a = clientAddr{}
	if !v.Valid {
		return nil
	}
	address, _, _ := strings.Cut(v.String, "/")
	parsed, err := netip.ParseAddr(address)
	*a = clientAddr(parsed)
	return err
}

// scopeText keeps NULL, which is every scope, apart from no scope.
type scopeText struct{ to *[]string }

// ScanText is for the driver.
func (t scopeText) ScanText(v pgtype.Text) error {
	*t.to = nil
	if v.Valid {
		*t.to = append([]string{}, strings.Fields(v.String)...)
	}
	return nil
}

// parseID takes the one spelling of a UUID that PostgreSQL prints.
func parseID(s string) (pgtype.UUID, bool) {
	const length = 36
	if len(s) != length {
		return pgtype.UUID{}, false
	}
	id, err := uuid.Parse(s)
	return pgtype.UUID{Bytes: id, Valid: err == nil}, err == nil
}
