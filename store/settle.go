package store

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// takeBack removes the failures that the client has added in a row. If another client has guessed
// since, it removes only this attempt (SEC-45), so that the wait after the other client's guess
// stays.
const (
	takeBack = `
WITH gone AS (
	DELETE FROM ginauth.throttles AS t WHERE t.key = $2::bytea AND t.failures <= ` + itsRun + ` AND ` + ifStored + `
)
UPDATE ginauth.throttles AS t
SET failures = t.failures - ` + itsRun + `, run = 0, client = NULL,
	until = CASE WHEN t.client = $3::bytea THEN clock.now - interval '1 day' ELSE t.until END
FROM (SELECT COALESCE($4::timestamptz, now()) AS now) AS clock
WHERE t.key = $2::bytea AND t.failures > ` + itsRun + ` AND ` + ifStored

	takeAllBack = `DELETE FROM ginauth.throttles AS t WHERE t.key = $2::bytea AND ` + ifStored

	itsRun = `(CASE WHEN t.client = $3::bytea THEN t.run ELSE 1 END)`

	// The statements that follow a login take effect only if its session is stored.
	ifStored = `($1::bytea IS NULL OR EXISTS (SELECT 1 FROM ginauth.sessions AS n WHERE n.digest = $1::bytea))`
)

// SettleAttempt removes the guesses of an attempt that succeeded, and makes its device known, in
// one round trip. A known device keeps its key.
func (s *Sessions) SettleAttempt(ctx context.Context, done driver.Settlement) (known bool, err error) {
	settlement := func() (batch pgx.Batch, some bool) {
		if user, ok := s.key(ctx, done.User); ok && done.Browser != (driver.LimitKey{}) {
			batch.Queue(lockUser, user) // first, as when a session is created
		}
		queued := batch.Len()
		s.queueSettlement(ctx, &batch, done, nil, &known)
		return batch, batch.Len() > queued
	}
	if _, some := settlement(); !some {
		return false, nil
	}
	err = s.caller.do(ctx, "settling an attempt", func(ctx context.Context, conn Conn) error {
		batch, _ := settlement() // a new batch: a batch that was sent belongs to its connection
		return conn.SendBatch(ctx, &batch).Close()
	})
	return known && err == nil, err
}

// queueSettlement sets known to whether the device is known. Session is the digest of
// CreateSession, or nil. The user's row must be locked if a device is to become known.
func (s *Sessions) queueSettlement(ctx context.Context, batch *pgx.Batch, done driver.Settlement, session []byte, known *bool) {
	written := func(tag pgconn.CommandTag) error {
		*known = tag.RowsAffected() == 1
		return nil
	}
	g := done.Attempt.Guess
	if done.Known {
		batch.Queue(useDevice, session, keyOrNull(g.Browser), s.clock(), done.Keep).Exec(written)
		return
	}
	switch {
	case g.Key == (driver.LimitKey{}):
	case done.All:
		batch.Queue(takeAllBack, session, keyOrNull(g.Key))
	default:
		batch.Queue(takeBack, session, keyOrNull(g.Key), keyOrNull(g.Client), s.clock())
	}
	if user, ok := s.key(ctx, done.User); ok && done.Browser != (driver.LimitKey{}) && done.Limit > 0 {
		batch.Queue(s.sql(rememberDevice), user, s.clock(), session, done.Browser[:], done.Keep, done.Limit-1, s.identifier(done.Identifier)).Exec(written)
	}
}
