package storetest_test

import (
	"slices"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/store/storetest"
)

const countUsers = `SELECT count(*) FROM ginauth.users`

func TestNewDBIsMigratedAndEmpty(t *testing.T) {
	t.Parallel()
	pool := storetest.NewDB(t)
	var n int
	if err := pool.QueryRow(t.Context(), countUsers).Scan(&n); err != nil {
		t.Fatal(err)
	}
	if n != 0 {
		t.Errorf("got %d users in a new database, want 0", n)
	}
}

func TestNewEmptyDBHasNoSchema(t *testing.T) {
	t.Parallel()
	pool := storetest.NewEmptyDB(t)
	var exists bool
	if err := pool.QueryRow(t.Context(), `SELECT to_regnamespace('ginauth') IS NOT NULL`).Scan(&exists); err != nil {
		t.Fatal(err)
	}
	if exists {
		t.Error("an empty database has the schema ginauth")
	}
}

func TestDatabasesAreApart(t *testing.T) {
	t.Parallel()
	first, second := storetest.NewDB(t), storetest.NewDB(t)
	const insert = `INSERT INTO ginauth.users (id, email, email_canonical) VALUES (gen_random_uuid(), 'a@example.com', 'a@example.com')`
	if _, err := first.Exec(t.Context(), insert); err != nil {
		t.Fatal(err)
	}
	var n int
	if err := second.QueryRow(t.Context(), countUsers).Scan(&n); err != nil {
		t.Fatal(err)
	}
	if n != 0 {
		t.Errorf("a row of one database is in another: %d rows", n)
	}
}

func TestPoolIsSmallUnlessTold(t *testing.T) {
	t.Parallel()
	if got := storetest.NewDB(t).Config().MaxConns; got != 4 {
		t.Errorf("got a pool of %d connections, want 4", got)
	}
	if got := storetest.NewDB(t, storetest.WithMaxConns(9)).Config().MaxConns; got != 9 {
		t.Errorf("got a pool of %d connections, want 9", got)
	}
}

func TestDatabaseOutlivesItsTestByNoConnection(t *testing.T) {
	t.Parallel()
	var pool *pgxpool.Pool
	t.Run("inner", func(t *testing.T) { pool = storetest.NewDB(t) })
	if err := pool.Ping(t.Context()); err == nil {
		t.Error("the pool works after the end of its test")
	}
}

// scope is a test within a benchmark, so that it can end.
type scope struct {
	testing.TB

	cleanups []func()
}

func (s *scope) Cleanup(f func()) { s.cleanups = append(s.cleanups, f) }

func (s *scope) end() {
	for _, f := range slices.Backward(s.cleanups) {
		f()
	}
}

// BenchmarkNewDB measures what a test pays: making the database, and giving it up.
func BenchmarkNewDB(b *testing.B) {
	storetest.NewDB(b)
	for b.Loop() {
		s := &scope{TB: b}
		storetest.NewDB(s)
		s.end()
	}
}

// BenchmarkNewDBFirstQuery adds the connection and a query.
func BenchmarkNewDBFirstQuery(b *testing.B) {
	storetest.NewDB(b)
	for b.Loop() {
		s := &scope{TB: b}
		pool := storetest.NewDB(s)
		var n int
		if err := pool.QueryRow(b.Context(), countUsers).Scan(&n); err != nil {
			b.Fatal(err)
		}
		s.end()
	}
}
