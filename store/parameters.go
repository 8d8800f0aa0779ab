package store

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// parseID reads a UUID in the spelling that PostgreSQL prints, and no other.
func parseID(s string) (pgtype.UUID, bool) {
	const length = 36
	if len(s) != length {
		return pgtype.UUID{}, false
	}
	id, err := uuid.Parse(s)
	return pgtype.UUID{Bytes: id, Valid: err == nil}, err == nil
}

// key returns the id of the row of a user, who is in the realm of ctx if kept elsewhere. It returns false for an id that no user of this store can
// have.
func (s *Sessions) key(ctx context.Context, id driver.UserID) (pgtype.UUID, bool) {
	if s.shadows != nil {
		return s.shadows.key(ctx, id)
	}
	key, ok := parseID(string(id))
	return key, ok && !isShadow(string(id))
}

// timestamp returns a time in a form that the server reads, even if an app has replaced pgx's codec
// for time.Time.
func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05.999999Z07:00") }

func timeOrNull(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return timestamp(t)
}
