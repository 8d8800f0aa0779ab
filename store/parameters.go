package store

import (
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// parseID takes the one spelling of a UUID that PostgreSQL prints.
func parseID(s string) (pgtype.UUID, bool) {
	const length = 36
	if len(s) != length {
		return pgtype.UUID{}, false
	}
	id, err := uuid.Parse(s)
	return pgtype.UUID{Bytes: id, Valid: err == nil}, err == nil
}

// key turns the id of a user into that of the row, and is false for an id that no user of this store can have.
func (s *Sessions) key(id driver.UserID) (pgtype.UUID, bool) {
	if s.shadows != nil {
		return s.shadows.key(id)
	}
	key, ok := parseID(string(id))
	return key, ok && !isShadow(string(id))
}

// timestamp is a time as the server reads it, even where an app has replaced pgx's codec for
// time.Time.
func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05.999999Z07:00") }

func timeOrNull(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return timestamp(t)
}
