package store

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ginauth/ginauth/ginauth/driver"
)

const (
	// sweepEvery is after how many counted attempts one looks for rows that may go, so that the table stays
	// small where nobody runs a sweeper. An attempt makes four at most, and a look deletes up to 1000.
	sweepEvery = 64
	// lostRace is the wait of an attempt that a parallel one has overtaken.
	lostRace = time.Second
)

// countAttempt first looks, and writes nothing where the answer is no. What it then writes is checked
// again under each row's lock, so that parallel attempts are counted one after the other (SEC-39). Rows are
// locked in one order: rates by their keys, then the device or the identifier. Where one of these has been used up
// since the look, the rates before it stay counted: to undo them would take a second round trip.
//
// A rate's row says when its budget is full again: that is its until. It may be as late as room.
const (
	countAttempt = `
WITH clock AS (
	SELECT COALESCE($1::timestamptz, now()) AS now
), rate AS (
	SELECT w.key, clock.now + w.every AS next, clock.now + w.every * w.burst AS room,
		GREATEST(t.until, clock.now) + w.every - (clock.now + w.every * w.burst) AS wait
	FROM unnest($2::bytea[], $3::interval[], $4::bigint[]) AS w (key, every, burst)
	CROSS JOIN clock
	LEFT JOIN ginauth.throttles AS t ON t.key = w.key
), known AS (
	SELECT d.key
	FROM ginauth.known_devices AS d
	JOIN ginauth.users AS u ON u.id = d.user_id
	CROSS JOIN clock
	WHERE d.key = $11::bytea AND d.failures < $12::integer AND d.expires_at > clock.now
		AND d.epoch = u.session_epoch + ` + everybodysEpoch + `
), waits AS (
	SELECT GREATEST((SELECT max(rate.wait) FROM rate), interval '0') AS rates, COALESCE((
		SELECT t.until - clock.now FROM ginauth.throttles AS t
		WHERE t.key = $5::bytea AND t.until > clock.now AND NOT EXISTS (SELECT 1 FROM known)), interval '0') AS guesses
	FROM clock
), taken AS (
	INSERT INTO ginauth.throttles AS t (key, until, expires_at)
	SELECT rate.key, rate.next, rate.room
	FROM rate CROSS JOIN waits
	WHERE waits.rates <= interval '0' AND waits.guesses <= interval '0'
	ORDER BY rate.key
	ON CONFLICT (key) DO UPDATE SET until = ` + rateUntil + `, expires_at = EXCLUDED.expires_at
	WHERE ` + rateUntil + ` <= EXCLUDED.expires_at
	RETURNING 1
), admitted AS (
	SELECT clock.now
	FROM clock CROSS JOIN waits
	WHERE waits.rates <= interval '0' AND waits.guesses <= interval '0'
		AND (SELECT count(*) FROM taken) = cardinality($2::bytea[])
), device AS (
	UPDATE ginauth.known_devices AS d SET failures = d.failures + 1
	FROM known CROSS JOIN admitted
	WHERE d.key = known.key AND d.failures < $12::integer
	RETURNING 1
), guess AS (
	INSERT INTO ginauth.throttles AS t (key, failures, run, client, until, expires_at)
	SELECT $5::bytea, 1, 1, $6::bytea, admitted.now + ` + waitBefore + `1` + waitAfter + `, admitted.now + $10::interval
	FROM admitted
	WHERE $5::bytea IS NOT NULL AND NOT EXISTS (SELECT 1 FROM known)
	ON CONFLICT (key) DO UPDATE SET
		failures = ` + nextFailure + `,
		run = CASE WHEN t.client = EXCLUDED.client AND t.expires_at > ` + itsNow + ` THEN t.run + 1 ELSE 1 END,
		client = EXCLUDED.client,
		until = ` + itsNow + ` + ` + waitBefore + nextFailure + waitAfter + `,
		expires_at = ` + itsNow + ` + $10::interval * ` + nextFailure + `
	WHERE t.until <= ` + itsNow + `
	RETURNING 1
)
SELECT waits.rates, waits.guesses, EXISTS (SELECT 1 FROM device), EXISTS (SELECT 1 FROM admitted)
	AND ($5::bytea IS NULL OR EXISTS (SELECT 1 FROM device) OR EXISTS (SELECT 1 FROM guess))
FROM waits`

	itsNow    = `COALESCE($1::timestamptz, now())`
	rateUntil = `GREATEST(t.until + (EXCLUDED.until - ` + itsNow + `), EXCLUDED.until)`

	nextFailure = `(CASE WHEN t.expires_at > ` + itsNow + ` THEN t.failures + 1 ELSE 1 END)`
	// The wait after n failures, driver.GuessLimit's, is waitBefore n waitAfter. Power is capped far beyond any MaxWait.
	// None ends long ago, so that it does not hold up a transaction that began a moment earlier.
	waitBefore = `(SELECT CASE WHEN f.n >= $9::integer THEN $10::interval * f.n
			WHEN f.n <= $7::integer THEN interval '-1 day'
			ELSE LEAST(interval '1 second' * power(2, LEAST(f.n - $7::integer, 30)), $8::interval) END FROM (SELECT `
	waitAfter = ` AS n) AS f)`
)

// CountAttempt counts an attempt for all processes, in one statement, by the database's clock. One
// that is refused writes nothing, unless it lost a race with a parallel one, which is answered with a wait of 1 s:
// then it may have used up rates, but no guess.
func (s *Sessions) CountAttempt(ctx context.Context, a driver.Attempt) (v driver.Verdict, err error) {
	args, err := s.attemptArgs(a)
	if err != nil {
		return v, err
	}
	err = s.caller.do(ctx, "counting an attempt", func(ctx context.Context, conn Conn) (err error) {
		v, err = scanVerdict(conn.QueryRow(ctx, countAttempt, args...))
		return err
	})
	s.sweepNowAndThen(ctx)
	return v, err
}

func (s *Sessions) attemptArgs(a driver.Attempt) ([]any, error) {
	keys, every, bursts := make([][]byte, len(a.Rates)), make([]time.Duration, len(a.Rates)), make([]int64, len(a.Rates))
	for i, r := range a.Rates {
		if r.Every <= 0 || r.Burst <= 0 {
			return nil, errors.New("counting an attempt: a rate needs a time and a burst above zero")
		}
		keys[i], every[i], bursts[i] = r.Key[:], r.Every, int64(r.Burst)
	}
	g := a.Guess
	return []any{
		s.clock(), keys, every, bursts, keyOrNull(g.Key), keyOrNull(g.Client),
		g.Free, g.MaxWait, g.Max, g.Memory, keyOrNull(g.Device), g.MaxOnDevice,
	}, nil
}

func scanVerdict(row pgx.Row) (v driver.Verdict, err error) {
	var rates, guesses time.Duration
	var counted bool
	if err := row.Scan(&rates, &guesses, &v.Known, &counted); err != nil {
		return driver.Verdict{}, err
	}
	v.Wait, v.Guesses = max(rates, guesses, 0), guesses > rates
	if v.Wait == 0 && !counted {
		v.Wait = lostRace
	}
	return v, nil
}

// sweepNowAndThen looks through one part of the table. It is housekeeping: when it fails, a later attempt
// tries again.
func (s *Sessions) sweepNowAndThen(ctx context.Context) {
	if s.attempts.Add(1)%sweepEvery != 0 {
		return
	}
	if t, err := s.sweepFrom(ctx, &s.throttles, s.throttles.to.Load()); err == nil {
		s.throttles.to.Store(t.next)
	}
}

// What the client has added in a row is taken back; when somebody else guessed meanwhile, no more than this
// attempt (SEC-45). Until is left to those whose guess it follows.
const (
	takeBack = `
WITH gone AS (
	DELETE FROM ginauth.throttles AS t WHERE t.key = $2::bytea AND t.failures <= ` + itsRun + ` AND ` + ifStored + `
)
UPDATE ginauth.throttles AS t
SET failures = t.failures - ` + itsRun + `, run = 0, client = NULL,
	until = CASE WHEN t.client = $3::bytea THEN COALESCE($4::timestamptz, now()) - interval '1 day' ELSE t.until END
WHERE t.key = $2::bytea AND t.failures > ` + itsRun + ` AND ` + ifStored

	takeAllBack = `DELETE FROM ginauth.throttles AS t WHERE t.key = $2::bytea AND ` + ifStored

	itsRun = `(CASE WHEN t.client = $3::bytea THEN t.run ELSE 1 END)`

	// An attempt that is settled along with its session is settled only if that is stored.
	ifStored = `($1::bytea IS NULL OR EXISTS (SELECT 1 FROM ginauth.sessions AS n WHERE n.digest = $1::bytea))`
)

// SettleAttempt takes back the guesses of an attempt that succeeded, and makes its device known, in one
// round trip. A device that was known before keeps its key.
func (s *Sessions) SettleAttempt(ctx context.Context, done driver.Settlement) (known bool, err error) {
	settlement := func() (batch pgx.Batch, some bool) {
		if user, ok := parseID(string(done.User)); ok && done.Device != (driver.LimitKey{}) {
			batch.Queue(lockUser, user) // first, as where a session is created
		}
		queued := batch.Len()
		s.queueSettlement(&batch, done, nil, &known)
		return batch, batch.Len() > queued
	}
	if _, some := settlement(); !some {
		return false, nil
	}
	err = s.caller.do(ctx, "settling an attempt", func(ctx context.Context, conn Conn) error {
		batch, _ := settlement() // anew: once it was sent, it belongs to its connection
		return conn.SendBatch(ctx, &batch).Close()
	})
	return known && err == nil, err
}

// queueSettlement writes down in known whether the device is known. Session is that of CreateSession, or nil;
// the user's row must be locked where a device is to be remembered.
func (s *Sessions) queueSettlement(batch *pgx.Batch, done driver.Settlement, session []byte, known *bool) {
	written := func(tag pgconn.CommandTag) error {
		*known = tag.RowsAffected() == 1
		return nil
	}
	g := done.Attempt.Guess
	if done.Known {
		batch.Queue(useDevice, session, keyOrNull(g.Device), s.clock(), done.Keep).Exec(written)
		return
	}
	switch {
	case g.Key == (driver.LimitKey{}):
	case done.All:
		batch.Queue(takeAllBack, session, keyOrNull(g.Key))
	default:
		batch.Queue(takeBack, session, keyOrNull(g.Key), keyOrNull(g.Client), s.clock())
	}
	if user, ok := parseID(string(done.User)); ok && done.Device != (driver.LimitKey{}) && done.Limit > 0 {
		batch.Queue(rememberDevice, user, s.clock(), session, done.Device[:], done.Keep, done.Limit-1, done.Identifier).Exec(written)
	}
}

func keyOrNull(k driver.LimitKey) []byte {
	if k == (driver.LimitKey{}) {
		return nil
	}
	return k[:]
}
