package migrations_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/migrations"
	"github.com/ginauth/ginauth/store/storetest"
)

const (
	// lockID stays the same in all releases, so that old and new builds exclude each other.
	lockID = 0x67696e61757468

	isWaiting = `SELECT EXISTS (SELECT 1 FROM pg_stat_activity
WHERE datname = current_database() AND query LIKE 'SELECT pg_try_advisory_lock%')`
	isUnlocked = `SELECT NOT EXISTS (SELECT 1 FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
WHERE datname = current_database() AND locktype = 'advisory')`
)

// holdLock takes the advisory lock as another process would and returns that one's backend.
func holdLock(t *testing.T, pool *pgxpool.Pool) (pid uint32) {
	t.Helper()
	conn, err := pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = conn.Conn().Close(context.Background())
		conn.Release()
	})
	if _, err := conn.Exec(t.Context(), `SELECT pg_advisory_lock($1)`, int64(lockID)); err != nil {
		t.Fatal(err)
	}
	return conn.Conn().PgConn().PID()
}

func start(ctx context.Context, pool *pgxpool.Pool, opts ...migrations.Option) <-chan error {
	done := make(chan error, 1)
	go func() { done <- migrations.Up(ctx, pool, opts...) }()
	return done
}

func TestUpWaitsForAnotherProcessUntilItDies(t *testing.T) {
	t.Parallel()
	url := storetest.NewEmptyURL(t)
	others := newPool(t, url, func(*pgxpool.Config) {})
	// Time-outs made for requests must not end the wait.
	pool := newPool(t, url, func(cfg *pgxpool.Config) {
		cfg.ConnConfig.RuntimeParams["Statement_Timeout"] = "20"
		cfg.ConnConfig.RuntimeParams["lock_timeout"] = "20"
	})
	pid := holdLock(t, others)
	done := start(t.Context(), pool)
	await(t, others, isWaiting)
	await(t, others, `SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = current_database()
AND query LIKE 'SELECT pg_try_advisory_lock%' AND clock_timestamp() - backend_start > interval '250 ms')`)
	if n := len(tables(t, others)); n != 0 {
		t.Errorf("%d tables were made without the lock", n)
	}
	exec(t, others, `SELECT pg_terminate_backend($1)`, pid)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	expectApplied(t, others, versions(t))
	await(t, others, isUnlocked)
}

func TestCancelledUpStopsWaitingAndReleasesTheLock(t *testing.T) {
	t.Parallel()
	pool := storetest.NewEmptyDB(t)
	pid := holdLock(t, pool)
	ctx, cancel := context.WithCancel(t.Context())
	done := start(ctx, pool)
	await(t, pool, isWaiting)
	cancel()
	select {
	case err := <-done:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	case <-time.After(time.Minute):
		t.Fatal("Up still waits")
	}
	await(t, pool, "SELECT NOT ("+isWaiting[len("SELECT "):]+")")
	exec(t, pool, `SELECT pg_terminate_backend($1)`, pid)
	await(t, pool, isUnlocked)
	if n := len(tables(t, pool)); n != 0 {
		t.Errorf("%d tables were made", n)
	}
}

func TestCancelledMigrationIsUndone(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string][]migrations.Option{
		"advisory lock": nil,
		"table lock":    {migrations.WithTableLock()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pool := storetest.NewEmptyDB(t)
			up(t, pool, opts...)
			if err := migrations.DownTo(t.Context(), pool, 1, opts...); err != nil {
				t.Fatal(err)
			}
			// A foreign key needs a lock on the table it points at.
			tx, err := pool.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }()
			if _, err := tx.Exec(t.Context(), `LOCK TABLE ginauth.users IN EXCLUSIVE MODE`); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			done := start(ctx, pool, opts...)
			await(t, pool, `SELECT EXISTS (SELECT 1 FROM pg_locks WHERE relation = 'ginauth.users'::regclass AND NOT granted)`)
			cancel()
			if err := <-done; !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
			if err := tx.Rollback(t.Context()); err != nil {
				t.Fatal(err)
			}
			expectApplied(t, pool, []int64{1})
			// The lock is free again: this does not wait for a lease of 30 s.
			ctx, cancel = context.WithTimeout(t.Context(), 25*time.Second)
			defer cancel()
			if err := migrations.Up(ctx, pool, opts...); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestTableLockExcludesOthersUntilItsLeaseEnds(t *testing.T) {
	t.Parallel()
	pool := storetest.NewEmptyDB(t)
	up(t, pool, migrations.WithTableLock())
	if err := migrations.DownTo(t.Context(), pool, 0); err != nil {
		t.Fatal(err)
	}
	const lease = `UPDATE ginauth.goose_lock SET locked = true, locked_by = 'another', lease_expires_at = now() + $2::interval
WHERE lock_id = $1`
	exec(t, pool, lease, int64(lockID), "1 hour")
	// It tries four times a second, which the lock's table tells by what it has been asked.
	exec(t, pool, `CREATE TABLE tries (n bigint);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO tries VALUES (1); RETURN NULL; END $$;
CREATE TRIGGER note AFTER INSERT ON ginauth.goose_lock EXECUTE FUNCTION note()`)
	ctx, cancel := context.WithCancel(t.Context())
	done := start(ctx, pool, migrations.WithTableLock())
	await(t, pool, `SELECT count(*) >= 2 OR to_regclass('ginauth.users') IS NOT NULL FROM tries`)
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("while another process holds the lock: %v", err)
	}
	expectApplied(t, pool, nil)
	exec(t, pool, lease, int64(lockID), "-1 second")
	up(t, pool, migrations.WithTableLock())
	if query[bool](t, pool, `SELECT bool_or(locked) FROM ginauth.goose_lock`) {
		t.Error("the lock was not given back")
	}
}

func TestTableLockNeedsNoAdvisoryLock(t *testing.T) {
	t.Parallel()
	pool := storetest.NewEmptyDB(t)
	holdLock(t, pool)
	up(t, pool, migrations.WithTableLock())
}

func TestTableLockReportsWhatWaitingDoesNotCure(t *testing.T) {
	t.Parallel()
	url := storetest.NewEmptyURL(t)
	admin := newPool(t, url, func(*pgxpool.Config) {})
	up(t, admin, migrations.WithTableLock())
	role := newRole(t, admin)
	exec(t, admin, "GRANT USAGE ON SCHEMA ginauth TO "+role)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	err := migrations.Up(ctx, as(t, url, role), migrations.WithTableLock())
	if state, _ := code(err); state != "42501" {
		t.Errorf("got %v, want insufficient_privilege", err)
	}
}

func TestSchemaMadeByAnotherAtTheSameTimeIsTaken(t *testing.T) {
	t.Parallel()
	pool := storetest.NewEmptyDB(t)
	tx, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }()
	if _, err := tx.Exec(t.Context(), `CREATE SCHEMA ginauth`); err != nil {
		t.Fatal(err)
	}
	done := start(t.Context(), pool, migrations.WithTableLock())
	await(t, pool, `SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = current_database()
AND wait_event_type = 'Lock' AND query LIKE 'CREATE SCHEMA%')`)
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	expectApplied(t, pool, versions(t))
}
