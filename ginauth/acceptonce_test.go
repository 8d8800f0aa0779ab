package ginauth_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gin-contrib/sessions"
	cookiestore "github.com/gin-contrib/sessions/cookie"
	"github.com/gin-gonic/gin"
	jwtlib "github.com/golang-jwt/jwt/v5"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/account"
	"github.com/ginauth/ginauth/ginauth/bridge"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/ginauthtest"
	"github.com/ginauth/ginauth/ginauth/internal/built"
	"github.com/ginauth/ginauth/store"
	"github.com/ginauth/ginauth/store/memory"
	"github.com/ginauth/ginauth/store/storetest"
)

const oldName = "app" // of the cookie of before

// moved is an app that has moved to ginauth, with the users 1 and 2, and its version before.
type moved struct {
	*gin.Engine
	before *gin.Engine
	clock  *ginauthtest.Clock
	log    *ginauthtest.Log
}

// bridged is the bridge of most tests.
func bridged(old sessions.Store) *bridge.Bridge {
	return &bridge.Bridge{
		Until: time.Now().Add(24 * time.Hour), Cookie: oldName, Store: old,
		Session: func(values map[any]any) bridge.Login {
			id, ok := values["user_id"].(int)
			if !ok {
				return bridge.Login{}
			}
			return bridge.Login{User: driver.UserID(strconv.Itoa(id)), Values: map[string]any{"cart": values["cart"]}}
		},
	}
}

// inMemory is a store of gin-contrib/sessions, which ginauth never asks as that.
type inMemory struct {
	*memory.External
	sessions.Store
}

// externals open a store of sessions.
var externals = map[string]func(*testing.T, func() time.Time) sessions.Store{
	"PostgreSQL": func(t *testing.T, now func() time.Time) sessions.Store {
		t.Helper()
		return store.NewExternal(storetest.NewDB(t), store.WithNow(now), store.WithTimeout(time.Minute))
	},
	"memory": func(_ *testing.T, now func() time.Time) sessions.Store {
		return inMemory{memory.NewExternal(memory.ExternalOptions{Now: now}), cookiestore.NewStore(signingKey)}
	},
}

func newMoved(t *testing.T, open func(*testing.T, func() time.Time) sessions.Store, old sessions.Store, configure func(*ginauth.Options[clubber])) *moved {
	t.Helper()
	m := &moved{Engine: gin.New(), before: gin.New(), clock: ginauthtest.NewClock(time.Now()), log: &ginauthtest.Log{}}
	m.before.Use(sessions.Sessions(oldName, old))
	m.before.GET("/login/:id", func(c *gin.Context) {
		id := 0
		_, _ = fmt.Sscan(c.Param("id"), &id)
		sessions.Default(c).Set("user_id", id)
		sessions.Default(c).Set("cart", "a book")
		if err := sessions.Default(c).Save(); err != nil {
			t.Error(err)
		}
	})
	o := ginauth.Options[clubber]{
		Sessions: open(t, m.clock.Now), Logger: m.log.Logger(), Exclude: []string{"GET /open"}, AcceptOnce: bridged(old),
		FindUser: func(_ context.Context, id driver.UserID) (clubber, error) {
			if id != "1" && id != "2" {
				return clubber{}, driver.ErrNoUser
			}
			return clubber{Key: string(id)}, nil
		},
	}
	if configure != nil {
		configure(&o)
	}
	cfg := built.Config(o)
	m.Use(ginauth.Session(cfg))
	show := func(c *gin.Context) {
		u, err := ginauth.CurrentUser[clubber](c)
		if err != nil {
			ginauth.Fail(c, err)
			return
		}
		c.String(http.StatusOK, "%s %v", u.Key, sessions.Default(c).Get("cart"))
	}
	for _, path := range []string{"/user", "/open"} {
		m.GET(path, show)
	}
	m.POST("/user", show)
	m.GET("/fresh", ginauth.Require(ginauth.Fresh(time.Hour)), show)
	m.GET("/sessions", account.Sessions(cfg))
	m.POST("/sessions/revoke-all", account.RevokeAllSessions(cfg))
	m.POST("/logout", ginauth.Logout(cfg))
	m.POST("/login/:id", func(c *gin.Context) {
		if err := ginauth.SignIn(c, clubber{Key: c.Param("id")}); err != nil {
			ginauth.Fail(c, err)
		}
	})
	return m
}

// oldCookie logs in at the version before.
func (m *moved) oldCookie(t *testing.T, id int) *http.Cookie {
	t.Helper()
	w := send(m.before, httptest.NewRequest(http.MethodGet, fmt.Sprintf("/login/%d", id), nil))
	for _, c := range w.Result().Cookies() {
		if c.Name == oldName {
			return &http.Cookie{Name: c.Name, Value: c.Value}
		}
	}
	t.Fatalf("no old cookie: %v", w.Header())
	return nil
}

// visit sends a request with cookies, and returns the new cookies by name; a cleared one is empty.
func (m *moved) visit(method, path string, cookies ...*http.Cookie) (*httptest.ResponseRecorder, map[string]string) {
	r := httptest.NewRequest(method, path, nil)
	for _, c := range cookies {
		if c != nil {
			r.AddCookie(c)
		}
	}
	return m.visitBy(r)
}

func (m *moved) visitBy(r *http.Request) (*httptest.ResponseRecorder, map[string]string) {
	w, set := send(m, r), map[string]string{}
	for _, c := range w.Result().Cookies() {
		set[c.Name] = c.Value
	}
	return w, set
}

func (m *moved) wants(t *testing.T, when string, status int, body string, w *httptest.ResponseRecorder) {
	t.Helper()
	if w.Code != status || !strings.Contains(w.Body.String(), body) {
		t.Errorf("%s: %d %s, want %d and %q\n%s", when, w.Code, w.Body, status, body, m.log)
	}
}

func newCookie(value string) *http.Cookie { return &http.Cookie{Name: cookie, Value: value} }

// A session of any store of gin-contrib/sessions goes on under a new token, with the values that are carried over.
func TestOldSessionsGoOnOnce(t *testing.T) {
	t.Parallel()
	for _, old := range keptIn[1:] {
		t.Run(old.name, func(t *testing.T) {
			t.Parallel()
			here, there := old.open(t)
			if there == nil {
				there = here
			}
			m := newMoved(t, externals["memory"], here, func(o *ginauth.Options[clubber]) { o.AcceptOnce.Store = there })
			before := m.oldCookie(t, 1)
			w, set := m.visit("GET", "/user", before)
			m.wants(t, "the next request", 200, "1 a book", w)
			cleared, isCleared := set[oldName]
			if set[cookie] == "" || !isCleared || cleared != "" {
				t.Fatalf("the cookies are %q", set)
			}
			w, set = m.visit("GET", "/user", newCookie(set[cookie]))
			m.wants(t, "the one after", 200, "1 a book", w)
			if len(set) > 0 {
				t.Errorf("it sets %q", set)
			}
			w, _ = m.visit("GET", "/user", &http.Cookie{Name: oldName, Value: before.Value + "x"})
			m.wants(t, "a forged one", 401, "", w)
		})
	}
}

func TestAnOldSessionProvesNothingAnew(t *testing.T) {
	t.Parallel()
	for name, open := range externals {
		m := newMoved(t, open, cookiestore.NewStore(signingKey), nil)
		w, set := m.visit("GET", "/fresh", m.oldCookie(t, 1))
		m.wants(t, name, 403, "reauthentication_required", w)
		w, _ = m.visit("GET", "/sessions", newCookie(set[cookie]))
		m.wants(t, name, 200, `"current":true`, w)
		if events := m.log.Events(driver.LoginSucceeded); len(events) != 1 || events[0]["via"] != "an old login" {
			t.Errorf("%s: the events are %v", name, events)
		}
	}
}

// Of the parallel requests of one page, one begins the session, and the others read with it.
func TestParallelRequestsOfOldSession(t *testing.T) {
	t.Parallel()
	for name, open := range externals {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMoved(t, open, cookiestore.NewStore(signingKey), nil)
			before := m.oldCookie(t, 1)
			var all sync.WaitGroup
			var mu sync.Mutex
			began := ""
			for range 16 {
				all.Go(func() {
					w, set := m.visit("GET", "/user", before)
					m.wants(t, "one of them", 200, "1 a book", w)
					mu.Lock()
					defer mu.Unlock()
					if token, begins := set[cookie]; begins {
						if began != "" || token == "" {
							t.Errorf("a second session, or none, begins: %q after %q", token, began)
						}
						began = token
					}
				})
			}
			all.Wait()
			w, _ := m.visit("GET", "/sessions", newCookie(began))
			if n := strings.Count(w.Body.String(), `"id"`); w.Code != 200 || n != 1 {
				t.Errorf("%d sessions: %d %s", n, w.Code, w.Body)
			}
			w, _ = m.visit("POST", "/user", before)
			m.wants(t, "a late write", 401, "", w)
		})
	}
}

// A copy of an old cookie is good for nothing, whichever form of it, and ends the session that it was exchanged for, since
// one of the two has stolen it.
func TestACopiedOldCookieIsNotGoodTwice(t *testing.T) {
	t.Parallel()
	for name, open := range externals {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMoved(t, open, cookiestore.NewStore(signingKey), nil)
			before := m.oldCookie(t, 1)
			_, set := m.visit("GET", "/user", before)
			m.clock.Advance(11 * time.Second)
			for _, copied := range append(otherForms(before), before) {
				w, again := m.visit("GET", "/user", copied)
				m.wants(t, "the copy", 401, "", w)
				if again[cookie] != "" {
					t.Errorf("it sets %q", again)
				}
			}
			w, _ := m.visit("GET", "/user", newCookie(set[cookie]))
			m.wants(t, "the session that two parties hold", 401, "", w)
			if len(m.log.Events(driver.TokenReused)) != 1 {
				t.Errorf("it is not in the log: %s", m.log)
			}
		})
	}
}

// otherForms change the bits of the last digit of base64 that mean nothing.
func otherForms(c *http.Cookie) (forms []*http.Cookie) {
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	text := strings.TrimRight(c.Value, "=")
	last := strings.IndexByte(digits, text[len(text)-1])
	for _, flip := range []int{1, 2, 3} {
		if len(c.Value) > len(text) {
			forms = append(forms, &http.Cookie{Name: c.Name, Value: text[:len(text)-1] + string(digits[last^flip]) + c.Value[len(text):]})
		}
	}
	return forms
}

func TestOldSessionsEndWithLogoutAndEverywhere(t *testing.T) {
	t.Parallel()
	for name, open := range externals {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMoved(t, open, cookiestore.NewStore(signingKey), nil)
			before := m.oldCookie(t, 1)
			w, set := m.visit("POST", "/logout", before)
			if _, cleared := set[oldName]; w.Code != 204 || !cleared {
				t.Errorf("a logout as the first request: %d %q", w.Code, set)
			}
			w, _ = m.visit("GET", "/user", before)
			m.wants(t, "after it", 401, "", w)

			here, elsewhere := m.oldCookie(t, 2), m.oldCookie(t, 2)
			elsewhere.Value = oldCookieOf(t, "other device")
			_, set = m.visit("GET", "/user", here)
			w, _ = m.visit("POST", "/sessions/revoke-all", newCookie(set[cookie]))
			m.wants(t, "logging out everywhere", 204, "", w)
			w, _ = m.visit("GET", "/user", elsewhere)
			m.wants(t, "an old session on another device", 401, "", w)
		})
	}
}

// oldCookieOf is an old session of user 2 with other values.
func oldCookieOf(t *testing.T, cart string) string {
	t.Helper()
	old := cookiestore.NewStore(signingKey)
	r, w := httptest.NewRequest(http.MethodGet, "/", nil), httptest.NewRecorder()
	s, err := old.New(r, oldName)
	if err == nil {
		s.Values["user_id"], s.Values["cart"] = 2, cart
		err = old.Save(r, w, s)
	}
	if err != nil {
		t.Fatal(err)
	}
	return w.Result().Cookies()[0].Value
}

// A login clears the old cookie, which is another user's, and the session that it begins stays when that comes again.
func TestALoginComesBeforeAnOldSession(t *testing.T) {
	t.Parallel()
	m := newMoved(t, externals["memory"], cookiestore.NewStore(signingKey), nil)
	before := m.oldCookie(t, 1)
	_, set := m.visit("POST", "/login/2", before)
	if _, cleared := set[oldName]; !cleared {
		t.Errorf("the cookies are %q", set)
	}
	w, again := m.visit("GET", "/user", before, newCookie(set[cookie]))
	m.wants(t, "with both", 200, "2 ", w)
	if _, cleared := again[oldName]; !cleared || again[cookie] != "" {
		t.Errorf("the cookies are %q", again)
	}
}

func TestOldSessionsAreNotExchangedWhereTheCookieWouldBeLost(t *testing.T) {
	t.Parallel()
	m := newMoved(t, externals["memory"], cookiestore.NewStore(signingKey), nil)
	before := m.oldCookie(t, 1)
	for name, test := range map[string]struct {
		method string
		header map[string]string
		twice  bool
		status int
	}{
		"a form of another site":   {"POST", map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}, false, 403},
		"an image in another site": {"GET", map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}, false, 401},
		"a frame in another site":  {"GET", map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}, false, 401},
		"a WebSocket":              {"GET", map[string]string{"Connection": "Upgrade", "Upgrade": "websocket", "Origin": "http://example.com"}, false, 401},
		"two cookies":              {"GET", nil, true, 401},
	} {
		r := httptest.NewRequest(test.method, "/user", nil)
		r.AddCookie(before)
		if test.twice {
			r.AddCookie(before)
		}
		for header, value := range test.header {
			r.Header.Set(header, value)
		}
		w, set := m.visitBy(r)
		if w.Code != test.status || len(set) > 0 {
			t.Errorf("%s: %d %s, sets %q", name, w.Code, w.Body, set)
		}
	}
	r := httptest.NewRequest(http.MethodGet, "/user", nil)
	r.AddCookie(before)
	for header, value := range map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"} {
		r.Header.Set(header, value)
	}
	w, _ := m.visitBy(r)
	m.wants(t, "a link of another site, after all of them", 200, "1 a book", w)
}

func TestOldSessionsOnOpenRoutes(t *testing.T) {
	t.Parallel()
	m := newMoved(t, externals["memory"], cookiestore.NewStore(signingKey), nil)
	w, set := m.visit("GET", "/open", m.oldCookie(t, 2))
	m.wants(t, "a page that asks who it is", 200, "2 a book", w)
	if set[cookie] == "" {
		t.Errorf("the cookies are %q", set)
	}
	for name, before := range map[string]*http.Cookie{"nobody's": m.oldCookie(t, 0), "of a user who is gone": m.oldCookie(t, 3)} {
		w, set := m.visit("GET", "/open", before)
		m.wants(t, name, 401, "", w)
		if len(set) > 0 {
			t.Errorf("%s: sets %q", name, set)
		}
	}
}

// Instances of the version before go on with the cookie that is left.
func TestLeaveCookie(t *testing.T) {
	t.Parallel()
	m := newMoved(t, externals["memory"], cookiestore.NewStore(signingKey), func(o *ginauth.Options[clubber]) { o.AcceptOnce.LeaveCookie = true })
	before := m.oldCookie(t, 1)
	w, set := m.visit("GET", "/user", before)
	m.wants(t, "the exchange", 200, "1 a book", w)
	if _, cleared := set[oldName]; cleared {
		t.Errorf("the cookies are %q", set)
	}
	m.clock.Advance(time.Minute)
	w, _ = m.visit("GET", "/user", before, newCookie(set[cookie]))
	m.wants(t, "with both", 200, "1 a book", w)
	w, _ = m.visit("POST", "/logout", before, newCookie(set[cookie]))
	m.wants(t, "the logout", 204, "", w)
	w, _ = m.visit("GET", "/user", before)
	m.wants(t, "with the old one after the logout", 401, "", w)
}

func TestOldSessionsAreNotTakenAfterTheDeadline(t *testing.T) {
	t.Parallel()
	for name, open := range externals {
		m := newMoved(t, open, cookiestore.NewStore(signingKey), nil)
		m.clock.Advance(25 * time.Hour)
		w, _ := m.visit("GET", "/user", m.oldCookie(t, 1))
		m.wants(t, name+": by the clock of the store", 401, "", w)
	}
	m := newMoved(t, externals["memory"], cookiestore.NewStore(signingKey), func(o *ginauth.Options[clubber]) { o.AcceptOnce.Until = time.Now().Add(-time.Second) })
	for range 3 {
		w, _ := m.visit("GET", "/user", m.oldCookie(t, 1))
		m.wants(t, "by the clock of the app", 401, "", w)
	}
	if strings.Count(m.log.String(), "remove Options.AcceptOnce") != 1 {
		t.Errorf("the log does not say once what to do: %s", m.log)
	}
}

// A token of before is exchanged as a session is, whoever has verified it.
func TestOldTokensGoOnOnce(t *testing.T) {
	t.Parallel()
	key := []byte("0123456789abcdef0123456789abcdef")
	token, err := jwtlib.NewWithClaims(jwtlib.SigningMethodHS256, jwtlib.MapClaims{"sub": "1", "exp": time.Now().Add(time.Hour).Unix()}).SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, in := range map[string]string{"a cookie": oldName, "a header": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			outage := false
			verify := func(_ context.Context, token string) (bridge.Login, error) {
				if outage {
					return bridge.Login{}, fmt.Errorf("%w: the list of keys", driver.ErrUnavailable)
				}
				parsed, err := jwtlib.Parse(token, func(*jwtlib.Token) (any, error) { return key, nil }, jwtlib.WithValidMethods([]string{"HS256"}), jwtlib.WithExpirationRequired())
				if err != nil {
					return bridge.Login{}, err
				}
				id, err := parsed.Claims.GetSubject()
				return bridge.Login{User: driver.UserID(id), Remember: true}, err
			}
			m := newMoved(t, externals["memory"], cookiestore.NewStore(signingKey), func(o *ginauth.Options[clubber]) {
				o.AcceptOnce = &bridge.Bridge{Until: time.Now().Add(time.Hour), Cookie: in, Token: verify}
			})
			request := func(token, site string) *http.Request {
				r := httptest.NewRequest(http.MethodGet, "/user", nil)
				if in == "" {
					r.Header.Set("Authorization", "Bearer "+token)
				} else {
					r.AddCookie(&http.Cookie{Name: in, Value: token})
				}
				if site != "" {
					r.Header.Set("Sec-Fetch-Site", site)
				}
				return r
			}
			outage = true
			w, _ := m.visitBy(request(token, ""))
			m.wants(t, "while it cannot be verified", 503, "", w)
			outage = false
			w, _ = m.visitBy(request(token+"x", ""))
			m.wants(t, "a forged one", 401, "", w)
			w, _ = m.visitBy(request(token, "cross-site"))
			m.wants(t, "from another site", 401, "", w)
			w, set := m.visitBy(request(token, "same-origin"))
			m.wants(t, "the first use", 200, "1 ", w)
			if !strings.Contains(strings.Join(w.Header()["Set-Cookie"], " "), "Max-Age=2592000") || set[cookie] == "" {
				t.Errorf("it is not remembered: %q", w.Header()["Set-Cookie"])
			}
			m.clock.Advance(time.Minute)
			for _, form := range append(otherForms(&http.Cookie{Value: token + "="}), &http.Cookie{Value: token + "="}) {
				w, _ = m.visitBy(request(strings.TrimSuffix(form.Value, "="), "same-origin"))
				m.wants(t, "a second use", 401, "", w)
			}
		})
	}
}

func TestBridgesThatCannotWorkAreRefused(t *testing.T) {
	t.Parallel()
	old := cookiestore.NewStore(signingKey)
	for want, spoil := range map[string]func(*ginauth.Options[clubber]){
		"Until is not set":          func(o *ginauth.Options[clubber]) { o.AcceptOnce.Until = time.Time{} },
		"either sessions or tokens": func(o *ginauth.Options[clubber]) { o.AcceptOnce.Store, o.AcceptOnce.Session = nil, nil },
		"need each other":           func(o *ginauth.Options[clubber]) { o.AcceptOnce.Session = nil },
		"Cookie is not set":         func(o *ginauth.Options[clubber]) { o.AcceptOnce.Cookie = "" },
		"cannot clear its cookie":   func(o *ginauth.Options[clubber]) { o.AcceptOnce.Cookie = "a b" },
		"name of the new cookie":    func(o *ginauth.Options[clubber]) { o.AcceptOnce.Cookie = cookie },
		"which NoSessions forbids":  func(o *ginauth.Options[clubber]) { o.NoSessions = true },
		"remembers what was exch":   func(o *ginauth.Options[clubber]) { o.Sessions = old },
		"set FindUser or Users":     func(o *ginauth.Options[clubber]) { o.FindUser, o.RetrieveUser = nil, nobody },
	} {
		o := ginauth.Options[clubber]{
			Sessions: inMemory{memory.NewExternal(memory.ExternalOptions{}), old}, AcceptOnce: bridged(old),
			FindUser: func(context.Context, driver.UserID) (u clubber, err error) { return u, driver.ErrNoUser },
		}
		if _, err := ginauth.New(o); err != nil {
			t.Fatal(err)
		}
		spoil(&o)
		if _, err := ginauth.New(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", want, err)
		}
	}
}

func nobody(*gin.Context, sessions.Session) (u clubber, err error) { return u, errors.New("nobody") }
