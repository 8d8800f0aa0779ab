package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// defaultMaxConns lets about 70 tests at once share a server of 300 connections.
const defaultMaxConns = 4

// Option changes the pool that a test gets.
type Option func(*pgxpool.Config)

// WithMaxConns sets the size of the pool. Default: 4 connections.
func WithMaxConns(n int32) Option {
	return func(c *pgxpool.Config) { c.MaxConns = n }
}

// WithConfig lets edit change the pool's configuration, to set a tracer for example.
func WithConfig(edit func(*pgxpool.Config)) Option { return edit }

// NewDB returns a pool on a new database with the newest schema. The pool is closed and the
// database given up when the test ends. It fails the test when there is no server.
func NewDB(tb testing.TB, opts ...Option) *pgxpool.Pool {
	tb.Helper()
	return openPool(tb, NewURL(tb), opts)
}

// NewEmptyDB is [NewDB] with a database in which nothing is migrated.
func NewEmptyDB(tb testing.TB, opts ...Option) *pgxpool.Pool {
	tb.Helper()
	return openPool(tb, NewEmptyURL(tb), opts)
}

// NewURL returns the connection string of a new database with the newest schema, for a test
// that starts a process or configures a pool itself. It must disconnect before it ends.
func NewURL(tb testing.TB) string {
	tb.Helper()
	s := shared(tb)
	template, err := s.template()
	if err != nil {
		tb.Fatalf("storetest: %v", err)
	}
	return s.newDatabase(tb, template)
}

// NewEmptyURL is [NewURL] with a database in which nothing is migrated.
func NewEmptyURL(tb testing.TB) string {
	tb.Helper()
	return shared(tb).newDatabase(tb, "template0")
}

func openPool(tb testing.TB, url string, opts []Option) *pgxpool.Pool {
	tb.Helper()
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		tb.Fatalf("storetest: reading the server's address: %v", err)
	}
	config.MaxConns = defaultMaxConns
	for _, opt := range opts {
		opt(config)
	}
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		tb.Fatalf("storetest: opening a pool: %v", err)
	}
	const patience = 10 * time.Second
	tb.Cleanup(func() { closePool(tb, pool, patience) })
	return pool
}

// closePool fails the test that keeps a connection, which would otherwise hang here.
func closePool(tb testing.TB, pool *pgxpool.Pool, patience time.Duration) {
	tb.Helper()
	closed := make(chan struct{})
	go func() {
		pool.Close()
		close(closed)
	}()
	select {
	case <-closed:
	case <-time.After(patience):
		tb.Errorf("storetest: the test kept %d connections of its pool: close rows, release what was acquired",
			pool.Stat().AcquiredConns())
	}
}
