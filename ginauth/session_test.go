package ginauth_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/internal/built"
)

func TestProtectedRouteNeedsASession(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	for name, header := range map[string]string{
		"no cookie":           "",
		"garbage":             cookie + "=garbage",
		"unknown token":       cookie + "=" + strings.Repeat("A", 43),
		"empty":               cookie + "=",
		"another name":        "session=" + strings.Repeat("A", 43),
		"trailing bits":       cookie + "=" + strings.Repeat("A", 42) + "B",
		"two of them":         cookie + "=" + strings.Repeat("A", 43) + "; " + cookie + "=" + strings.Repeat("A", 43),
		"null, as a literal":  cookie + "=null",
		"SQL":                 cookie + "=' OR 1=1 --",
		"a very long garbage": cookie + "=" + strings.Repeat("A", 4000),
	} {
		r := httptest.NewRequest(http.MethodGet, "/user", nil)
		if header != "" {
			r.Header.Set("Cookie", header)
		}
		w := app.send(r)
		if p := problemIn(t, w); w.Code != http.StatusUnauthorized || p.Code != "unauthenticated" {
			t.Errorf("%s: %d %s", name, w.Code, p.Code)
		}
		if got := w.Header().Get("WWW-Authenticate"); got != `Cookie cookie-name="`+cookie+`"` {
			t.Errorf("%s: WWW-Authenticate %q", name, got)
		}
		r = httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Cookie", header)
		if w := app.send(r); w.Code != http.StatusOK {
			t.Errorf("%s: excluded route answered %d", name, w.Code)
		}
	}
}

// SEC-56
func TestTokenIsTakenFromTheCookieOnly(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	token := app.signUp(t, ada).value
	r := httptest.NewRequest(http.MethodGet, "/user?session="+token+"&"+cookie+"="+token, nil)
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("X-Session", token)
	if w := app.send(r); w.Code != http.StatusUnauthorized {
		t.Errorf("status %d", w.Code)
	}
}

// SEC-67, SEC-69
func TestIdleSessionEndsByTheStoresClock(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	c := app.signUp(t, ada)
	app.clock.Advance(time.Hour - time.Second)
	if w := c.get("/user"); w.Code != http.StatusOK {
		t.Fatalf("before the idle timeout: %d", w.Code)
	}
	app.clock.Advance(time.Hour + time.Second)
	if w := c.get("/user"); w.Code != http.StatusUnauthorized {
		t.Errorf("after the idle timeout: %d", w.Code)
	}
}

// SEC-68
func TestUseDoesNotExtendTheAbsoluteLifetime(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	c := app.signUp(t, ada)
	for range 24*2 - 1 {
		app.clock.Advance(30 * time.Minute)
		if w := c.get("/user"); w.Code != http.StatusOK {
			t.Fatalf("status %d", w.Code)
		}
	}
	app.clock.Advance(30 * time.Minute)
	if w := c.get("/user"); w.Code != http.StatusUnauthorized {
		t.Errorf("after 24 h of use: %d", w.Code)
	}
}

func TestLastSeenIsWrittenOncePerInterval(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	c := app.signUp(t, ada)
	writes := func() int {
		return app.count(t, "SELECT count(*) FROM ginauth.sessions WHERE last_seen_at = $1", app.clock.Now().Truncate(time.Microsecond))
	}
	app.clock.Advance(59 * time.Second)
	c.get("/user")
	if writes() != 0 {
		t.Error("a read within the interval was written")
	}
	app.clock.Advance(2 * time.Second)
	if w := c.get("/user"); w.Code != http.StatusOK || writes() != 1 {
		t.Errorf("%d: a read after the interval was not written", w.Code)
	}
}

// SEC-53, SEC-58
func TestCookieAndCachingOfALogin(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	w := app.send(jsonRequest("/signup", ada))
	set := w.Header().Values("Set-Cookie")
	if len(set) != 2 || !strings.HasPrefix(set[0], cookie+"=") || !strings.HasSuffix(set[0], "; Path=/; HttpOnly; Secure; SameSite=Lax") {
		t.Errorf("Set-Cookie %q", set)
	}
	if w.Header().Get("Cache-Control") != "no-store" || !slices.Contains(w.Header().Values("Vary"), "Cookie") {
		t.Errorf("Cache-Control %q, Vary %q", w.Header().Get("Cache-Control"), w.Header().Values("Vary"))
	}
}

// SEC-58
func TestProtectedAnswersAreNotCached(t *testing.T) {
	t.Parallel()
	app := newApp(t, routes(func(r *gin.Engine, _ config) {
		r.GET("/plain", func(c *gin.Context) { c.String(http.StatusOK, "x") })
		r.GET("/own", func(c *gin.Context) {
			c.Header("Cache-Control", "private, max-age=5")
			c.Header("Vary", "Cookie")
			c.String(http.StatusOK, "x")
		})
	}))
	c := app.signUp(t, ada)
	for path, want := range map[string]string{"/plain": "no-store", "/own": "private, max-age=5", "/": ""} {
		w := c.get(path)
		if got := w.Header().Get("Cache-Control"); got != want {
			t.Errorf("%s: Cache-Control %q, want %q", path, got, want)
		}
		if vary := w.Header().Values("Vary"); path != "/" && !slices.Equal(vary, []string{"Cookie"}) {
			t.Errorf("%s: Vary %q", path, vary)
		}
	}
}

// SEC-61
func TestAnonymousVisitorsLeaveNothingBehind(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	for range 50 {
		if w := app.send(httptest.NewRequest(http.MethodGet, "/", nil)); w.Header().Get("Set-Cookie") != "" {
			t.Fatal("a visitor got a cookie")
		}
		app.send(httptest.NewRequest(http.MethodGet, "/user", nil))
	}
	if n := app.count(t, "SELECT count(*) FROM ginauth.sessions"); n != 0 {
		t.Errorf("%d sessions", n)
	}
}

// SEC-140
func TestUnknownRoutesAreProtectedUnlessExcluded(t *testing.T) {
	t.Parallel()
	closed, open := newApp(t), newApp(t, with(func(cfg *config) { cfg.Exclude = append(cfg.Exclude, ginauth.NoRoute) }))
	for _, method := range []string{"GET", "HEAD", "OPTIONS", "DELETE"} {
		r := httptest.NewRequest(method, "/nowhere", nil)
		if w := closed.send(r); w.Code != http.StatusUnauthorized {
			t.Errorf("%s: %d", method, w.Code)
		}
		if w := open.send(r); w.Code != http.StatusNotFound {
			t.Errorf("%s with NoRoute excluded: %d", method, w.Code)
		}
	}
}

func TestAPreflightOfAProtectedRouteIsAnsweredWithNothing(t *testing.T) {
	t.Parallel()
	app := newApp(t, routes(func(r *gin.Engine, _ config) {
		r.OPTIONS("/user", func(c *gin.Context) { c.String(http.StatusOK, "a secret") })
	}))
	for _, tc := range []struct {
		origin, method string
		status         int
	}{
		{"https://app.example", "GET", 204}, {"", "", 401}, {"https://app.example", "", 401}, {"", "GET", 401},
	} {
		r := httptest.NewRequest(http.MethodOptions, "/user", nil)
		if tc.origin != "" {
			r.Header.Set("Origin", tc.origin)
		}
		if tc.method != "" {
			r.Header.Set("Access-Control-Request-Method", tc.method)
		}
		if w := app.send(r); w.Code != tc.status || w.Header().Get("Access-Control-Allow-Origin") != "" { // SEC-89
			t.Errorf("%+v: %d %v", tc, w.Code, w.Header())
		}
	}
}

// SEC-175
func TestPathVariantsDoNotReachAProtectedHandler(t *testing.T) {
	t.Parallel()
	reached := 0
	for _, raw := range []bool{false, true} {
		app := newApp(t, before(func(r *gin.Engine) { r.UseRawPath, r.RedirectFixedPath, r.RemoveExtraSlash = raw, true, raw }),
			routes(func(r *gin.Engine, _ config) {
				r.GET("/admin/:page", func(*gin.Context) { reached++ })
				r.HEAD("/admin/:page", func(*gin.Context) { reached++ })
				r.GET("/login/help", func(*gin.Context) { reached++ })
			}))
		for _, path := range []string{
			"/admin/x", "//admin/x", "/admin//x", "/ADMIN/x", "/admin%2fx", "/./admin/x", "/login/../admin/x", "/admin/x/", "/%61dmin/x",
			"/login/help", "/login/%2e%2e/admin/x", "/admin/x?/login", "/admin/x;/login", "/admin/login", "/admin/%2Flogin",
		} {
			for _, method := range []string{"GET", "HEAD"} {
				r := httptest.NewRequest(method, "/", nil)
				u, err := r.URL.Parse("http://example.com" + path)
				if err != nil {
					t.Fatal(err)
				}
				r.URL = u
				app.send(r)
			}
		}
	}
	if reached != 0 {
		t.Errorf("%d requests without a session reached a handler", reached)
	}
}

// SEC-172
func TestRefusedRequestsRunNoFurtherHandler(t *testing.T) {
	t.Parallel()
	ran := 0
	app := newApp(t, routes(func(r *gin.Engine, _ config) {
		r.Group("/g", func(*gin.Context) { ran++ }).GET("/x", func(*gin.Context) { ran++ }, func(*gin.Context) { ran++ })
	}))
	if w := app.send(httptest.NewRequest(http.MethodGet, "/g/x", nil)); w.Code != http.StatusUnauthorized || ran != 0 {
		t.Errorf("%d, %d handlers ran", w.Code, ran)
	}
}

// SEC-174
func TestIdentityStaysWithItsRequest(t *testing.T) {
	t.Parallel()
	app := newApp(t, routes(func(r *gin.Engine, _ config) {
		r.GET("/copy", func(c *gin.Context) {
			mine, err := ginauth.CurrentUser[user](c)
			cp, late := c.Copy(), make(chan string, 1)
			go func() {
				u, _ := ginauth.CurrentUser[user](cp)
				late <- u.Email
			}()
			if got := <-late; err != nil || got != mine.Email {
				c.String(http.StatusInternalServerError, got)
				return
			}
			c.String(http.StatusOK, mine.Email)
		})
	}))
	clients := map[string]*client{}
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
		clients[name+"@example.com"] = app.signUp(t, strings.ReplaceAll(ada, "ada@", name+"@"))
	}
	var wg sync.WaitGroup
	for email, c := range clients {
		for range 4 {
			wg.Go(func() {
				mine := &client{handler: app, value: c.value}
				for range 25 {
					if w := mine.get("/copy"); w.Code != http.StatusOK || w.Body.String() != email {
						t.Errorf("%s got %d %s", email, w.Code, w.Body)
					}
				}
			})
		}
	}
	wg.Wait()
}

func TestASecondSessionOnAGroupAddsItsRules(t *testing.T) {
	t.Parallel()
	app := newApp(t, with(func(cfg *config) { cfg.Exclude = []string{"/login", "/signup", "/shop/*any"} }), routes(func(r *gin.Engine, cfg config) {
		inner, other := cfg, cfg
		inner.Exclude, other.Cookie.Name = []string{"/shop/list"}, "other"
		shop := r.Group("/shop", ginauth.Session(built.Config(inner)))
		shop.GET("/list", func(c *gin.Context) { c.String(http.StatusOK, "list") })
		shop.GET("/basket", ginauth.Me(built.Config(cfg)))
		r.Group("/mixed", ginauth.Session(built.Config(other))).GET("/x", func(*gin.Context) {})
	}))
	anonymous, c := &client{handler: app}, app.signUp(t, ada)
	for _, tc := range []struct {
		c      *client
		path   string
		status int
	}{{anonymous, "/shop/list", 200}, {anonymous, "/shop/basket", 401}, {c, "/shop/basket", 200}, {c, "/mixed/x", 500}} {
		if w := tc.c.get(tc.path); w.Code != tc.status {
			t.Errorf("%s: %d, want %d", tc.path, w.Code, tc.status)
		}
	}
}

// SEC-76, SEC-173
func TestDisabledOrDeletedUserIsOutAtOnce(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	c, d := app.signUp(t, ada), app.signUp(t, grace)
	app.exec(t, "UPDATE ginauth.users SET disabled_at = now() WHERE email = 'ada@example.com'")
	app.exec(t, "DELETE FROM ginauth.users WHERE email = 'grace@example.com'")
	for _, c := range []*client{c, d} {
		if w := c.get("/user"); w.Code != http.StatusUnauthorized {
			t.Errorf("status %d", w.Code)
		}
	}
}

// SEC-54
func TestInsecureLocalhostAnswersOnLocalhostOnly(t *testing.T) {
	t.Parallel()
	app := newApp(t, with(func(cfg *config) { cfg.Cookie.InsecureLocalhost = true }))
	r := jsonRequest("/signup", ada)
	r.Host = "app.example"
	if w := app.send(r); w.Code != http.StatusMisdirectedRequest || problemIn(t, w).Code != "insecure_host" {
		t.Errorf("status %d", w.Code)
	}
	r = jsonRequest("/signup", ada)
	r.Host = "localhost:8080"
	w := app.send(r)
	if set := w.Header().Get("Set-Cookie"); w.Code != http.StatusCreated || !strings.HasPrefix(set, "session=") || strings.Contains(set, "Secure") {
		t.Errorf("%d, Set-Cookie %q", w.Code, set)
	}
}

// SEC-50
func TestTokenIsNowhereInTheDatabase(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	c := app.signUp(t, ada)
	var dump strings.Builder
	for _, table := range []string{"users", "sessions"} {
		var rows string
		if err := app.pool.QueryRow(t.Context(), "SELECT coalesce(string_agg(t::text, E'\\n'), '') FROM ginauth."+table+" AS t").Scan(&rows); err != nil {
			t.Fatal(err)
		}
		dump.WriteString(rows)
	}
	if dump.Len() == 0 {
		t.Fatal("nothing was dumped")
	}
	for _, secret := range append(spellings(t, c.value), "correct horse battery staple") {
		if strings.Contains(dump.String(), secret) {
			t.Errorf("the dump contains %q", secret)
		}
	}
}
