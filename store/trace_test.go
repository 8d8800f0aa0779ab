package store_test

import (
	"context"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
)

// statementCount counts what is sent to the database, apart from preparing it.
type statementCount struct{ atomic.Int64 }

func (c *statementCount) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	c.Add(1)
	return ctx
}

func (*statementCount) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}
