package store

import (
	"context"
	"strconv"
	"sync/atomic"
)

// sweepPages limits what one statement reads: 2 MB, about 7000 sessions.
const sweepPages = 256

// sweepSessions reads some pages of the table, in their order on disk: an index that finds idle
// sessions would make every touch more expensive. A row that a request is writing is left to a
// later round, and a locked row is checked again before it counts as ended. The sessions of a
// disabled user stay, because the user may be enabled again.
const sweepSessions = `
WITH dead AS (
	SELECT s.ctid AS at
	FROM ginauth.sessions AS s
	CROSS JOIN (SELECT COALESCE($1::timestamptz, now()) AS now) AS clock
	WHERE s.ctid >= $2::tid AND s.ctid < $3::tid
		AND NOT (` + notExpired + ` AND s.epoch >= ` + everybodysEpoch + ` + COALESCE((
			SELECT u.session_epoch FROM ginauth.users AS u WHERE u.id = s.user_id AND u.session_epoch > 0), 0))
	LIMIT $4::bigint
	FOR UPDATE OF s SKIP LOCKED
), deleted AS (
	DELETE FROM ginauth.sessions AS s USING dead WHERE s.ctid = dead.at RETURNING 1
)
` + countDead + `ginauth.sessions` + ofPages

// The name of the table goes between these parts. They return how many rows were deleted, the page
// in which a full batch stopped, and the number of pages.
const (
	countDead = `SELECT (SELECT count(*) FROM deleted),
	(SELECT (max(at)::text::point)[0]::bigint FROM dead HAVING count(*) >= $4::bigint),
	pg_relation_size('`
	ofPages = `'::regclass) / current_setting('block_size')::bigint`
)

// The rows of these tables end by their expires_at alone.
const (
	sweepThrottles = sweepExpiredFrom + `ginauth.throttles` + sweepExpired + `ginauth.throttles` + sweptExpired + countDead + `ginauth.throttles` + ofPages
	sweepDevices   = sweepExpiredFrom + `ginauth.known_devices` + sweepExpired + `ginauth.known_devices` + sweptExpired + countDead + `ginauth.known_devices` + ofPages

	sweepExpiredFrom = `
WITH dead AS (
	SELECT x.ctid AS at
	FROM `
	sweepExpired = ` AS x
	WHERE x.ctid >= $2::tid AND x.ctid < $3::tid AND x.expires_at <= COALESCE($1::timestamptz, now())
	LIMIT $4::bigint
	FOR UPDATE OF x SKIP LOCKED
), deleted AS (
	DELETE FROM `
	sweptExpired = ` AS x USING dead WHERE x.ctid = dead.at RETURNING 1
)
`
)

// swept is a table that is swept some pages at a time.
type swept struct {
	doing, statement string
	to               atomic.Int64 // the page with which sweepNowAndThen goes on
}

// turn is the result of one statement.
type turn struct {
	deleted int64
	next    int64 // the next page; zero: the end of the table was reached
}

func (s *Sessions) sweepFrom(ctx context.Context, table *swept, page int64) (t turn, err error) {
	var stopped *int64 // the page in which a full batch stopped
	var pages int64
	err = s.caller.do(ctx, table.doing, func(ctx context.Context, conn Conn) error {
		return conn.QueryRow(ctx, table.statement, s.clock(), startOf(page), startOf(page+sweepPages), sweepRows).
			Scan(&t.deleted, &stopped, &pages)
	})
	if err != nil {
		return turn{}, err
	}
	t.next = page + sweepPages
	if stopped != nil {
		t.next = *stopped
	}
	if t.next >= pages {
		t.next = 0
	}
	return t, nil
}

// startOf returns the first row address of a page, as PostgreSQL writes it.
func startOf(page int64) string { return "(" + strconv.FormatInt(page, 10) + ",0)" }

// sweepTable reads the whole table once.
func (s *Sessions) sweepTable(ctx context.Context, table *swept) (deleted int64, err error) {
	for page := int64(0); ; {
		t, err := s.sweepFrom(ctx, table, page)
		deleted += t.deleted
		if err != nil || t.next == 0 {
			return deleted, err
		}
		page = t.next
	}
}
