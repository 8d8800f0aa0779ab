package store

import (
	"context"
	"errors"
	"math/rand/v2"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/ginauth/ginauth/ginauth"
)

const (
	// sweepRows bounds what one statement deletes, and so how long it holds locks.
	sweepRows = 1000
	// sweepPages bounds what one statement reads: 2 MB, some 7000 sessions.
	sweepPages = 256
)

// sweepSessions looks through some pages of the table, in their order on disk: no index could
// find the idle ones without making every request's touch more expensive. A row that
// somebody is writing is left to a later turn, and a locked row is looked at again before it
// counts as ended. The sessions of a disabled user stay, for the user may be enabled again.
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
SELECT (SELECT count(*) FROM deleted),
	(SELECT (max(at)::text::point)[0]::bigint FROM dead HAVING count(*) >= $4::bigint),
	pg_relation_size('ginauth.sessions'::regclass) / current_setting('block_size')::bigint`

// These have only their own time to end by.
const (
	sweepThrottles = sweepExpiredFrom + `ginauth.throttles` + sweepExpired + `ginauth.throttles` + sweptExpired + `ginauth.throttles` + pagesOfExpired
	sweepDevices   = sweepExpiredFrom + `ginauth.known_devices` + sweepExpired + `ginauth.known_devices` + sweptExpired + `ginauth.known_devices` + pagesOfExpired

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
SELECT (SELECT count(*) FROM deleted),
	(SELECT (max(at)::text::point)[0]::bigint FROM dead HAVING count(*) >= $4::bigint),
	pg_relation_size('`
	pagesOfExpired = `'::regclass) / current_setting('block_size')::bigint`
)

// swept is a table that is swept some pages at a time.
type swept struct {
	doing, statement string
	to               atomic.Int64 // the page with which Sweep goes on
}

// turn is what one statement did.
type turn struct {
	deleted int64
	next    int64 // page to go on with; zero: the table's end was reached
}

func (s *Sessions) sweepFrom(ctx context.Context, table *swept, page int64) (t turn, err error) {
	var stopped *int64 // in this page, because the batch was full
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

// startOf is the first row address of a page, as PostgreSQL writes it.
func startOf(page int64) string { return "(" + strconv.FormatInt(page, 10) + ",0)" }

// Sweep deletes a batch of sessions that have ended, at most 1000: those past their idle
// timeout or their absolute end, and those revoked by RevokeUserSessions and RevokeAllSessions,
// and what EndAdmitted wrote down about sessions that are over by now. So it does with attempts that
// count for nothing any more, and with devices that were not used for a year.
// It never deletes a live one. It goes on where the last call stopped, and returns
// zero when it has been once around the table and found nothing. Many processes may sweep
// at the same time: they do not wait for each other, nor for requests.
func (s *Sessions) Sweep(ctx context.Context) (deleted int64, err error) {
	if deleted, err = s.sweepEnded(ctx); err != nil || deleted > 0 {
		return deleted, err
	}
	for _, table := range []*swept{&s.throttles, &s.devices, &s.swept} {
		if deleted, err = s.sweepOn(ctx, table); err != nil || deleted > 0 {
			return deleted, err
		}
	}
	return 0, nil
}

// sweepOn deletes a batch, or has been once around the table.
func (s *Sessions) sweepOn(ctx context.Context, table *swept) (deleted int64, err error) {
	first := table.to.Load()
	around := first == 0
	for page := first; ; {
		t, err := s.sweepFrom(ctx, table, page)
		if err != nil {
			return 0, err
		}
		table.to.Store(t.next)
		switch {
		case t.deleted > 0:
			return t.deleted, nil
		case around && (t.next == 0 || first > 0 && t.next > first):
			return 0, nil
		case t.next == 0:
			around = true
		}
		page = t.next
	}
}

// RunSweeper deletes what has ended, refresh and mailed tokens, archived users and old events too, once around the table at a time, until ctx ends, and
// returns ctx's error. Between two rounds it waits for half to one and a half times
// every, by chance, so that many processes do not sweep all at once. While the database
// cannot be asked it waits for the next round; any other failure, which would not pass by
// itself, ends it and is returned. The caller owns the goroutine:
//
//	go func() { swept <- db.RunSweeper(ctx, 10*time.Minute) }()
func (s *Sessions) RunSweeper(ctx context.Context, every time.Duration) error {
	if every <= 0 {
		return errors.New("sweeping sessions: the time between two rounds must be positive")
	}
	for {
		timer := time.NewTimer(every/2 + rand.N(every)) //nolint:gosec // jitter is no secret
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-timer.C:
		}
		err := s.sweepRound(ctx)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && !errors.Is(err, ginauth.ErrUnavailable):
			return err
		}
	}
}

func (s *Sessions) sweepRound(ctx context.Context) error {
	for {
		deleted, err := s.sweepEnded(ctx)
		if err != nil {
			return err
		}
		if deleted < sweepRows {
			break
		}
	}
	for _, table := range []*swept{&s.throttles, &s.devices, &s.swept} {
		if err := s.sweepTable(ctx, table); err != nil {
			return err
		}
	}
	for _, sweep := range []func(context.Context) (int64, error){s.SweepRefreshTokens, s.SweepEmailTokens, s.SweepArchived, s.SweepEvents} {
		for {
			deleted, err := sweep(ctx)
			if err != nil {
				return err
			}
			if deleted == 0 {
				break
			}
		}
	}
	return nil
}

func (s *Sessions) sweepTable(ctx context.Context, table *swept) error {
	for page := int64(0); ; {
		t, err := s.sweepFrom(ctx, table, page)
		if err != nil || t.next == 0 {
			return err
		}
		page = t.next
	}
}
