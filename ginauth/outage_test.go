package ginauth_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/store"
	"github.com/ginauth/ginauth/store/storetest"
)

// faulty is a way to the database that can be cut.
type faulty struct {
	mode atomic.Int32
	dial func(context.Context, string, string) (net.Conn, error)

	mu    sync.Mutex
	conns []*faultyConn
}

const (
	working int32 = iota
	refusing
	hanging
)

var errRefused = errors.New("connection refused")

func (f *faulty) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	if f.mode.Load() == refusing {
		return nil, &net.OpError{Op: "dial", Err: errRefused}
	}
	conn, err := f.dial(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	held := &faultyConn{Conn: conn, f: f}
	f.conns = append(f.conns, held)
	return held, nil
}

// set changes the mode: open connections break when the server refuses, and deliver what
// they held back when it works again.
func (f *faulty) set(mode int32) {
	f.mode.Store(mode)
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, conn := range f.conns {
		switch mode {
		case refusing:
			_ = conn.Close()
		case working:
			_, _ = conn.Write(nil)
		}
	}
}

// faultyConn holds back what is sent while the server hangs, as a network that loses
// packets does.
type faultyConn struct {
	net.Conn
	f    *faulty
	mu   sync.Mutex
	held []byte
}

func (c *faultyConn) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held = append(c.held, p...)
	if c.f.mode.Load() == hanging {
		return len(p), nil
	}
	_, err := c.Conn.Write(c.held)
	c.held = nil
	return len(p), err
}

// SEC-154, SEC-156, SEC-157
func TestOutageIs503AndNeverAnonymous(t *testing.T) {
	t.Parallel()
	f := &faulty{}
	pool := storetest.NewDB(t)
	pcfg := pool.Config()
	f.dial = pcfg.ConnConfig.DialFunc
	pcfg.ConnConfig.DialFunc = f.Dial
	shaky, err := pgxpool.NewWithConfig(t.Context(), pcfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(shaky.Close)
	const limit = 300 * time.Millisecond
	app := newAppOn(t, pool, with(func(cfg *config) {
		cfg.Users = store.New[user](shaky, store.WithTimeout(limit))
		cfg.Exclude = append(cfg.Exclude, "/lazy", "/values")
		cfg.TouchEvery = time.Nanosecond
	}), routes(func(r *gin.Engine, _ config) {
		r.GET("/lazy", func(c *gin.Context) {
			_, err := ginauth.CurrentUser[user](c)
			if errors.Is(err, ginauth.ErrUnauthenticated) {
				c.String(http.StatusOK, "anonymous")
				return
			}
			if err != nil {
				ginauth.Fail(c, err)
				return
			}
			c.String(http.StatusOK, "known")
		})
		r.GET("/values", func(c *gin.Context) {
			if sessionOf(c).Get("role") == nil {
				c.String(http.StatusOK, "no role")
			}
		})
	}))
	c := app.signUp(t, ada)
	requests := map[string]func() *http.Request{
		"GET /user":    func() *http.Request { return httptest.NewRequest(http.MethodGet, "/user", nil) },
		"GET /lazy":    func() *http.Request { return httptest.NewRequest(http.MethodGet, "/lazy", nil) },
		"GET /values":  func() *http.Request { return httptest.NewRequest(http.MethodGet, "/values", nil) },
		"POST /login":  func() *http.Request { return jsonRequest("/login", adaIn) },
		"POST /signup": func() *http.Request { return jsonRequest("/signup", grace) },
		"POST /logout": func() *http.Request { return jsonRequest("/logout", "") },
	}
	for mode, fault := range map[int32]string{refusing: "refusing", hanging: "hanging"} {
		f.set(mode)
		for name, request := range requests {
			began := time.Now()
			w := (&client{handler: app, value: c.value}).do(request())
			if p := problemIn(t, w); w.Code != http.StatusServiceUnavailable || p.Code != "unavailable" || w.Header().Get("Retry-After") != "2" {
				t.Errorf("%s, %s: %d %s", fault, name, w.Code, p.Code)
			}
			if w.Header().Get("Set-Cookie") != "" {
				t.Errorf("%s, %s: Set-Cookie %q", fault, name, w.Header().Get("Set-Cookie"))
			}
			if took := time.Since(began); took > limit+700*time.Millisecond {
				t.Errorf("%s, %s: took %s", fault, name, took)
			}
		}
		f.set(working)
		deadline := time.Now().Add(5 * time.Second)
		for (&client{handler: app, value: c.value}).get("/user").Code != http.StatusOK {
			if time.Now().After(deadline) {
				t.Fatalf("%s: no recovery", fault)
			}
		}
	}
	if n := app.count(t, "SELECT count(*) FROM ginauth.users"); n != 1 {
		t.Errorf("%d users", n)
	}
}

// SEC-147
func TestClientThatLeavesIsSentNothing(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	c := app.signUp(t, ada)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := httptest.NewRequest(http.MethodGet, "/user", nil).WithContext(ctx)
	w := c.do(r)
	if w.Code != 499 || w.Body.Len() != 0 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := c.get("/user"); w.Code != http.StatusOK {
		t.Errorf("the next request: %d", w.Code)
	}
	if n := app.pool.Stat().AcquiredConns(); n != 0 {
		t.Errorf("%d connections are still held", n)
	}
}

// SEC-144
func TestLoginStormIsBoundedAndOthersGoOn(t *testing.T) {
	t.Parallel()
	app := newApp(t, with(func(cfg *config) { cfg.Passwords = storm(t) }))
	c := app.signUp(t, ada)
	var (
		wg       sync.WaitGroup
		mu       sync.Mutex
		statuses = map[int]int{}
		stop     = make(chan struct{})
	)
	for range 64 {
		wg.Go(func() {
			w := app.send(jsonRequest("/login", adaIn))
			mu.Lock()
			defer mu.Unlock()
			statuses[w.Code]++
			if w.Code == http.StatusServiceUnavailable && (problemIn(t, w).Code != "busy" || w.Header().Get("Retry-After") == "") {
				t.Errorf("busy answer: %s", w.Body)
			}
		})
	}
	go func() { wg.Wait(); close(stop) }()
	for served := 0; ; served++ {
		select {
		case <-stop:
			if statuses[200] == 0 || statuses[503] == 0 || statuses[200]+statuses[503] != 64 || served == 0 {
				t.Errorf("logins %v, %d reads meanwhile", statuses, served)
			}
			return
		default:
			if w := (&client{handler: app, value: c.value}).get("/user"); w.Code != http.StatusOK {
				t.Errorf("GET /user during the storm: %d", w.Code)
			}
		}
	}
}
