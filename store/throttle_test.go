package store_test

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store"
)

func newLimitKey() (k driver.LimitKey) {
	_, _ = rand.Read(k[:])
	return k
}

// guessAt is an attempt with the limits that are on by default.
func guessAt(key, client driver.LimitKey) driver.Attempt {
	return driver.Attempt{Guess: driver.GuessLimit{
		Key: key, Client: client, Free: 5, MaxWait: 15 * time.Minute, Max: 100, MaxOnBrowser: 10, Memory: 24 * time.Hour,
	}}
}

func (s *setup) count1(tb testing.TB, a driver.Attempt) driver.Verdict {
	tb.Helper()
	v, err := s.db.CountAttempt(tb.Context(), a)
	if err != nil {
		tb.Fatal(err)
	}
	return v
}

func (s *setup) settle(tb testing.TB, a driver.Attempt, done driver.Settlement) bool {
	tb.Helper()
	done.Attempt = a
	known, err := s.db.SettleAttempt(tb.Context(), done)
	if err != nil {
		tb.Fatal(err)
	}
	return known
}

func TestWrongGuessesWaitLongerAndLonger(t *testing.T) { // SEC-38, SEC-44
	t.Parallel()
	inEveryMode(t, func(t *testing.T, s *setup) {
		t.Helper()
		a := guessAt(newLimitKey(), newLimitKey())
		var waits []time.Duration
		for n := 1; n <= 99; n++ {
			if v := s.count1(t, a); v.Wait != 0 {
				t.Fatalf("attempt %d: %+v", n, v)
			}
			var wait time.Duration
			if n > 5 {
				wait = s.count1(t, a).Wait
				s.clock.add(wait - time.Microsecond)
				if v := s.count1(t, a); v.Wait != time.Microsecond || !v.Guesses {
					t.Errorf("just before the end of the wait: %+v", v)
				}
				s.clock.add(time.Microsecond) // and the next one is locked out again at once
			}
			waits = append(waits, wait)
		}
		want := []time.Duration{0, 0, 0, 0, 0, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900}
		for i := range want {
			want[i] *= time.Second
		}
		if !slices.Equal(waits[:16], want) || waits[98] != 15*time.Minute {
			t.Errorf("waits %v", waits)
		}
		if v := s.count1(t, a); v.Wait != 0 {
			t.Errorf("the hundredth: %+v", v)
		}
		s.clock.add(99 * 24 * time.Hour)
		if v := s.count1(t, a); v.Wait != 24*time.Hour {
			t.Errorf("after 99 days: %+v", v)
		}
		s.clock.add(24 * time.Hour)
		if v := s.count1(t, a); v.Wait != 0 {
			t.Errorf("when all is forgotten: %+v", v)
		}
	})
}

// The curve of the waits is the driver's, whatever the limits.
func TestWaitsAreThoseOfTheLimit(t *testing.T) {
	t.Parallel()
	for _, limit := range []driver.GuessLimit{
		{Max: 4, MaxWait: time.Hour},
		{Max: 1, MaxWait: time.Hour},
		{Free: 3, Max: 3, MaxWait: time.Hour},
		{Free: 9, Max: 3, MaxWait: time.Hour},
		{Free: 2, Max: 50, MaxWait: 0},
		{Free: 2, Max: 50, MaxWait: 5 * time.Second},
		{Free: 2, Max: 50, MaxWait: 300 * 24 * time.Hour},
		{Free: 1, Max: 20, MaxWait: 1 << 62},
	} {
		s := newSetup(t)
		limit.Key, limit.Client, limit.Memory = newLimitKey(), newLimitKey(), 400*24*time.Hour
		for failures := 0; failures <= limit.Max; {
			v := s.count1(t, driver.Attempt{Guess: limit})
			if v.Wait == 0 {
				failures++
				continue
			}
			if want := limit.Wait(failures); v.Wait != want {
				t.Errorf("%+v: after %d failures the wait is %v, want %v", limit, failures, v.Wait, want)
			}
			if failures == limit.Max {
				break
			}
			s.clock.add(v.Wait)
		}
	}
}

// The clock of a statement stops when it begins: of two statements, the first one to begin may
// count last.
func TestAttemptsThatAreFreeDoNotHoldUpEarlierOnes(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	a := guessAt(newLimitKey(), newLimitKey())
	s.count1(t, a)
	s.clock.add(-time.Minute)
	if v := s.count1(t, a); v.Wait != 0 {
		t.Errorf("an attempt that began before: %+v", v)
	}
	s.settle(t, a, driver.Settlement{})
	s.clock.add(-time.Minute)
	if v := s.count1(t, a); v.Wait != 0 {
		t.Errorf("an attempt that began before a success: %+v", v)
	}
}

func TestFailuresAreForgottenAfterADayEach(t *testing.T) { // SEC-38
	t.Parallel()
	s := newSetup(t)
	a := guessAt(newLimitKey(), newLimitKey())
	for range 5 {
		s.count1(t, a)
	}
	s.clock.add(5*24*time.Hour - time.Second)
	s.count1(t, a)
	if v := s.count1(t, a); v.Wait != 2*time.Second {
		t.Errorf("the sixth within five days: %+v", v)
	}
	s.clock.add(6 * 24 * time.Hour)
	for range 5 {
		s.count1(t, a)
	}
	if v := s.count1(t, a); v.Wait != 0 {
		t.Errorf("the sixth after all were forgotten: %+v", v)
	}
}

func TestRatesHaveABurstAndThenASteadyPace(t *testing.T) { // SEC-46, SEC-47
	t.Parallel()
	inEveryMode(t, func(t *testing.T, s *setup) {
		t.Helper()
		minute := driver.RateLimit{Key: newLimitKey(), Every: 3 * time.Second, Burst: 20}
		hour := driver.RateLimit{Key: newLimitKey(), Every: 12 * time.Second, Burst: 30}
		a := driver.Attempt{Rates: []driver.RateLimit{minute, hour}}
		counted := func() (n int) {
			for ; n < 1000; n++ {
				if s.count1(t, a).Wait > 0 {
					return n
				}
			}
			return n
		}
		if n := counted(); n != 20 {
			t.Errorf("%d at once", n)
		}
		if v := s.count1(t, a); v.Wait != 3*time.Second || v.Guesses {
			t.Errorf("then %+v", v)
		}
		s.clock.add(3 * time.Second)
		if n := counted(); n != 1 {
			t.Errorf("%d after 3 s", n)
		}
		s.clock.add(time.Minute) // the hour's has room for 30+5-21
		if n := counted(); n != 14 {
			t.Errorf("%d after a minute", n)
		}
		if v := s.count1(t, driver.Attempt{Rates: []driver.RateLimit{minute}}); v.Wait != 0 {
			t.Errorf("what the hour's refused was counted by the minute's: %+v", v)
		}
	})
}

// A refused attempt counts for nothing, and writes nothing.
func TestRefusalsWriteNothing(t *testing.T) { // SEC-48
	t.Parallel()
	s := newSetup(t)
	a := guessAt(newLimitKey(), newLimitKey())
	a.Rates = []driver.RateLimit{{Key: newLimitKey(), Every: time.Hour, Burst: 100}}
	for range 6 {
		s.count1(t, a)
	}
	state := func() string {
		var rows string
		if err := s.pool.QueryRow(t.Context(), `SELECT string_agg(xmin || ':' || xmax || t::text, ';' ORDER BY key) FROM ginauth.throttles AS t`).Scan(&rows); err != nil {
			t.Fatal(err)
		}
		return rows
	}
	before := state()
	for range 10 {
		if v := s.count1(t, a); v.Wait != 2*time.Second || !v.Guesses {
			t.Errorf("%+v", v)
		}
	}
	if after := state(); after != before {
		t.Errorf("%s became %s", before, after)
	}
}

func TestParallelGuessesAreCountedExactly(t *testing.T) { // SEC-39, SEC-42
	t.Parallel()
	s := newSetup(t)
	other := store.New[store.User](newPool(t, s.pool, func(*pgxpool.Config) {}), store.WithNow(s.clock.now), unhurried)
	dbs := []*store.DB[store.User]{s.db, other}
	run := func(a driver.Attempt) (admitted int64) {
		var n atomic.Int64
		errs := together(160, func(ctx context.Context, i int) error {
			v, err := dbs[i%2].CountAttempt(ctx, a)
			if v.Wait == 0 && err == nil {
				n.Add(1)
			}
			return err
		})
		if err := errors.Join(errs...); err != nil {
			t.Error(err)
		}
		return n.Load()
	}
	free := guessAt(newLimitKey(), newLimitKey())
	free.Guess.Free, free.Guess.Max = 1000, 1000
	if n := run(free); n != 160 {
		t.Errorf("%d of 160 were admitted", n)
	}
	if n := s.count(t, `SELECT failures FROM ginauth.throttles WHERE key = $1`, free.Guess.Key[:]); n != 160 {
		t.Errorf("160 parallel guesses are %d", n)
	}
	for range 5 {
		if n := run(guessAt(newLimitKey(), newLimitKey())); n != 6 {
			t.Errorf("%d were admitted, want 6", n)
		}
		if n := run(driver.Attempt{Rates: []driver.RateLimit{
			{Key: newLimitKey(), Every: time.Second, Burst: 20}, {Key: newLimitKey(), Every: time.Second, Burst: 30},
		}}); n != 20 {
			t.Errorf("%d were admitted, want 20", n)
		}
	}
}

// Attempts that name the same rows in any order never wait for each other in a circle. Two meet at
// the row in the middle: unsorted, each would then have what the other one needs.
func TestAttemptsInAnyOrderDoNotDeadlock(t *testing.T) { // SEC-151
	t.Parallel()
	s := newSetup(t)
	s.pool = newPool(t, s.pool, func(cfg *pgxpool.Config) { // a large table's plan, which changes no order
		cfg.ConnConfig.RuntimeParams["enable_hashjoin"], cfg.ConnConfig.RuntimeParams["enable_mergejoin"] = "off", "off"
	})
	watched, deadlocks := s.watched(t)
	rates := make([]driver.RateLimit, 3)
	for i := range rates {
		rates[i] = driver.RateLimit{Key: driver.LimitKey{byte(i + 1)}, Every: time.Microsecond, Burst: 1000}
	}
	s.count1(t, driver.Attempt{Rates: rates})
	tx, err := s.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }()
	if _, err := tx.Exec(t.Context(), `SELECT FROM ginauth.throttles WHERE key = $1 FOR UPDATE`, rates[1].Key[:]); err != nil {
		t.Fatal(err)
	}
	backwards := slices.Clone(rates)
	slices.Reverse(backwards)
	ended := make(chan error, 2)
	for _, mine := range [][]driver.RateLimit{rates, backwards} {
		go func() {
			_, err := watched.CountAttempt(t.Context(), driver.Attempt{Rates: mine})
			ended <- err
		}()
	}
	await(t, func() bool {
		return s.count(t, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`) == 2
	})
	if err := errors.Join(tx.Commit(t.Context()), <-ended, <-ended); err != nil {
		t.Error(err)
	}
	if n := deadlocks.Load(); n != 0 {
		t.Errorf("%d deadlocks", n)
	}
}

func TestSuccessTakesBackOnlyWhatItsClientDid(t *testing.T) { // SEC-45
	t.Parallel()
	inEveryMode(t, func(t *testing.T, s *setup) {
		t.Helper()
		key, owner, attacker := newLimitKey(), newLimitKey(), newLimitKey()
		failures := func() int {
			return s.count(t, `SELECT COALESCE(sum(failures), 0) FROM ginauth.throttles WHERE key = $1`, key[:])
		}
		mine, theirs := guessAt(key, owner), guessAt(key, attacker)
		mine.Rates = []driver.RateLimit{{Key: newLimitKey(), Every: time.Hour, Burst: 5}}
		s.count1(t, mine)
		s.count1(t, mine)
		s.settle(t, mine, driver.Settlement{})
		if rows := s.count(t, `SELECT count(*) FROM ginauth.throttles WHERE key = $1`, key[:]); rows != 0 {
			t.Errorf("%d rows are left of two guesses and a success", rows)
		}
		for range 3 {
			s.count1(t, theirs)
		}
		s.count1(t, mine)
		s.count1(t, mine)
		s.settle(t, mine, driver.Settlement{})
		if n := failures(); n != 3 {
			t.Errorf("%d failures are left, want the other's 3", n)
		}
		s.count1(t, mine)
		s.count1(t, theirs)
		s.settle(t, mine, driver.Settlement{})
		if n := failures(); n != 4 {
			t.Errorf("%d failures are left when both guessed in turn, want the other's 4", n)
		}
		if v := s.count1(t, mine); v.Wait == 0 || v.Guesses {
			t.Errorf("the rate was given back: %+v", v)
		}
	})
}

// The sixth attempt makes all clients wait; once it has succeeded, none has to.
func TestSuccessLiftsTheWaitThatItMade(t *testing.T) { // SEC-44, SEC-45
	t.Parallel()
	s := newSetup(t)
	mine, theirs := guessAt(newLimitKey(), newLimitKey()), driver.Attempt{}
	theirs.Guess = mine.Guess
	theirs.Guess.Client = newLimitKey()
	for range 5 {
		s.count1(t, theirs)
	}
	s.count1(t, mine)
	if v := s.count1(t, mine); v.Wait != 2*time.Second {
		t.Fatalf("%+v", v)
	}
	s.settle(t, mine, driver.Settlement{})
	if v := s.count1(t, theirs); v.Wait != 0 {
		t.Errorf("%+v", v)
	}
	if v := s.count1(t, theirs); v.Wait != 2*time.Second {
		t.Errorf("after one more: %+v", v)
	}
}

// An attempt that a parallel one has overtaken has used up the rate, but no guess.
func TestAnAttemptThatLostARaceCountsForItsRateOnly(t *testing.T) { // SEC-39
	t.Parallel()
	s := newSetup(t)
	a := guessAt(newLimitKey(), newLimitKey())
	a.Rates = []driver.RateLimit{{Key: newLimitKey(), Every: time.Second, Burst: 60}}
	s.count1(t, a)
	other, err := s.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer other.Rollback(context.WithoutCancel(t.Context())) //nolint:errcheck // it is committed
	if _, err := other.Exec(t.Context(), `UPDATE ginauth.throttles SET until = $2 WHERE key = $1`, a.Guess.Key[:], s.clock.now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	late := make(chan driver.Verdict, 1)
	go func() {
		v, _ := s.db.CountAttempt(context.WithoutCancel(t.Context()), a)
		late <- v
	}()
	await(t, func() bool {
		return s.count(t, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`) > 0
	})
	if err := other.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if v := <-late; v.Wait != time.Second {
		t.Errorf("the late one: %+v", v)
	}
	if n := s.count(t, `SELECT extract(epoch FROM until - $2)::int FROM ginauth.throttles WHERE key = $1`, a.Rates[0].Key[:], s.clock.now()); n != 2 {
		t.Errorf("its rate has counted %d, want 2", n)
	}
	if n := s.count(t, `SELECT failures FROM ginauth.throttles WHERE key = $1`, a.Guess.Key[:]); n != 1 {
		t.Errorf("%d guesses, want 1", n)
	}
}

// bytesPerThrottle bounds what a counted thing takes in the table and its index, when nothing was
// vacuumed.
const bytesPerThrottle = 250

func TestHundredThousandIdentifiersTakeLittleRoomAndGoAgain(t *testing.T) { // SEC-48, SEC-148
	t.Parallel()
	s := newSetup(t)
	const identifiers = 100_000
	s.exec(t, `INSERT INTO ginauth.throttles (key, failures, run, client, until, expires_at)
		SELECT substr(sha256(i::text::bytea), 1, 16), 1, 1, substr(sha256('client'), 1, 16), $1::timestamptz, $1::timestamptz + interval '1 day'
		FROM generate_series(1, $2::bigint) AS i`, s.clock.now(), identifiers)
	if size := s.count(t, `SELECT pg_total_relation_size('ginauth.throttles')`); size > identifiers*bytesPerThrottle {
		t.Errorf("%d bytes each", size/identifiers)
	}
	if n := s.sweep(t); n != 0 {
		t.Errorf("%d were deleted while they counted", n)
	}
	s.clock.add(24 * time.Hour)
	if n := s.sweep(t); n != identifiers {
		t.Errorf("%d were deleted, want %d", n, identifiers)
	}
}

// Without a sweeper, the attempts themselves keep the table small.
func TestAttemptsSweepNowAndThen(t *testing.T) { // SEC-48
	t.Parallel()
	s := newSetup(t)
	for range 1000 {
		a := guessAt(newLimitKey(), newLimitKey())
		a.Rates = []driver.RateLimit{{Key: newLimitKey(), Every: time.Second, Burst: 60}}
		s.count1(t, a)
		s.clock.add(15 * time.Minute) // 96 a day, of which each remembers one
	}
	if n := s.count(t, `SELECT count(*) FROM ginauth.throttles`); n > 96+2*64 {
		t.Errorf("%d rows", n)
	}
}

func TestSweepForgetsDevicesAfterAYear(t *testing.T) { // SEC-48
	t.Parallel()
	s := newSetup(t)
	u := s.user(t).ID
	s.loggedIn(t, u, guessAt(newLimitKey(), newLimitKey()))
	s.clock.add(364 * 24 * time.Hour)
	s.loggedIn(t, u, guessAt(newLimitKey(), newLimitKey()))
	s.clock.add(24 * time.Hour)
	s.sweep(t)
	if n := s.count(t, `SELECT count(*) FROM ginauth.known_devices`); n != 1 {
		t.Errorf("%d devices, want 1", n)
	}
}

func TestRatesThatCannotWorkAreRefused(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	for name, rate := range map[string]driver.RateLimit{
		"no time":           {Burst: 1},
		"no burst":          {Every: time.Second},
		"a negative time":   {Every: -time.Second, Burst: 1},
		"more than an int":  {Every: time.Hour, Burst: 1 << 40},
		"a negative burst":  {Every: time.Second, Burst: -1},
		"a burst for years": {Every: 1 << 62, Burst: 3},
	} {
		rate.Key = newLimitKey()
		if _, err := s.db.CountAttempt(t.Context(), driver.Attempt{Rates: []driver.RateLimit{rate}}); err == nil {
			t.Errorf("a rate with %s is taken", name)
		}
	}
	if n := s.count(t, `SELECT count(*) FROM ginauth.throttles`); n != 0 {
		t.Errorf("%d rows are written", n)
	}
}
