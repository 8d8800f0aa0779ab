package ginauth_test

import (
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/ginauth/ginauthtest"
	"github.com/ginauth/ginauth/store"
	"github.com/ginauth/ginauth/store/storetest"
)

// atOnce lets n callers go at the same moment, and waits for them.
func atOnce(n int, call func(i int)) {
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-start
			call(i)
		})
	}
	close(start)
	wg.Wait()
}

// 1000 requests with one token, and in the middle of them another process replaces it: none is
// logged out by mistake. Who comes with it after the grace ends the session for both.
//
// SEC-66, SEC-82, SEC-151
func TestThousandRequestsOverARotation(t *testing.T) {
	t.Parallel()
	pool, now := storetest.NewDB(t), ginauthtest.NewClock(time.Now())
	on := func(pool *pgxpool.Pool) *app {
		return newAppOn(t, pool, managing, graceful, with(func(cfg *config) { // a thousand wait for one small pool
			cfg.Users = store.New[user](pool, store.WithTimeout(time.Minute), store.WithNow(now.Now))
		}))
	}
	second, err := pgxpool.NewWithConfig(t.Context(), pool.Config())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(second.Close)
	app, other := on(pool), on(second)
	app.signUp(t, ada)
	const callers, rounds = 1000, 5
	for round := range rounds {
		c := &client{handler: other, value: app.loggedIn(t)}
		old := c.value
		var falseLogouts, answered, late atomic.Int64
		begun, rotated := make(chan struct{}), make(chan struct{})
		atOnce(callers, func(i int) {
			switch { // a half before and while it happens, a quarter from its beginning, a quarter after it
			case i >= callers*3/4:
				<-rotated
				late.Add(1)
			case i >= callers/2:
				<-begun
			}
			if w := (&client{handler: app, value: old}).get("/user"); w.Code != http.StatusOK || w.Header().Get("Set-Cookie") != "" {
				falseLogouts.Add(1)
			}
			if answered.Add(1) != callers/4 {
				return
			}
			close(begun)
			if w := c.post("/renew", ""); w.Code != http.StatusOK || c.value == old {
				t.Errorf("renew: %d %s", w.Code, w.Body)
			}
			close(rotated)
		})
		if falseLogouts.Load() != 0 || late.Load() == 0 {
			t.Errorf("round %d: %d false logouts, %d requests answered after the rotation", round, falseLogouts.Load(), late.Load())
		}
		now.Advance(11 * time.Second)
		events := len(app.log.Events("authn_token_reuse"))
		if w := (&client{handler: app, value: old}).get("/user"); w.Code != http.StatusUnauthorized {
			t.Errorf("round %d: a replay after the grace: %d", round, w.Code)
		}
		if got := len(app.log.Events("authn_token_reuse")) - events; got != 1 {
			t.Errorf("round %d: %d events of the replay", round, got)
		}
		if w := c.get("/user"); w.Code != http.StatusUnauthorized {
			t.Errorf("round %d: the family lives on: %d", round, w.Code)
		}
	}
}

// SEC-80, SEC-151
func TestCapHoldsUnderParallelLogins(t *testing.T) {
	t.Parallel()
	const callers, rounds, limit = 64, 5, 5
	app := newApp(t, with(func(cfg *config) { cfg.MaxSessions = limit }))
	app.signUp(t, ada)
	before, logins := 1, 0
	for round := range rounds {
		app.clock.Advance(time.Second) // those of the rounds before are older
		tokens := make([]string, callers)
		atOnce(callers, func(i int) {
			c := &client{handler: app}
			if w := c.post("/login", adaIn); w.Code != http.StatusOK {
				t.Errorf("login: %d %s", w.Code, w.Body)
			}
			tokens[i] = c.value
		})
		logins += callers
		alive := 0
		for _, token := range tokens {
			if (&client{handler: app, value: token}).get("/user").Code == http.StatusOK {
				alive++
			}
		}
		if rows := app.count(t, "SELECT count(*) FROM ginauth.sessions"); alive != limit || rows != limit {
			t.Errorf("round %d: %d sessions live, %d rows, want %d", round, alive, rows, limit)
		}
	}
	evicted := 0
	for _, e := range app.log.Events("session_evicted") {
		n, _ := e["evicted"].(float64)
		evicted += int(n)
	}
	if want := before + logins - limit; evicted != want {
		t.Errorf("the events count %d evicted sessions, want %d", evicted, want)
	}
}

// 16 slow requests write to a session while its user logs out: it stays ended, and those who
// come too late are told so.
//
// SEC-75, SEC-151
func TestLogoutRacesWriters(t *testing.T) {
	t.Parallel()
	app := newApp(t, routes(func(r *gin.Engine, _ config) {
		r.POST("/write", func(c *gin.Context) {
			sessionOf(c).Set("seen", c.Query("by"))
			c.String(http.StatusOK, "done")
		})
	}))
	app.signUp(t, ada)
	const callers, rounds = 17, 100
	for round := range rounds {
		token := app.loggedIn(t)
		atOnce(callers, func(i int) {
			c := &client{handler: app, value: token}
			if i == 8 {
				if w := c.post("/logout", ""); w.Code != http.StatusNoContent {
					t.Errorf("logout: %d", w.Code)
				}
				return
			}
			w := c.post("/write", "")
			if w.Code != http.StatusOK && w.Code != http.StatusUnauthorized || w.Code == http.StatusUnauthorized && c.value != "" && c.value != token {
				t.Errorf("write: %d, cookie %q", w.Code, w.Header().Get("Set-Cookie"))
			}
		})
		if w := (&client{handler: app, value: token}).get("/user"); w.Code != http.StatusUnauthorized {
			t.Fatalf("round %d: the session is back: %d", round, w.Code)
		}
	}
	if rows := app.count(t, "SELECT count(*) FROM ginauth.sessions"); rows != 1 { // that of the sign-up
		t.Errorf("%d sessions", rows)
	}
}

// A request that begins after the change is refused, whatever ran before it.
//
// SEC-76, SEC-151, SEC-173
func TestEndingAUserRacesRequests(t *testing.T) {
	t.Parallel()
	const callers, rounds = 16, 100
	for name, statement := range map[string]string{
		"disabled": "UPDATE ginauth.users SET disabled_at = now()", "deleted": "DELETE FROM ginauth.users",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := newApp(t)
			for round := range rounds {
				c := app.signUp(t, ada)
				var ended atomic.Bool
				atOnce(callers+1, func(i int) {
					if i == callers {
						app.exec(t, statement)
						ended.Store(true)
						return
					}
					for last := false; !last; {
						last = ended.Load()
						w := (&client{handler: app, value: c.value}).get("/user")
						if last && w.Code != http.StatusUnauthorized || w.Code != http.StatusOK && w.Code != http.StatusUnauthorized {
							t.Errorf("round %d: %d, ended %v", round, w.Code, last)
						}
					}
				})
				app.exec(t, "DELETE FROM ginauth.users")
			}
		})
	}
}
