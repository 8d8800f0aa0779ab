package store_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/store"
)

// statementCount counts what is sent to the database, apart from preparing it.
type statementCount struct{ atomic.Int64 }

func (c *statementCount) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	c.Add(1)
	return ctx
}

func (*statementCount) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// batchCount counts batches apart from other statements.
type batchCount struct {
	statementCount

	batches atomic.Int64
}

func (c *batchCount) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	c.batches.Add(1)
	return ctx
}

func (*batchCount) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}
func (*batchCount) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData)     {}

// deadlockCount counts the statements that PostgreSQL ended because of a deadlock and that the
// store tried again. The server's own count may be ten seconds late.
type deadlockCount struct{ atomic.Int64 }

func (c *deadlockCount) see(err error) {
	var refused *pgconn.PgError
	if errors.As(err, &refused) && refused.Code == "40P01" {
		c.Add(1)
	}
}

func (*deadlockCount) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	return ctx
}

func (c *deadlockCount) TraceQueryEnd(_ context.Context, _ *pgx.Conn, d pgx.TraceQueryEndData) {
	c.see(d.Err)
}

func (*deadlockCount) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return ctx
}

func (*deadlockCount) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

func (c *deadlockCount) TraceBatchEnd(_ context.Context, _ *pgx.Conn, d pgx.TraceBatchEndData) {
	c.see(d.Err)
}

// watched is the same store on a pool that counts deadlocks.
func (s *setup) watched(t *testing.T) (*store.DB[store.User], *deadlockCount) {
	t.Helper()
	var deadlocks deadlockCount
	pool := newPool(t, s.pool, func(cfg *pgxpool.Config) { cfg.ConnConfig.Tracer = &deadlocks })
	return store.New[store.User](pool, store.WithNow(s.clock.now), unhurried), &deadlocks
}
