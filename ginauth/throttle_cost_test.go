package ginauth_test

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/store/storetest"
)

// trips counts how often the database is waited for.
type trips struct{ n atomic.Int64 }

func (t *trips) TraceQueryStart(c context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	t.n.Add(1)
	return c
}

func (t *trips) TraceBatchStart(c context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	t.n.Add(1)
	return c
}

func (*trips) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData)     {}
func (*trips) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}
func (*trips) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData)     {}

// Counting, knowing the device, and the event cost a login no round trip more than it had without. That a login
// failed is known, and written down, after the hash: with one more, for an account and for none.
func TestThrottlingCostsALoginNoRoundTrip(t *testing.T) {
	t.Parallel()
	tracer := &trips{}
	pool := storetest.NewDB(t, storetest.WithConfig(func(cfg *pgxpool.Config) { cfg.ConnConfig.Tracer = tracer }))
	app := newAppOn(t, pool)
	owner := app.owner(t, ada)

	for name, c := range map[string]struct {
		who       *browser
		body      string
		want      int
		roundTrip int64
	}{
		"from a known device": {owner, adaIn, http.StatusOK, 2},
		"from elsewhere":      {app.browser(nil), adaIn, http.StatusOK, 2},
		"wrong":               {app.browser(nil), credentials("ada@example.com", wrong), http.StatusUnauthorized, 2},
		"of nobody":           {app.browser(nil), credentials("nobody@example.com", wrong), http.StatusUnauthorized, 2},
	} {
		before := tracer.n.Load()
		if w := c.who.post("/login", c.body); w.Code != c.want {
			t.Fatalf("%s: %d %s", name, w.Code, w.Body)
		}
		if n := tracer.n.Load() - before; n != c.roundTrip {
			t.Errorf("a login %s: %d round trips, want %d", name, n, c.roundTrip)
		}
	}
}
