package store

import (
	"cmp"
	"context"
	"errors"
	"math"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ginauth/ginauth/ginauth/driver"
)

const (
	// sweepEvery: one in so many attempts also deletes rows that have expired, so that the table
	// stays small where no sweeper runs. An attempt makes four rows at most, and a sweep deletes up
	// to 1000.
	sweepEvery = 64
	// lostRace is the wait of an attempt that a parallel one has overtaken.
	lostRace = time.Second
)

// countAttempt looks first, and writes nothing if the attempt must wait. What it writes is checked
// again under each row's lock, so that parallel attempts are counted one after the other (SEC-39).
// Rows are locked in one order: rates by their keys, then the device or the identifier. If one of
// these was used up since the look, the rates before it stay counted: undoing them would take a
// second round trip. Its parameters are attemptArgs.
const countAttempt = `
WITH clock AS (
	SELECT COALESCE($1::timestamptz, now()) AS now
), rate AS (` + lookAtRates + `
), known AS (` + lookAtDevice + `
), waits AS (
	SELECT GREATEST((SELECT max(rate.wait) FROM rate), interval '0') AS rates, COALESCE((
		SELECT t.until - clock.now FROM ginauth.throttles AS t
		WHERE t.key = $5::bytea AND t.until > clock.now AND NOT EXISTS (SELECT 1 FROM known)), interval '0') AS guesses
	FROM clock
), taken AS (` + takeRates + `
), admitted AS (
	SELECT clock.now
	FROM clock CROSS JOIN waits
	WHERE waits.rates <= interval '0' AND waits.guesses <= interval '0'
		AND (SELECT count(*) FROM taken) = cardinality($2::bytea[])
), device AS (` + countOnDevice + `
), guess AS (` + countGuess + `
)
SELECT waits.rates, waits.guesses, EXISTS (SELECT 1 FROM device), EXISTS (SELECT 1 FROM admitted)
	AND ($5::bytea IS NULL OR EXISTS (SELECT 1 FROM device) OR EXISTS (SELECT 1 FROM guess))
FROM waits`

const (
	// The column until of a rate's row is when its budget is full again. It may be as late as room.
	lookAtRates = `
	SELECT w.key, clock.now + w.every AS next, clock.now + w.whole AS room,
		GREATEST(t.until, clock.now) + w.every - (clock.now + w.whole) AS wait
	FROM unnest($2::bytea[], $3::interval[], $4::interval[]) AS w (key, every, whole)
	CROSS JOIN clock
	LEFT JOIN ginauth.throttles AS t ON t.key = w.key`

	takeRates = `
	INSERT INTO ginauth.throttles AS t (key, until, expires_at)
	SELECT rate.key, rate.next, rate.room
	FROM rate CROSS JOIN waits
	WHERE waits.rates <= interval '0' AND waits.guesses <= interval '0'
	ORDER BY rate.key
	ON CONFLICT (key) DO UPDATE SET until = ` + rateUntil + `, expires_at = EXCLUDED.expires_at
	WHERE ` + rateUntil + ` <= EXCLUDED.expires_at
	RETURNING 1`
	rateUntil = `GREATEST(t.until + (EXCLUDED.until - ` + clockNow + `), EXCLUDED.until)`

	lookAtDevice = `
	SELECT d.key
	FROM ginauth.known_devices AS d
	JOIN ginauth.users AS u ON u.id = d.user_id
	CROSS JOIN clock
	WHERE d.key = $11::bytea AND d.failures < $12::integer AND d.expires_at > clock.now
		AND d.epoch = u.session_epoch + ` + everybodysEpoch

	countOnDevice = `
	UPDATE ginauth.known_devices AS d SET failures = d.failures + 1
	FROM known CROSS JOIN admitted
	WHERE d.key = known.key AND d.failures < $12::integer
	RETURNING 1`

	countGuess = `
	INSERT INTO ginauth.throttles AS t (key, failures, run, client, until, expires_at)
	SELECT $5::bytea, 1, 1, $6::bytea, admitted.now + ` + waitAfter + `1` + failures + `, admitted.now + $10::interval
	FROM admitted
	WHERE $5::bytea IS NOT NULL AND NOT EXISTS (SELECT 1 FROM known)
	ON CONFLICT (key) DO UPDATE SET
		failures = ` + nextFailure + `,
		run = CASE WHEN t.client = EXCLUDED.client AND t.expires_at > ` + clockNow + ` THEN t.run + 1 ELSE 1 END,
		client = EXCLUDED.client,
		until = ` + clockNow + ` + ` + waitAfter + nextFailure + failures + `,
		expires_at = ` + clockNow + ` + $10::interval * ` + nextFailure + `
	WHERE t.until <= ` + clockNow + `
	RETURNING 1`
	nextFailure = `(CASE WHEN t.expires_at > ` + clockNow + ` THEN t.failures + 1 ELSE 1 END)`

	// waitAfter n failures picks from waitsAfter. From the last failure that is allowed on, the
	// next guess waits until the row expires.
	waitAfter = `(SELECT CASE WHEN f.n >= $9::integer THEN $10::interval * f.n
		ELSE ($8::interval[])[LEAST(GREATEST(f.n - $7::integer, 0) + 1, cardinality($8::interval[]))] END FROM (SELECT `
	failures = ` AS n) AS f)`

	clockNow = `(SELECT clock.now FROM clock)`
)

// noWait is an end that is long ago, so that it does not delay a transaction that began a moment
// earlier.
const noWait = -24 * time.Hour

// waitsAfter returns noWait for the failures that are free, and the waits after those that follow,
// up to the one that no longer grows.
func waitsAfter(g driver.GuessLimit) []time.Duration {
	waits := []time.Duration{noWait}
	for n := g.Free + 1; n < g.Max; n++ {
		wait := cmp.Or(g.Wait(n), noWait)
		if wait == waits[len(waits)-1] {
			break
		}
		waits = append(waits, wait)
	}
	return waits
}

// CountAttempt counts an attempt for all processes, in one statement, by the database's clock. An
// attempt that must wait writes nothing, unless it has lost a race with a parallel one. Then the
// wait is 1 s, and the attempt may have used up rates, but no guess.
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

// attemptArgs are the parameters of countAttempt.
func (s *Sessions) attemptArgs(a driver.Attempt) ([]any, error) {
	n := len(a.Rates)
	keys, every, whole := make([][]byte, n), make([]time.Duration, n), make([]time.Duration, n)
	for i, r := range a.Rates {
		if r.Every <= 0 || r.Burst <= 0 || int64(r.Burst) > math.MaxInt64/int64(r.Every) {
			return nil, errors.New("counting an attempt: a rate needs a time and a burst above zero, and is full again within 292 years")
		}
		keys[i], every[i], whole[i] = r.Key[:], r.Every, r.Every*time.Duration(r.Burst)
	}
	g := a.Guess
	return []any{
		s.clock(),
		keys, every, whole, // $2 to $4: how long a rate takes to admit one more, and to be full again
		keyOrNull(g.Key), keyOrNull(g.Client), // $5, $6
		g.Free, waitsAfter(g), g.Max, g.Memory, // $7 to $10
		keyOrNull(g.Browser), g.MaxOnBrowser, // $11, $12
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

// sweepNowAndThen sweeps one part of the table. If that fails, a later attempt tries again.
func (s *Sessions) sweepNowAndThen(ctx context.Context) {
	if s.attempts.Add(1)%sweepEvery != 0 {
		return
	}
	if t, err := s.sweepFrom(ctx, &s.throttles, s.throttles.to.Load()); err == nil {
		s.throttles.to.Store(t.next)
		s.observeSwept(ctx, "throttles", t.deleted)
	}
}

func keyOrNull(k driver.LimitKey) []byte {
	if k == (driver.LimitKey{}) {
		return nil
	}
	return k[:]
}
