package store

import (
	"context"

	"github.com/ginauth/ginauth/ginauth"
)

var _ ginauth.RotationStore = (*Sessions)(nil)

// A late use ends the session by its id, also when it is rotated at the same time.
const findRotated = `
WITH found AS (
	SELECT ` + sessionColumns + `, clock.now, s.previous_until > clock.now AS in_time
	FROM ginauth.sessions AS s
	CROSS JOIN ` + theClock + `
	WHERE s.previous_digest = $1::bytea AND s.previous_until IS NOT NULL AND ` + live + `
), ended AS (
	DELETE FROM ginauth.sessions AS old
	USING found
	WHERE old.id = found.id AND NOT found.in_time
)
SELECT ` + sessionColumns + `, s.now, s.in_time FROM found AS s`

// FindRotated returns the live session that had this digest before its last rotation, if that
// is not longer ago than the rotation's grace. Later it deletes the session, and returns
// it with ginauth.ErrTokenReused (SEC-82). ginauth.ErrNoSession means that no live session had
// this digest last, or that its rotation had no grace: none brings an ended session back. It is one statement, and
// writes nothing within the grace.
func (s *Sessions) FindRotated(ctx context.Context, d ginauth.Digest) (ginauth.SessionRecord, error) {
	var r ginauth.SessionRecord
	var inTime bool
	err := s.caller.do(ctx, "finding a rotated session", func(ctx context.Context, conn Conn) error {
		dest := append(recordDest(&r, make([]any, 0, recordSize+1)), &inTime)
		return conn.QueryRow(ctx, findRotated, d[:], s.clock()).Scan(dest...)
	})
	switch {
	case err != nil:
		return ginauth.SessionRecord{}, orNoSession(err)
	case !inTime:
		return r, ginauth.ErrTokenReused
	}
	return r, nil
}
