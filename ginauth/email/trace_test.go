package email_test

import (
	"context"
	"sync"

	"github.com/jackc/pgx/v5"
)

// recorder notes every statement, but those that only open and close transactions.
type recorder struct {
	mu   sync.Mutex
	sqls []string
}

func (r *recorder) TraceQueryStart(ctx context.Context, _ *pgx.Conn, d pgx.TraceQueryStartData) context.Context {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sqls = append(r.sqls, d.SQL)
	return ctx
}

func (*recorder) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func (r *recorder) clear() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sqls = nil
}

func (r *recorder) all() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string{}, r.sqls...)
}
