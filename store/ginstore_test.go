package store_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gin-contrib/sessions"
	"github.com/gin-contrib/sessions/tester"
	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/codec"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store"
	"github.com/ginauth/ginauth/store/storetest"
)

func newGinStore(t *testing.T) sessions.Store {
	t.Helper()
	return store.NewSessions(storetest.NewDB(t), unhurried)
}

func TestGinContribsOwnTests(t *testing.T) {
	t.Parallel()
	gin.SetMode(gin.TestMode)
	tester.GetSet(t, newGinStore)
	tester.DeleteKey(t, newGinStore)
	tester.Flashes(t, newGinStore)
	tester.Clear(t, newGinStore)
	tester.Options(t, newGinStore)
	tester.Many(t, newGinStore)
	tester.ManyStores(t, newGinStore)
}

// visit runs f in a request that carries cookie, and returns the answer.
func visit(handler gin.HandlerFunc, cookie string, f func(*gin.Context)) *httptest.ResponseRecorder {
	r := gin.New()
	r.GET("/", handler, f)
	request := httptest.NewRequest(http.MethodGet, "/", nil)
	request.Header.Set("Cookie", cookie)
	w := httptest.NewRecorder()
	r.ServeHTTP(w, request)
	return w
}

func cookieOf(w *httptest.ResponseRecorder) string {
	pair, _, _ := strings.Cut(w.Header().Get("Set-Cookie"), ";")
	return pair
}

func save(t *testing.T, c *gin.Context, values ...any) {
	t.Helper()
	s := sessions.Default(c)
	for i := 0; i < len(values); i += 2 {
		s.Set(values[i], values[i+1])
	}
	if err := s.Save(); err != nil {
		t.Error(err)
	}
}

// SEC-50, SEC-53, SEC-63
func TestGinSessionKeepsOnlyADigestAndAdoptsNoToken(t *testing.T) {
	t.Parallel()
	pool := storetest.NewDB(t)
	mw := sessions.Sessions("mysession", store.NewSessions(pool, unhurried))
	planted := "mysession=" + strings.Repeat("A", 43)
	w := visit(mw, planted, func(c *gin.Context) { save(t, c, "a", 1) })
	cookie := cookieOf(w)
	if cookie == planted || !strings.HasSuffix(w.Header().Get("Set-Cookie"), "; Path=/; HttpOnly; Secure; SameSite=Lax") {
		t.Errorf("Set-Cookie %q", w.Header().Get("Set-Cookie"))
	}
	var dump string
	if err := pool.QueryRow(t.Context(), "SELECT string_agg(s::text, ' ') FROM ginauth.sessions AS s").Scan(&dump); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(dump, strings.TrimPrefix(cookie, "mysession=")) {
		t.Error("the token is in the table")
	}
	for _, other := range []string{planted, "mysession=garbage", cookie + "x", cookie + "; " + cookie, "other" + strings.TrimPrefix(cookie, "mysession")} {
		visit(mw, other, func(c *gin.Context) {
			if v := sessions.Default(c).Get("a"); v != nil {
				t.Errorf("%q reads %v", other, v)
			}
		})
	}
}

func TestGinSessionsOfTwoNamesAreApart(t *testing.T) {
	t.Parallel()
	many := sessions.SessionsMany([]string{"a", "b"}, newGinStore(t))
	w := visit(many, "", func(c *gin.Context) {
		s := sessions.DefaultMany(c, "a")
		s.Set("v", 1)
		if err := s.Save(); err != nil {
			t.Error(err)
		}
	})
	moved := "b" + strings.TrimPrefix(cookieOf(w), "a")
	visit(many, moved, func(c *gin.Context) {
		if v := sessions.DefaultMany(c, "b").Get("v"); v != nil {
			t.Errorf("the session of a is read as b: %v", v)
		}
	})
}

func TestGinSessionSavedTwiceIsOneRow(t *testing.T) {
	t.Parallel()
	pool := storetest.NewDB(t)
	mw := sessions.Sessions("s", store.NewSessions(pool, unhurried))
	w := visit(mw, "", func(c *gin.Context) { save(t, c, "a", 1); save(t, c, "b", "two"); save(t, c) })
	visit(mw, cookieOf(w), func(c *gin.Context) {
		s := sessions.Default(c)
		if s.Get("a") != 1 || s.Get("b") != "two" || s.ID() == "" {
			t.Errorf("a %v, b %v, id %q", s.Get("a"), s.Get("b"), s.ID())
		}
	})
	var rows int
	if err := pool.QueryRow(t.Context(), "SELECT count(*) FROM ginauth.sessions").Scan(&rows); err != nil || rows != 1 {
		t.Errorf("%d rows, %v", rows, err)
	}
}

func TestGinSessionKeepsTypes(t *testing.T) {
	t.Parallel()
	mw := sessions.Sessions("s", newGinStore(t))
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	want := map[any]any{"s": "text\x00", "i": 42, "i64": int64(1 << 60), "f": 0.1, "b": true, "raw": "\xff", "t": at, 7: "int key", "m": "x"}
	w := visit(mw, "", func(c *gin.Context) {
		for k, v := range want {
			sessions.Default(c).Set(k, v)
		}
		save(t, c, "bytes", []byte{0, 1})
	})
	visit(mw, cookieOf(w), func(c *gin.Context) {
		for k, v := range want {
			if got := sessions.Default(c).Get(k); got != v {
				t.Errorf("%v is %#v, want %#v", k, got, v)
			}
		}
		if got, ok := sessions.Default(c).Get("bytes").([]byte); !ok || string(got) != "\x00\x01" {
			t.Errorf("bytes %v", got)
		}
	})
}

// SEC-59
func TestGinSessionHasALimitedSize(t *testing.T) {
	t.Parallel()
	pool := storetest.NewDB(t)
	small, large := sessions.Sessions("s", store.NewSessions(pool, unhurried)), sessions.Sessions("s", store.NewSessions(pool, unhurried, store.WithMaxData(1<<17)))
	for name, tc := range map[string]struct {
		mw   gin.HandlerFunc
		size int
		ok   bool
	}{"15 KiB": {small, 15 << 10, true}, "17 KiB": {small, 17 << 10, false}, "64 KiB where allowed": {large, 64 << 10, true}, "1 MiB": {large, 1 << 20, false}} {
		w := visit(tc.mw, "", func(c *gin.Context) {
			s := sessions.Default(c)
			s.Set("big", strings.Repeat("x", tc.size))
			if err := s.Save(); (err == nil) != tc.ok || err != nil && !errors.Is(err, driver.ErrSessionTooLarge) && !errors.Is(err, codec.ErrUnsupported) {
				t.Errorf("%s: %v", name, err)
			}
		})
		if (w.Header().Get("Set-Cookie") != "") != tc.ok {
			t.Errorf("%s: Set-Cookie %q", name, w.Header().Get("Set-Cookie"))
		}
	}
}

// SEC-75
func TestGinSessionThatEndedDoesNotComeBack(t *testing.T) {
	t.Parallel()
	pool := storetest.NewDB(t)
	mw := sessions.Sessions("s", store.NewSessions(pool, unhurried))
	cookie := cookieOf(visit(mw, "", func(c *gin.Context) { save(t, c, "a", 1) }))
	visit(mw, cookie, func(c *gin.Context) {
		s := sessions.Default(c)
		s.Set("a", 2)
		visit(mw, cookie, func(c *gin.Context) {
			s := sessions.Default(c)
			s.Options(sessions.Options{MaxAge: -1})
			if err := s.Save(); err != nil {
				t.Error(err)
			}
		})
		if err := s.Save(); !errors.Is(err, driver.ErrNoSession) {
			t.Errorf("Save after the end: %v", err)
		}
	})
	var rows int
	if err := pool.QueryRow(t.Context(), "SELECT count(*) FROM ginauth.sessions").Scan(&rows); err != nil || rows != 0 {
		t.Errorf("%d rows, %v", rows, err)
	}
}

// Invariant 13.
func TestGinSessionsInParallelKeepEachOthersKeys(t *testing.T) {
	t.Parallel()
	mw := sessions.Sessions("s", newGinStore(t))
	cookie := cookieOf(visit(mw, "", func(c *gin.Context) { save(t, c, "start", true) }))
	for round := range 100 {
		var wg sync.WaitGroup
		for writer := range 16 {
			wg.Go(func() { visit(mw, cookie, func(c *gin.Context) { save(t, c, fmt.Sprint("k", writer), round) }) })
		}
		wg.Wait()
		visit(mw, cookie, func(c *gin.Context) {
			for writer := range 16 {
				if got := sessions.Default(c).Get(fmt.Sprint("k", writer)); got != round {
					t.Errorf("round %d: writer %d left %v", round, writer, got)
				}
			}
		})
	}
}

// SEC-154
func TestGinSessionFailsToSaveWhatItCouldNotRead(t *testing.T) {
	t.Parallel()
	pool := storetest.NewDB(t)
	s := store.NewSessions(pool, unhurried)
	cookie := cookieOf(visit(sessions.Sessions("s", s), "", func(c *gin.Context) { save(t, c, "a", 1) }))
	pool.Close()
	r := httptest.NewRequest(http.MethodGet, "/", nil).WithContext(context.Background())
	r.Header.Set("Cookie", cookie)
	session, err := s.Get(r, "s")
	if session == nil || !errors.Is(err, driver.ErrUnavailable) {
		t.Fatalf("Get: %v, %v", session, err)
	}
	session.Values["a"] = 2
	w := httptest.NewRecorder()
	if err := session.Save(r, w); !errors.Is(err, driver.ErrUnavailable) || w.Header().Get("Set-Cookie") != "" {
		t.Errorf("Save: %v", err)
	}
}

func TestGinSessionRenewedByAnEmptyID(t *testing.T) {
	t.Parallel()
	s := store.NewSessions(storetest.NewDB(t), unhurried)
	old := cookieOf(visit(sessions.Sessions("s", s), "", func(c *gin.Context) { save(t, c, "a", 1) }))
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Cookie", old)
	session, err := s.Get(r, "s")
	if err != nil {
		t.Fatal(err)
	}
	session.ID = ""
	w := httptest.NewRecorder()
	if err := session.Save(r, w); err != nil || cookieOf(w) == old {
		t.Fatalf("%v, cookie %q", err, cookieOf(w))
	}
	for cookie, want := range map[string]any{old: nil, cookieOf(w): 1} {
		visit(sessions.Sessions("s", s), cookie, func(c *gin.Context) {
			if got := sessions.Default(c).Get("a"); got != want {
				t.Errorf("%s reads %v, want %v", cookie, got, want)
			}
		})
	}
}

// SEC-59, SEC-155
func TestGinSessionThatCannotBeReadIsReplacedAndCanBeDropped(t *testing.T) {
	t.Parallel()
	pool := storetest.NewDB(t)
	mw := sessions.Sessions("s", store.NewSessions(pool, unhurried))
	for name, end := range map[string]func(*gin.Context){
		"replaced": func(c *gin.Context) { save(t, c, "b", 2) },
		"dropped": func(c *gin.Context) {
			sessions.Default(c).Options(sessions.Options{MaxAge: -1})
			save(t, c)
		},
	} {
		cookie := cookieOf(visit(mw, "", func(c *gin.Context) { save(t, c, "a", 1) }))
		if _, err := pool.Exec(t.Context(), `UPDATE ginauth.sessions SET data = '{"a": {"no such type": "1"}}' WHERE data ? 'a'`); err != nil {
			t.Fatal(err)
		}
		w := visit(mw, cookie, end)
		if next := cookieOf(w); next == cookie || next == "" {
			t.Errorf("%s: cookie %q", name, next)
		}
		var rows int
		if err := pool.QueryRow(t.Context(), `SELECT count(*) FROM ginauth.sessions WHERE data ? 'a'`).Scan(&rows); err != nil || rows != 0 {
			t.Errorf("%s: %d unreadable sessions, %v", name, rows, err)
		}
	}
}

func TestReadingKeepsAGinSessionAlive(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	mw := sessions.Sessions("s", s.db.Sessions)
	cookie := cookieOf(visit(mw, "", func(c *gin.Context) { save(t, c, "a", 1) }))
	for range 20 {
		s.clock.add(30 * time.Minute)
		visit(mw, cookie, func(c *gin.Context) {
			if sessions.Default(c).Get("a") != 1 {
				t.Error("a session in use has ended")
			}
		})
	}
}
