package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store/internal/line"
	"github.com/ginauth/ginauth/store/internal/wire"
)

// touchSessions is touchSession for many. The rows are locked in one order, and a row that a
// request is writing is skipped, because every write of a session marks it seen. So batches wait
// neither for each other nor for requests, and do not deadlock.
const touchSessions = `
WITH due AS (
	SELECT s.digest
	FROM unnest($1::bytea[], $3::interval[]) AS asked (digest, unless)
	JOIN ginauth.sessions AS s ON s.digest = asked.digest
	CROSS JOIN ` + theClock + `
	WHERE s.last_seen_at + asked.unless <= clock.now AND ` + liveOnceLocked + `
	ORDER BY s.digest
	FOR NO KEY UPDATE OF s SKIP LOCKED
)
UPDATE ginauth.sessions AS s
SET last_seen_at = GREATEST(s.last_seen_at, clock.now)
FROM ` + theClock + `
WHERE s.digest IN (SELECT due.digest FROM due)
RETURNING ` + sessionColumns + `, clock.now`

// touch asks to mark a session as seen, unless it was seen within a time.
type touch struct {
	digest driver.Digest
	unless time.Duration
}

// onlyTouches says whether the change writes nothing that would be missed if a parallel request
// came first.
func onlyTouches(c driver.SessionChange) bool {
	return c.UnlessSeenFor > 0 && len(c.Set) == 0 && len(c.Unset) == 0 && c.Digest == (driver.Digest{}) && !c.Authenticated
}

// touchInLine shares a statement with the touches that wait at the same moment.
func (s *Sessions) touchInLine(ctx context.Context, d driver.Digest, change driver.SessionChange) (driver.Session, error) {
	r, err := s.touches.Ask(ctx, touch{d, change.UnlessSeenFor})
	if err != nil {
		return driver.Session{}, orNoSession(translate(ctx, updating, err))
	}
	return r, nil
}

// touchOne waits for a request that writes the session at the same moment.
func (s *Sessions) touchOne(limited context.Context, t touch) (r driver.Session, err error) {
	args := s.touchArgs(limited, t.digest, driver.SessionChange{UnlessSeenFor: t.unless})
	err = s.caller.doWithin(limited, func(ctx context.Context, conn Conn) error {
		return conn.QueryRow(ctx, s.sql(touchSession), args...).Scan(wire.Func(func(row *wire.Reader) {
			var fits bool
			s.readSession(row, &r)
			row.Bool(&fits)
		}))
	})
	return r, err
}

// touchMany answers a batch. Where several callers ask for the same session, the first marks it,
// and the others are answered as if they had come later.
func (s *Sessions) touchMany(limited context.Context, batch []*line.Waiter[touch, driver.Session]) {
	digests, unless := make([][]byte, len(batch)), make([]time.Duration, len(batch))
	for i, w := range batch {
		digests[i], unless[i] = w.Question.digest[:], w.Question.unless
	}
	err := s.caller.doWithin(limited, func(ctx context.Context, conn Conn) error {
		line.Fail(batch, pgx.ErrNoRows)
		rows, err := conn.Query(ctx, s.sql(touchSessions), digests, s.clock(), unless)
		if err != nil {
			return err
		}
		defer rows.Close()
		var row wire.Reader
		for rows.Next() {
			var r driver.Session
			row.Start(rows)
			s.readSession(&row, &r)
			answerFirst(batch, r, row.Err())
		}
		return rows.Err()
	})
	if err != nil {
		line.Fail(batch, err)
	}
}

func answerFirst(batch []*line.Waiter[touch, driver.Session], r driver.Session, err error) {
	for _, w := range batch {
		if w.Question.digest == r.Digest {
			w.Answer, w.Err = r, err
			return
		}
	}
}
