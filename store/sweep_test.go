package store_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store"
	"github.com/ginauth/ginauth/store/storetest"
)

func (s *setup) sweep(t *testing.T) (deleted int64) {
	t.Helper()
	deleted, err := s.db.Sweep(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return deleted
}

func (s *setup) stored(t *testing.T, n driver.NewSession) bool {
	t.Helper()
	return s.count(t, `SELECT count(*) FROM ginauth.sessions WHERE digest = $1`, n.Digest[:]) == 1
}

// bulk adds live sessions, and sessions of one user or anonymous ones that have ended by the clocks
// of the database and of the test.
func (s *setup) bulk(t *testing.T, id driver.UserID, over, live int) {
	t.Helper()
	s.exec(t, `INSERT INTO ginauth.sessions (digest, id, user_id, created_at, last_seen_at, idle_timeout, expires_at)
		SELECT sha256(i::text::bytea), gen_random_uuid(), NULLIF($1, '')::uuid, $2::timestamptz, $2::timestamptz, interval '1 day',
			$2::timestamptz + CASE WHEN i <= $3 THEN interval '-1 day' ELSE interval '1 day' END
		FROM generate_series(1, $3::bigint + $4::bigint) AS i ORDER BY sha256(i::text::bytea)`, string(id), s.clock.now(), over, live)
}

func TestSweepDeletesWhatHasEndedAndNothingElse(t *testing.T) { // SEC-71
	t.Parallel()
	s := newSetup(t)
	u, left := s.user(t).ID, s.user(t).ID
	idle, over, revoked, kept, disabled := sessionOf(u), sessionOf(u), sessionOf(left), sessionOf(left), sessionOf(s.user(t).ID)
	live, anonymous, stale := sessionOf(u), sessionOf(""), sessionOf("")
	over.IdleTimeout, over.Lifetime, stale.IdleTimeout = 100*time.Hour, idleTimeout, time.Minute
	disabled.IdleTimeout, kept.IdleTimeout, revoked.IdleTimeout = 100*time.Hour, 100*time.Hour, 100*time.Hour
	for _, n := range []driver.NewSession{idle, over, revoked, disabled, stale} {
		s.session(t, n)
	}
	spared := s.session(t, kept)
	s.clock.add(idleTimeout)
	s.session(t, live)
	s.session(t, anonymous)
	if err := s.db.RevokeUserSessions(t.Context(), left, spared.ID); err != nil {
		t.Fatal(err)
	}
	s.exec(t, `UPDATE ginauth.users SET disabled_at = now() WHERE id = $1`, string(disabled.UserID))
	if n := s.sweep(t); n != 4 {
		t.Errorf("%d deleted, want 4", n)
	}
	for _, n := range []driver.NewSession{idle, over, revoked, stale} {
		if s.stored(t, n) {
			t.Errorf("a session that has ended is still stored: %+v", n)
		}
	}
	for _, n := range []driver.NewSession{live, anonymous, kept, disabled} {
		if !s.stored(t, n) {
			t.Errorf("a session was deleted that has not ended: %+v", n)
		}
	}
	if err := s.db.RevokeAllSessions(t.Context()); err != nil {
		t.Fatal(err)
	}
	after := sessionOf(u)
	s.session(t, after)
	if n := s.sweep(t); n != 4 || !s.stored(t, after) {
		t.Errorf("after all were revoked: %d deleted, want 4; the one made since is stored: %v", n, s.stored(t, after))
	}
}

func TestSweepWorksInEveryMode(t *testing.T) {
	t.Parallel()
	for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol} {
		s := setupOn(storetest.NewDB(t, storetest.WithConfig(func(cfg *pgxpool.Config) {
			cfg.ConnConfig.DefaultQueryExecMode = mode
		})))
		s.bulk(t, "", 1500, 3)
		if n := s.sweep(t); n != 1500 {
			t.Errorf("%v: %d deleted, want 1500", mode, n)
		}
	}
}

// The table is many times larger than what one statement reads.
func TestSweepGoesAroundTheTable(t *testing.T) { // SEC-71
	t.Parallel()
	s := newSetup(t)
	s.bulk(t, s.user(t).ID, 20_000, 20_000)
	s.exec(t, `CREATE TABLE batches (deleted bigint)`)
	s.exec(t, `CREATE FUNCTION note_batch() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN INSERT INTO batches SELECT count(*) FROM gone; RETURN NULL; END $$`)
	s.exec(t, `CREATE TRIGGER note AFTER DELETE ON ginauth.sessions REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION note_batch()`)
	if n := s.sweep(t); n != 20_000 {
		t.Errorf("%d deleted, want 20000", n)
	}
	if n := s.count(t, `SELECT max(deleted) FROM batches`); n != 1000 {
		t.Errorf("%d sessions in one batch", n)
	}
	if n := s.count(t, `SELECT count(*) FROM ginauth.sessions WHERE expires_at > $1`, s.clock.now()); n != 20_000 {
		t.Errorf("%d live sessions are left, want 20000", n)
	}
}

func TestSweepersShareTheWork(t *testing.T) { // SEC-71, SEC-151
	t.Parallel()
	s := newSetup(t)
	s.bulk(t, s.user(t).ID, 10_000, 100)
	var dbs []*store.Sessions
	for range 4 {
		dbs = append(dbs, store.NewSessions(newPool(t, s.pool, func(*pgxpool.Config) {}), store.WithNow(s.clock.now), unhurried))
	}
	var deleted atomic.Int64
	errs := together(len(dbs), func(ctx context.Context, i int) error {
		for {
			n, err := dbs[i].Sweep(ctx)
			if n == 0 || err != nil {
				return err
			}
			deleted.Add(n)
		}
	})
	if err := errors.Join(errs...); err != nil || deleted.Load() != 10_000 {
		t.Errorf("%d deleted, want 10000: %v", deleted.Load(), err)
	}
	if n := s.sweep(t); n != 0 {
		t.Errorf("%d were left", n)
	}
}

// A request that found the session in time keeps it, even if it writes while the sweeper runs.
func TestSweepPassesByWhatIsBeingWritten(t *testing.T) { // SEC-71, SEC-151
	t.Parallel()
	s := newSetup(t)
	n := sessionOf(s.user(t).ID)
	s.session(t, n)
	s.clock.add(idleTimeout - time.Second)
	err := pgx.BeginFunc(t.Context(), s.pool, func(tx pgx.Tx) error {
		if _, err := store.NewSessions(tx, store.WithNow(s.clock.now), unhurried).UpdateSession(t.Context(), n.Digest, driver.SessionChange{}); err != nil {
			return err
		}
		s.clock.add(time.Minute)
		if deleted, err := s.db.Sweep(t.Context()); deleted != 0 || err != nil {
			t.Errorf("Sweep = %d, %v", deleted, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if deleted := s.sweep(t); deleted != 0 || s.find(t, n.Digest) != nil {
		t.Errorf("%d deleted", deleted)
	}
}

func TestSweeperRunsUntilItsContextEnds(t *testing.T) { // SEC-71
	t.Parallel()
	s := newSetup(t)
	s.bulk(t, "", 2500, 10)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.db.RunSweeper(ctx, time.Millisecond) }()
	await(t, func() bool { return s.count(t, `SELECT count(*) FROM ginauth.sessions`) == 10 })
	s.clock.add(100 * time.Hour)
	await(t, func() bool { return s.count(t, `SELECT count(*) FROM ginauth.sessions`) == 0 })
	stop()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("RunSweeper = %v", err)
	}
	if err := s.db.RunSweeper(ctx, time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("RunSweeper after the end = %v", err)
	}
	if err := s.db.RunSweeper(t.Context(), 0); err == nil {
		t.Error("RunSweeper without a pause: no error")
	}
}

// await waits for another goroutine, which no clock drives.
func await(t *testing.T, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it did not happen")
		}
	}
}

func TestSweeperOutlivesAnOutage(t *testing.T) { // SEC-158
	t.Parallel()
	s := newSetup(t)
	var wires network
	wires.become(refusing)
	var log journal
	db := store.NewSessions(poolBehind(t, &wires, s.pool), store.WithNow(s.clock.now), unhurried, store.WithLogger(log.logger()))
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- db.RunSweeper(ctx, time.Millisecond) }()
	if _, err := db.Sweep(t.Context()); !errors.Is(err, driver.ErrUnavailable) {
		t.Errorf("Sweep during an outage: %v", err)
	}
	await(t, func() bool { return log.has("level=WARN") })
	s.bulk(t, "", 10, 0)
	wires.become(healthy)
	await(t, func() bool { return s.count(t, `SELECT count(*) FROM ginauth.sessions`) == 0 })
	stop()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("RunSweeper = %v", err)
	}
}
