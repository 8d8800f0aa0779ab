package ginauth_test

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/internal/built"
)

// forgedPreflight makes a request look like a preflight, as anybody can.
func forgedPreflight(r *http.Request) {
	r.Header.Set("Origin", "https://app.example")
	r.Header.Set("Access-Control-Request-Method", "GET")
}

// SEC-180: a preflight of a route that needs a user runs nothing, whatever kind of handler the route has.
func TestAForgedPreflightRunsNoHandler(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte("a secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	files := http.FileServer(http.Dir(filepath.Dir(file)))
	build := func(exclude ...string) *gin.Engine {
		own := func(c *gin.Context) { c.Header("X-Ran", "yes"); c.String(http.StatusOK, "a secret") }
		middleware := func(c *gin.Context) { c.Header("X-Ran", "yes"); c.Next() }
		r := gin.New()
		r.HandleMethodNotAllowed = true
		r.Use(ginauth.Authenticate(built.Config(config{Logger: quiet, Exclude: exclude}), &keys{scheme: apiKey, find: findKey}))
		r.OPTIONS("/options", own)
		r.Any("/any", own)
		for _, method := range []string{"GET", "POST", "OPTIONS"} {
			r.Handle(method, "/wrapped", gin.WrapH(files))
			r.Handle(method, "/differs", middleware, gin.WrapH(files))
		}
		r.Any("/with", ginauth.With(func(c *gin.Context, _ user) { own(c) }))
		group := r.Group("/group", ginauth.Require())
		group.Any("/any", own)
		group.OPTIONS("/options", own)
		group.Any("/admin", ginauth.Require(ginauth.Role(roles, "admin")), own)
		r.Any("/opens", middleware, ginauth.Require(), own)
		r.Any("/logout", middleware, ginauth.Logout(built.Config(newApp(t).cfg)))
		r.GET("/get", own)
		r.Static("/static", filepath.Dir(file))
		r.NoRoute(gin.WrapH(files))
		r.NoMethod(own)
		return r
	}
	closed := build()
	for _, path := range []string{
		"/options", "/any", "/wrapped", "/differs", "/with", "/group/any", "/group/options", "/group/admin", "/opens", "/logout",
		"/get", "/static/secret", "/secret", "/nowhere",
	} {
		w := ask(closed, http.MethodOptions, path, forgedPreflight)
		if w.Code != http.StatusNoContent || w.Body.Len() != 0 || w.Header().Get("X-Ran") != "" || w.Header().Get("Set-Cookie") != "" {
			t.Errorf("%s: %d %v %s", path, w.Code, w.Header(), w.Body)
		}
		if w := ask(closed, http.MethodOptions, path); w.Code != http.StatusUnauthorized {
			t.Errorf("%s without a preflight's headers: %d", path, w.Code)
		}
	}
	open := build("OPTIONS /options", "OPTIONS /group/options", "/group/any", ginauth.NoRoute)
	for path, want := range map[string]int{
		"/options": 200, "/group/options": 200, "/nowhere": 404, "/secret": 200,
		"/group/any": 204, // a rule for every method opens no guard
		"/any":       204,
	} {
		if w := ask(open, http.MethodOptions, path, forgedPreflight); w.Code != want {
			t.Errorf("%s where its OPTIONS is excluded: %d, want %d", path, w.Code, want)
		}
	}
	if w := ask(open, http.MethodOptions, "/group/options"); w.Code != http.StatusUnauthorized {
		t.Errorf("no preflight, behind a guard: %d", w.Code)
	}
}

// CORS middleware in front of Session answers preflights itself.
func TestCORSMiddlewareBelongsBeforeSession(t *testing.T) {
	t.Parallel()
	app := newApp(t, before(func(r *gin.Engine) {
		r.Use(func(c *gin.Context) {
			c.Header("Access-Control-Allow-Origin", "https://app.example")
			if c.Request.Method == http.MethodOptions {
				c.AbortWithStatus(http.StatusNoContent)
			}
		})
	}))
	w := ask(app, http.MethodOptions, "/user", forgedPreflight)
	if w.Code != http.StatusNoContent || w.Header().Get("Access-Control-Allow-Origin") == "" {
		t.Errorf("a preflight: %d %v", w.Code, w.Header())
	}
	if w := ask(app, http.MethodGet, "/user"); w.Code != http.StatusUnauthorized || w.Header().Get("Access-Control-Allow-Origin") == "" {
		t.Errorf("a request: %d %v", w.Code, w.Header())
	}
}
