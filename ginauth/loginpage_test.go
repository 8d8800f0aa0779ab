package ginauth_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/account"
	"github.com/ginauth/ginauth/ginauth/internal/built"
)

// Login and the like are for who has no session, so nobody has to exclude them, and who does may.
func TestLoginAndSignUpAreOpenByThemselves(t *testing.T) {
	t.Parallel()
	for name, exclude := range map[string][]string{"nothing excluded": nil, "all excluded": {"/login", "/signup", "/restore"}} {
		app := newApp(t, with(func(cfg *config) { cfg.Exclude, cfg.Unverified = exclude, ginauth.UnverifiedRefused }), routes(func(r *gin.Engine, cfg config) {
			r.POST("/restore", account.RestoreAccount(built.Config(cfg)))
			r.DELETE("/user", account.DeleteAccountAfter(built.Config(cfg), 1<<50))
		}))
		c := app.signUp(t, ada)
		if w := c.get("/user"); w.Code != http.StatusOK {
			t.Errorf("%s: after sign-up: %d", name, w.Code)
		}
		for range 2 { // the second time with a session
			if w := c.post("/login", adaIn); w.Code != http.StatusOK {
				t.Errorf("%s: login: %d %s", name, w.Code, w.Body)
			}
		}
		if w := c.do(httptest.NewRequest(http.MethodDelete, "/user", nil)); w.Code != http.StatusOK {
			t.Errorf("%s: archive: %d %s", name, w.Code, w.Body)
		}
		c.value = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" // a session that is no good
		if w := c.post("/restore", adaIn); w.Code != http.StatusOK {
			t.Errorf("%s: restore: %d %s", name, w.Code, w.Body)
		}
	}
}

// A token that is no good any more keeps nobody from logging in anew.
func TestBadCredentialsDoNotCloseLogin(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	app.signUp(t, ada)
	cfg := app.cfg
	cfg.Exclude = nil
	r := api(cfg, &keys{scheme: apiKey, find: findKey}, ginauth.SessionAuth(built.Config(cfg)))
	r.POST("/login", ginauth.Login(built.Config(cfg)))
	in := jsonRequest("/login", adaIn)
	in.Header.Set("X-API-Key", "unknown")
	w := httptest.NewRecorder()
	r.ServeHTTP(w, in)
	if w.Code != http.StatusOK {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := ask(r, http.MethodGet, "/who", header("X-API-Key", "unknown")); w.Code != http.StatusUnauthorized {
		t.Errorf("elsewhere: %d", w.Code)
	}
}

// A browser is never sent from the login page to the login page, whether it is protected, guarded or not there at all.
func TestTheLoginPageIsNeverRedirectedToItself(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		page   string
		routes func(*gin.Engine, config)
	}{
		"not there": {"/entry", func(*gin.Engine, config) {}},
		"protected": {"/entry", func(r *gin.Engine, _ config) { r.GET("/entry", func(*gin.Context) {}) }},
		"excluded for POST alone": {"/open", func(r *gin.Engine, _ config) {
			r.GET("/open", func(*gin.Context) {})
			r.POST("/open", func(*gin.Context) {})
		}},
		"guarded": {"/entry", func(r *gin.Engine, _ config) { r.GET("/entry", ginauth.Require(), func(*gin.Context) {}) }},
		"of a user": {"/entry", func(r *gin.Engine, _ config) {
			r.GET("/entry", ginauth.With(func(*gin.Context, user) {}))
		}},
		"with a query":                       {"/entry?by=form#top", func(*gin.Engine, config) {}},
		"with a slash":                       {"/entry/", func(r *gin.Engine, _ config) { r.GET("/entry", func(*gin.Context) {}) }},
		"written in other case":              {"/Entry", func(r *gin.Engine, _ config) { r.RedirectFixedPath = true; r.GET("/entry", func(*gin.Context) {}) }},
		"with an escape":                     {"/entr%79", func(*gin.Engine, config) {}},
		"below a prefix that nobody removes": {"/entry", func(r *gin.Engine, _ config) { r.GET("/base/entry", func(*gin.Context) {}) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := newApp(t, with(func(cfg *config) {
				cfg.Exclude, cfg.Pages.Login = []string{"POST /open"}, test.page
				if strings.Contains(name, "prefix") {
					cfg.BaseURL = "https://app.example/base"
				}
			}), routes(test.routes))
			path := "/user"
			for range 5 {
				r := httptest.NewRequest(http.MethodGet, path, nil)
				r.Header.Set("Accept", "text/html")
				w := app.send(r)
				if w.Code == http.StatusUnauthorized {
					return
				}
				path = w.Header().Get("Location")
				if path == "" {
					t.Fatalf("%d %s", w.Code, w.Body)
				}
			}
			t.Errorf("the browser is still on its way, to %s", path)
		})
	}
}

// HEAD asks about what GET shows.
func TestAnExcludedGetCoversHead(t *testing.T) {
	t.Parallel()
	app := newApp(t, with(func(cfg *config) { cfg.Exclude = []string{"GET /x", "GET /files/*path", "POST /p"} }), routes(func(r *gin.Engine, _ config) {
		answer := func(c *gin.Context) { c.Status(http.StatusOK) }
		for _, path := range []string{"/x", "/p", "/files/*path"} {
			r.Any(path, answer)
		}
	}))
	for _, test := range []struct {
		method, path string
		status       int
	}{
		{"GET", "/x", 200},
		{"HEAD", "/x", 200},
		{"OPTIONS", "/x", 401},
		{"POST", "/x", 401},
		{"HEAD", "/files/a.css", 200},
		{"HEAD", "/p", 401},
		{"GET", "/p", 401},
		{"POST", "/p", 200},
	} {
		if w := app.send(httptest.NewRequest(test.method, test.path, nil)); w.Code != test.status {
			t.Errorf("%s %s: %d, want %d", test.method, test.path, w.Code, test.status)
		}
	}
}
