package ginauth_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/gin-contrib/sessions"
	"github.com/gin-gonic/gin"
	"github.com/google/go-cmp/cmp"

	"github.com/ginauth/ginauth/ginauth"
)

// script runs one function per request, on one route.
func script(t *testing.T) (*app, func(c *client, f func(sessions.Session)) *httptest.ResponseRecorder) {
	t.Helper()
	var (
		mu   sync.Mutex
		jobs = map[string]func(sessions.Session){}
		next int
	)
	app := newApp(t, with(func(cfg *config) { cfg.Exclude = append(cfg.Exclude, "/run") }), routes(func(r *gin.Engine, _ config) {
		r.POST("/run", func(c *gin.Context) {
			mu.Lock()
			job := jobs[c.Query("job")]
			mu.Unlock()
			job(sessions.Default(c))
			c.Status(http.StatusNoContent)
		})
	}))
	return app, func(c *client, f func(sessions.Session)) *httptest.ResponseRecorder {
		mu.Lock()
		next++
		job := strconv.Itoa(next)
		jobs[job] = f
		mu.Unlock()
		return c.post("/run?job="+job, "")
	}
}

func TestDefaultSessionKeepsValuesAcrossRequests(t *testing.T) {
	t.Parallel()
	app, run := script(t)
	c := &client{handler: app}
	at := time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC)
	values := map[any]any{"s": "text", "n": 42, "u": uint8(7), "b": true, "f": 1.5, "t": at, "raw": []byte{0, 1, 255}, 7: "an int key", "nil": nil, "l": []any{"a", 1}}
	run(c, func(s sessions.Session) {
		if s.ID() != "" {
			t.Error("a visitor has a session")
		}
		for k, v := range values {
			s.Set(k, v)
		}
		if err := s.Save(); err != nil {
			t.Error(err)
		}
		if s.ID() == "" {
			t.Error("Save left no session")
		}
	})
	run(c, func(s sessions.Session) {
		for k, want := range values {
			if diff := cmp.Diff(want, s.Get(k)); diff != "" {
				t.Errorf("%v: %s", k, diff)
			}
		}
		s.Delete("s")
		s.AddFlash("one")
		s.AddFlash("two")
		s.AddFlash("other", "key")
	})
	run(c, func(s sessions.Session) {
		if s.Get("s") != nil {
			t.Error("a deleted value is back")
		}
		if diff := cmp.Diff([]any{"one", "two"}, s.Flashes()); diff != "" || len(s.Flashes()) != 0 || len(s.Flashes("key")) != 1 {
			t.Error("flashes", diff)
		}
	})
	run(c, func(s sessions.Session) {
		if len(s.Flashes()) != 0 || s.Get("n") != 42 {
			t.Error("flashes are back, or n is gone")
		}
		s.Clear()
	})
	run(c, func(s sessions.Session) {
		if s.Get("n") != nil {
			t.Error("a cleared value is back")
		}
	})
	if n := app.count(t, "SELECT count(*) FROM ginauth.sessions WHERE data = '{}'"); n != 1 {
		t.Errorf("%d sessions", n)
	}
}

func TestNegativeMaxAgeEndsTheSession(t *testing.T) {
	t.Parallel()
	app, run := script(t)
	c := app.signUp(t, ada)
	w := run(c, func(s sessions.Session) {
		s.Options(sessions.Options{MaxAge: -1})
		if err := s.Save(); err != nil {
			t.Error(err)
		}
	})
	if c.value != "" || w.Header().Get("Set-Cookie") == "" || app.count(t, "SELECT count(*) FROM ginauth.sessions") != 0 {
		t.Errorf("%d, Set-Cookie %q", w.Code, w.Header().Get("Set-Cookie"))
	}
}

func TestUnchangedSessionsAreNotWritten(t *testing.T) {
	t.Parallel()
	app, run := script(t)
	c := &client{handler: app}
	run(c, func(s sessions.Session) { s.Set("a", 1) })
	run(c, func(s sessions.Session) { s.Get("a"); s.Set("a", 1) })
	run(c, func(s sessions.Session) { s.Delete("b"); s.Get("a") })
	if n := app.count(t, "SELECT sum(version) FROM ginauth.sessions"); n > 1 {
		t.Errorf("version %d", n)
	}
}

// SEC-151: writers of different keys do not lose each other's values.
func TestParallelWritersOfDifferentKeysKeepEachOthersValues(t *testing.T) {
	t.Parallel()
	const rounds = 100
	app, run := script(t)
	c := app.signUp(t, ada)
	for range rounds {
		var wg sync.WaitGroup
		for i := range 16 {
			wg.Go(func() {
				run(&client{handler: app, value: c.value}, func(s sessions.Session) {
					n, _ := s.Get(i).(int)
					s.Set(i, n+1)
				})
			})
		}
		wg.Wait()
	}
	run(c, func(s sessions.Session) {
		for i := range 16 {
			if s.Get(i) != rounds {
				t.Errorf("key %d is %v", i, s.Get(i))
			}
		}
	})
}

func TestValuesBeforeALoginStayBehind(t *testing.T) {
	t.Parallel()
	app, run := script(t)
	app.signUp(t, ada)
	c := &client{handler: app}
	run(c, func(s sessions.Session) { s.Set("planted", "by somebody") })
	if w := c.post("/login", adaIn); w.Code != http.StatusOK {
		t.Fatal(w.Code)
	}
	run(c, func(s sessions.Session) {
		if s.Get("planted") != nil { // SEC-65
			t.Error("a value from before the login is in the new session")
		}
	})
}

// SEC-155
func TestCorruptValuesAreAnErrorNotAnEmptySession(t *testing.T) {
	t.Parallel()
	app, run := script(t)
	c := &client{handler: app}
	run(c, func(s sessions.Session) { s.Set("a", 1) })
	app.exec(t, `UPDATE ginauth.sessions SET data = '{"a": {"no such type": "1"}}'`)
	if w := run(c, func(s sessions.Session) { s.Get("a") }); w.Code != http.StatusInternalServerError {
		t.Errorf("status %d", w.Code)
	}
}

// SEC-75: with the first Save refused, the end of the answer must not begin a session with the same value.
func TestASessionThatEndedBeforeSaveStaysEnded(t *testing.T) {
	t.Parallel()
	app, run := script(t)
	c := app.signUp(t, ada)
	w := run(c, func(s sessions.Session) {
		s.Set("a", 1)
		app.exec(t, "DELETE FROM ginauth.sessions")
		for range 2 {
			if err := s.Save(); !errors.Is(err, ginauth.ErrUnauthenticated) {
				t.Errorf("Save: %v", err)
			}
		}
	})
	if n := app.count(t, "SELECT count(*) FROM ginauth.sessions"); n != 0 || w.Code != http.StatusUnauthorized {
		t.Errorf("%d sessions, %d %s", n, w.Code, w.Body)
	}
}
