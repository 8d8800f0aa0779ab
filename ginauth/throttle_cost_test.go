package ginauth_test

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/ginauth"
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

// The figures of docs/throttling.md and docs/events.md. The log is the whole server's, so nothing else may run on it.
func BenchmarkLoginCost(b *testing.B) {
	for _, k := range []struct {
		name   string
		limits ginauth.Limits
		known  bool
		body   string
		want   int
	}{
		{"elsewhere", generous, false, adaIn, http.StatusOK},
		{"known", generous, true, adaIn, http.StatusOK},
		{"wrong", generous, false, "", http.StatusUnauthorized},
		{"refused", ginauth.Limits{}, false, adaIn, http.StatusTooManyRequests},
		{"unlimited", ginauth.Limits{InsecureUnlimited: true}, false, adaIn, http.StatusOK},
		{"unlimited-wrong", ginauth.Limits{InsecureUnlimited: true}, false, "", http.StatusUnauthorized},
	} {
		b.Run(k.name, func(b *testing.B) {
			tracer := &trips{}
			pool := storetest.NewDB(b, storetest.WithConfig(func(cfg *pgxpool.Config) { cfg.ConnConfig.Tracer = tracer }))
			app := newAppOn(b, pool, with(func(cfg *config) { cfg.Limits = k.limits }))
			app.signUp(b, ada)
			owner := app.browser(nil)
			owner.post("/login", adaIn) // it is known from now on
			if k.want == http.StatusTooManyRequests {
				app.lock(b, "ada@example.com")
			}
			const logged = "SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn"
			wal, asked := int64(app.count(b, logged)), tracer.n.Load()
			b.ResetTimer()
			for i := range b.N {
				who, body := owner, k.body
				if !k.known {
					who = app.browser(nil)
				}
				if body == "" { // of another account each time, or it would be locked
					body = credentials(fmt.Sprintf("user%d@example.com", i), wrong)
				}
				if w := who.post("/login", body); w.Code != k.want {
					b.Fatalf("%d %s", w.Code, w.Body)
				}
			}
			b.StopTimer()
			asked = tracer.n.Load() - asked
			b.ReportMetric(float64(int64(app.count(b, logged))-wal)/float64(b.N), "WAL-B/op")
			b.ReportMetric(float64(asked)/float64(b.N), "trips/op")
		})
	}
}
