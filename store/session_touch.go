package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// touchSessions is touchSession for many. The rows are locked in one order, and a row that somebody is
// writing is passed over: whoever writes a session marks it seen. So batches neither wait for
// each other, nor for requests, nor deadlock.
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
RETURNING ` + sessionColumns + `, clock.now, FALSE`

// touch asks that a session that was not seen for this long is marked as seen.
type touch struct {
	digest driver.Digest
	unless time.Duration
}

// onlyTouches says whether the change writes nothing that anybody would miss if a parallel
// request came first.
func onlyTouches(c driver.SessionChange) bool {
	return c.UnlessSeenFor > 0 && len(c.Set) == 0 && len(c.Unset) == 0 && c.Digest == (driver.Digest{}) && !c.Authenticated
}

// touchInLine shares a statement with the touches that wait at the same moment.
func (s *Sessions) touchInLine(ctx context.Context, d driver.Digest, change driver.SessionChange) (driver.Session, error) {
	place, w := s.touches.enter(ctx, touch{d, change.UnlessSeenFor})
	if w == nil {
		defer s.touches.leave(place)
		return s.change(ctx, d, change)
	}
	f, err := s.touches.wait(ctx, w, updating)
	return f.record, orNoSession(err)
}

// serveTouches answers a batch. Of those who ask for the same session the first marks it, and
// the others come after, as if one by one.
func (s *Sessions) serveTouches(batch []*waiter[touch, foundSession]) {
	digests, unless := make([][]byte, len(batch)), make([]time.Duration, len(batch))
	for i, w := range batch {
		digests[i], unless[i] = w.question.digest[:], w.question.unless
	}
	err := s.caller.do(context.Background(), updating, func(ctx context.Context, conn Conn) error {
		failAll(batch, pgx.ErrNoRows)
		rows, err := conn.Query(ctx, touchSessions, digests, s.clock(), unless)
		if err != nil {
			return err
		}
		defer rows.Close()
		var r row
		for rows.Next() {
			var f foundSession
			r.of(rows)
			r.session(&f)
			answerFirst(batch, f, r.err)
		}
		return rows.Err()
	})
	if err != nil {
		failAll(batch, err)
	}
}

func answerFirst(batch []*waiter[touch, foundSession], f foundSession, err error) {
	for _, w := range batch {
		if w.question.digest == f.record.Digest {
			w.answer, w.err = f, err
			return
		}
	}
}
