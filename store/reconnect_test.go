package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store"
)

// Statements that were prepared are forgotten by the server or become outdated while the app runs.
func TestForgottenStatementsAreSentAgain(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	one := newPool(t, s.pool, func(cfg *pgxpool.Config) { cfg.MaxConns = 1 })
	e := newEvery(t, s, store.New[store.User](one, store.WithNow(s.clock.now), unhurried))
	e.all("at first")
	for what, statements := range map[string][]string{
		"DISCARD ALL":    {`DISCARD ALL`},
		"DEALLOCATE ALL": {`DEALLOCATE ALL`},
		"ALTER COLUMN TYPE": {
			`ALTER TABLE ginauth.users ALTER COLUMN name TYPE varchar(1000), ALTER COLUMN email TYPE varchar(1000)`,
			`ALTER TABLE ginauth.sessions ALTER COLUMN user_agent TYPE varchar(1000)`,
			`ALTER TABLE ginauth.events ALTER COLUMN kind TYPE varchar(1000)`,
			`ALTER TABLE ginauth.api_keys ALTER COLUMN name TYPE varchar(1000)`,
			`ALTER TABLE ginauth.refresh_tokens ALTER COLUMN user_agent TYPE varchar(1000)`,
			`ALTER TABLE ginauth.email_tokens ALTER COLUMN email TYPE varchar(1000)`,
			`ALTER TABLE ginauth.outbox ALTER COLUMN email TYPE varchar(1000)`,
		},
	} {
		for _, statement := range statements {
			if _, err := one.Exec(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
		}
		e.all("after " + what)
	}
}

// An error that only looks like a stale statement is a fault that stays, and is not tried for long.
func TestAFeatureThatIsMissingIsTriedTwice(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	s.failInserts(t, 100, `RAISE EXCEPTION USING ERRCODE = '0A000'`)
	if _, err := s.db.CreateUser(t.Context(), newUser(), nil); err == nil || errors.Is(err, driver.ErrUnavailable) {
		t.Errorf("CreateUser: %v", err)
	}
	if got := s.attempts(t); got != 2 {
		t.Errorf("%d attempts, want 2", got)
	}
}

// In a transaction of the app's own nothing can be repeated: the whole transaction has failed.
func TestAForgottenStatementInTheCallersTransactionIsTheirs(t *testing.T) { // SEC-152
	t.Parallel()
	s := newSetup(t)
	one := newPool(t, s.pool, func(cfg *pgxpool.Config) { cfg.MaxConns = 1 })
	find := func() error {
		return pgx.BeginFunc(t.Context(), one, func(tx pgx.Tx) error {
			_, err := store.New[store.User](tx, unhurried).FindUser(t.Context(), s.user(t).ID)
			return err
		})
	}
	if err := find(); err != nil {
		t.Fatal(err)
	}
	if _, err := one.Exec(t.Context(), `DISCARD ALL`); err != nil {
		t.Fatal(err)
	}
	if err := find(); err == nil {
		t.Error("a void transaction went on")
	}
	if err := find(); err != nil {
		t.Errorf("the next one: %v", err)
	}
}

// endAll ends all connections of the pool on the server's side, and waits until the server has done
// it.
func endAll(t *testing.T, s *setup, pool *pgxpool.Pool, name string) {
	t.Helper()
	var taken []*pgxpool.Conn
	for range pool.Config().MaxConns {
		conn, err := pool.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := conn.Ping(t.Context()); err != nil { // one that ended before
			_ = conn.Conn().Close(t.Context())
		}
		taken = append(taken, conn)
	}
	s.exec(t, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1`, name)
	s.exec(t, `DO $$ BEGIN
		WHILE EXISTS (SELECT FROM pg_stat_activity WHERE application_name = '`+name+`') LOOP
			PERFORM pg_sleep(0.002), pg_stat_clear_snapshot();
		END LOOP;
	END $$`)
	for _, conn := range taken {
		conn.Release()
	}
}

func TestAReadOnAConnectionThatHasEndedIsDoneOnAnother(t *testing.T) { // SEC-154
	t.Parallel()
	const name = "ginauth-ended"
	s := newSetup(t)
	pool := newPool(t, s.pool, func(cfg *pgxpool.Config) {
		cfg.MaxConns = 3
		cfg.ConnConfig.RuntimeParams["application_name"] = name
		cfg.ShouldPing = func(context.Context, pgxpool.ShouldPingParams) bool { return false } // as within a second
	})
	e := newEvery(t, s, store.New[store.User](pool, store.WithNow(s.clock.now), unhurried))
	for what, call := range e.reads {
		endAll(t, s, pool, name)
		if err := call(t.Context()); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	for what, call := range e.writes { // may have been done
		endAll(t, s, pool, name)
		if err := call(t.Context()); err != nil && !errors.Is(err, driver.ErrUnavailable) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// A server that stays away is asked once more, and not more often.
func TestAReadWithoutAServerEndsAtOnce(t *testing.T) { // SEC-157
	t.Parallel()
	s, n := newSetup(t), &network{}
	db := store.New[store.User](poolBehind(t, n, s.pool), store.WithTimeout(time.Minute), store.WithNow(s.clock.now))
	e := newEvery(t, s, db)
	delete(e.reads, "Get") // of a request without a cookie
	wantRecovery(t, e.reads)
	n.become(refusing)
	wantUnavailable(t, e.reads)
}
