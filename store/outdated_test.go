package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/migrations"
	"github.com/ginauth/ginauth/store"
	"github.com/ginauth/ginauth/store/storetest"
)

// lines is a log.
type lines struct {
	mu sync.Mutex
	bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.Buffer.Write(p)
}

func TestADatabaseThatIsNotMigratedIsOneSentence(t *testing.T) {
	t.Parallel()
	files, err := fs.Glob(migrations.FS, "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	newest := len(files)
	for name, c := range map[string]struct {
		make func(*testing.T, *pgxpool.Pool)
		at   int
	}{
		"no schema": {func(t *testing.T, p *pgxpool.Pool) {
			t.Helper()
			down(t, p, 0)
			run(t, p, `DROP SCHEMA ginauth CASCADE`)
		}, 0},
		"an empty one": {func(t *testing.T, p *pgxpool.Pool) {
			t.Helper()
			run(t, p, `DROP SCHEMA ginauth CASCADE; CREATE SCHEMA ginauth`)
		}, 0},
		"nothing":      {func(t *testing.T, p *pgxpool.Pool) { t.Helper(); down(t, p, 0) }, 0},
		"no throttles": {func(t *testing.T, p *pgxpool.Pool) { t.Helper(); down(t, p, 6) }, 6},
		"no events":    {func(t *testing.T, p *pgxpool.Pool) { t.Helper(); down(t, p, 9) }, 9},
		"no column":    {func(t *testing.T, p *pgxpool.Pool) { t.Helper(); down(t, p, 2) }, 2},
		"a lost table": {func(t *testing.T, p *pgxpool.Pool) { t.Helper(); run(t, p, `DROP TABLE ginauth.throttles`) }, newest},
		"a lost version": {func(t *testing.T, p *pgxpool.Pool) {
			t.Helper()
			run(t, p, `DROP TABLE ginauth.throttles, ginauth.goose_db_version`)
		}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pool, log := storetest.NewDB(t), &lines{}
			c.make(t, pool)
			db := store.New[store.User](pool, unhurried, store.WithLogger(slog.New(slog.NewTextHandler(log, nil))))
			sentence := fmt.Sprintf("run migrations.Up or make migrate: the database is at version %d, this build wants %d", c.at, newest)
			if c.at == newest {
				sentence = fmt.Sprintf("restore the schema ginauth from a backup: the database is at version %d, as this build wants it, but a part is missing", c.at)
			}
			for range 3 {
				u, failed := newUser(), 0
				_, err := db.CountAttempt(t.Context(), someAttempt())
				_, created := db.CreateUser(t.Context(), u, nil)
				_, _, found := db.FindUserSession(t.Context(), newDigest())
				_, events := db.UserEvents(t.Context(), "01890000-0000-7000-8000-000000000000", time.Time{}, 1)
				for _, err := range []error{err, created, found, events} {
					if err != nil && !errors.Is(err, driver.ErrNoSession) {
						failed++
					}
					if err != nil && !errors.Is(err, driver.ErrNoSession) && (!strings.Contains(err.Error(), sentence) || errors.Is(err, driver.ErrUnavailable)) {
						t.Errorf("%v, want %q", err, sentence)
					}
				}
				if failed == 0 {
					t.Error("nothing failed")
				}
			}
			if n := strings.Count(log.String(), sentence); n != 1 {
				t.Errorf("logged %d times:\n%s", n, log)
			}
		})
	}
}

// When something of the app's own is missing, the error does not ask for this package's migrations.
func TestWhatAnAppsOwnHookMissesIsItsOwn(t *testing.T) {
	t.Parallel()
	for _, statement := range []string{`SELECT * FROM teams`, `SELECT plan FROM ginauth.users`} {
		db := store.New[store.User](storetest.NewDB(t), unhurried, store.AfterCreate(func(ctx context.Context, tx pgx.Tx, _ store.User) error {
			_, err := tx.Exec(ctx, statement)
			return err
		}))
		_, err := db.CreateUser(t.Context(), newUser(), nil)
		var refused *pgconn.PgError
		if !errors.As(err, &refused) || strings.Contains(err.Error(), "migrations.Up") {
			t.Errorf("%s: %v", statement, err)
		}
	}
}

func down(t *testing.T, pool *pgxpool.Pool, version int64) {
	t.Helper()
	if err := migrations.DownTo(t.Context(), pool, version); err != nil {
		t.Fatal(err)
	}
}

func run(t *testing.T, pool *pgxpool.Pool, sql string) {
	t.Helper()
	if _, err := pool.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}
