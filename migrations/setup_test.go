package migrations_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/migrations"
)

// TestMain runs the tests, or one process of [TestUpRunsOnceInManyProcesses].
func TestMain(m *testing.M) {
	if url := os.Getenv(processEnv); url != "" {
		if err := process(url); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// newPool opens a pool on url, which the test may do without storetest's care.
func newPool(t *testing.T, url string, edit func(*pgxpool.Config)) *pgxpool.Pool {
	t.Helper()
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	edit(cfg)
	pool, err := pgxpool.NewWithConfig(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

func exec(t *testing.T, pool *pgxpool.Pool, sql string, args ...any) {
	t.Helper()
	if _, err := pool.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func query[T any](t *testing.T, pool *pgxpool.Pool, sql string, args ...any) (value T) {
	t.Helper()
	if err := pool.QueryRow(t.Context(), sql, args...).Scan(&value); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return value
}

func up(t *testing.T, pool *pgxpool.Pool, opts ...migrations.Option) {
	t.Helper()
	if err := migrations.Up(t.Context(), pool, opts...); err != nil {
		t.Fatal(err)
	}
}

// applied returns the versions that are applied.
func applied(t *testing.T, pool *pgxpool.Pool) (versions []int64) {
	t.Helper()
	list, err := migrations.Status(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range list {
		if !m.AppliedAt.IsZero() {
			versions = append(versions, m.Version)
		}
	}
	return versions
}

// versions returns the versions of all migrations.
func versions(t *testing.T) (versions []int64) {
	t.Helper()
	files, err := fs.Glob(migrations.FS, "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		number, _, _ := strings.Cut(file, "_")
		version, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		versions = append(versions, version)
	}
	return versions
}

func expectApplied(t *testing.T, pool *pgxpool.Pool, want []int64) {
	t.Helper()
	if diff := cmp.Diff(want, applied(t, pool), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("applied: %s", diff)
	}
}

const listTables = `SELECT COALESCE(array_agg(tablename::text ORDER BY tablename), '{}')
FROM pg_catalog.pg_tables WHERE schemaname = 'ginauth'`

func tables(t *testing.T, pool *pgxpool.Pool) []string {
	t.Helper()
	return query[[]string](t, pool, listTables)
}

// await waits until the query returns true.
func await(t *testing.T, pool *pgxpool.Pool, sql string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		var ok bool
		if err := pool.QueryRow(ctx, sql).Scan(&ok); err != nil {
			t.Fatalf("waiting for %s: %v", sql, err)
		}
		if ok {
			return
		}
		<-tick.C
	}
}

// code returns PostgreSQL's code of an error, and the constraint that was violated.
func code(err error) (sqlState, constraint string) {
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) {
		return pgErr.Code, pgErr.ConstraintName
	}
	return "", ""
}
