package apikey_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/store"
	"github.com/ginauth/ginauth/store/storetest"
)

// cable is a way to the database that can be cut.
type cable struct {
	cut   atomic.Bool
	mu    sync.Mutex
	conns []net.Conn
}

func (n *cable) pool(tb testing.TB, base *pgxpool.Pool) *pgxpool.Pool {
	tb.Helper()
	cfg := base.Config()
	dial := cfg.ConnConfig.DialFunc
	cfg.ConnConfig.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if n.cut.Load() {
			return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ECONNREFUSED}
		}
		conn, err := dial(ctx, network, addr)
		n.mu.Lock()
		defer n.mu.Unlock()
		n.conns = append(n.conns, conn)
		return conn, err
	}
	pool, err := pgxpool.NewWithConfig(tb.Context(), cfg)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(pool.Close)
	return pool
}

func (n *cable) sever() {
	n.cut.Store(true)
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, c := range n.conns {
		_ = c.Close()
	}
}

func TestOutageIs503AndNeverAnonymous(t *testing.T) { // SEC-154, SEC-164
	t.Parallel()
	base, n := storetest.NewDB(t), &cable{}
	pool := n.pool(t, base)
	app := newAppOn(t, base, func(k *keyOptions) { k.Store = store.New[user](pool, store.WithTimeout(time.Minute)) })
	c := app.signUp(t, ada)
	m := c.create(t, `{"name":"a"}`)
	n.sever()
	for name, w := range map[string]*httptest.ResponseRecorder{
		"use":    app.use(m.Key),
		"create": c.post("/api-keys", `{"name":"b"}`),
		"list":   c.send(http.MethodGet, "/api-keys"),
		"revoke": c.send(http.MethodDelete, "/api-keys/"+string(m.ID)),
	} {
		wantProblem(t, name, w, http.StatusServiceUnavailable, "unavailable")
		if p := problemIn(t, w); p.Detail != "The service is not available right now. Try again." || w.Header().Get("Retry-After") != "2" {
			t.Errorf("%s: %+v", name, p)
		}
	}
	// Without the database, what is no key is still known for that.
	wantProblem(t, "malformed", app.use("gak_x"), http.StatusUnauthorized, "bad_credentials")
	n.cut.Store(false)
	if w := app.use(m.Key); w.Code != http.StatusOK {
		t.Errorf("afterwards: %d %s", w.Code, w.Body)
	}
}

func TestFaultsSayNothingOfThemselves(t *testing.T) { // SEC-164
	t.Parallel()
	app := newApp(t)
	c := app.signUp(t, ada)
	m := c.create(t, `{"name":"a"}`)
	app.exec(t, `ALTER TABLE ginauth.api_keys RENAME COLUMN start TO begin`)
	for name, w := range map[string]*httptest.ResponseRecorder{
		"use": app.use(m.Key), "create": c.post("/api-keys", `{"name":"b"}`), "list": c.send(http.MethodGet, "/api-keys"),
	} {
		wantProblem(t, name, w, http.StatusInternalServerError, "internal")
		if p := problemIn(t, w); p.Detail != "Something went wrong on our side." || p.RequestID == "" {
			t.Errorf("%s: %+v", name, p)
		}
	}
}

func TestUseThatCannotBeWrittenDownIsAUse(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	m := app.signUp(t, ada).create(t, `{"name":"a"}`)
	app.exec(t, `ALTER TABLE ginauth.api_keys ADD CHECK (last_used_at IS NULL)`)
	for _, step := range []struct {
		later    time.Duration
		warnings int
	}{{time.Hour, 1}, {0, 1}, {time.Minute - time.Second, 1}, {time.Second, 2}} {
		app.clock.Advance(step.later)
		if w := app.use(m.Key); w.Code != http.StatusOK {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		if n := strings.Count(app.log.String(), "not written down"); n != step.warnings {
			t.Errorf("%s later: %d warnings, want %d", step.later, n, step.warnings)
		}
	}
	if n := app.count(t, `SELECT count(last_used_at) FROM ginauth.api_keys`); n != 0 {
		t.Error("it was written down")
	}
	if !strings.Contains(app.log.String(), string(m.ID)) {
		t.Error("the log does not name the key")
	}
}
