package store

import (
	"errors"
	"net/netip"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/ginauth/ginauth/ginauth"
)

// The types below are fields of records as the driver scans into them. Each
// reads NULL as its zero value.

type idText string

// ScanUUID is for the driver.
func (t *idText) ScanUUID(v pgtype.UUID) error {
	*t = ""
	if v.Valid {
		*t = idText(uuid.UUID(v.Bytes).String())
	}
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

type nullTime struct{ to **time.Time }

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

type digestBytes ginauth.Digest

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
