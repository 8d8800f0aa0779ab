package ginauth_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gin-contrib/sessions"
	cookiestore "github.com/gin-contrib/sessions/cookie"
	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/account"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/built"
)

// fullKey is a backend whose credentials are good for everything, and narrowKey one whose are not. The key is the user's id.
var (
	fullKey   = &keys{scheme: apiKey, find: findKey}
	narrowKey = &keys{scheme: apiKey, find: findKey, scopes: []string{"x"}}
)

// valuesOf mounts what an app does with session values.
func valuesOf(excluded *gin.Engine) {
	r := excluded.Group("", ginauth.Require(ginauth.AnyScope()))
	set := func(c *gin.Context) { sessions.Default(c).Set("role", "admin") }
	r.POST("/set", set)
	excluded.POST("/late", func(c *gin.Context) { // on an excluded route
		set(c)
		if _, err := ginauth.CurrentUser[user](c); err != nil {
			ginauth.Fail(c, err)
		}
	})
	excluded.POST("/again", func(c *gin.Context) { // on an excluded route, too
		sessions.Default(c).Get("role")
		if _, err := ginauth.Recheck[user](c); err != nil {
			ginauth.Fail(c, err)
			return
		}
		set(c)
	})
	r.POST("/end", func(c *gin.Context) { sessions.Default(c).Options(sessions.Options{MaxAge: -1}) })
	r.POST("/clear", func(c *gin.Context) { sessions.Default(c).Clear() })
	r.POST("/delete", func(c *gin.Context) { sessions.Default(c).Delete("role") })
	r.POST("/renew", fails(ginauth.Renew))
	r.GET("/get", func(c *gin.Context) {
		if all, err := ginauth.SessionValues(c); err != nil || sessions.Default(c).Get("role") == nil && len(all) > 0 {
			c.String(http.StatusTeapot, "%v, %v", all, err)
			return
		}
		c.String(http.StatusOK, "%v", sessions.Default(c).Get("role"))
	})
}

// A session belongs to a request by its user alone: by another's key it is neither read nor written, touched nor ended.
func TestAKeyDoesNotMixWithAnotherUsersSession(t *testing.T) { // SEC-79
	t.Parallel()
	for name, narrow := range map[string]bool{"a key for everything": false, "a key with a scope": true} {
		app := newApp(t)
		cfg := app.cfg
		cfg.Exclude = []string{"/late", "/again", "/open/logout"}
		backend := fullKey
		if narrow {
			backend = narrowKey
		}
		r := gin.New()
		r.Use(ginauth.Authenticate(built.Config(cfg), backend, ginauth.SessionAuth(built.Config(cfg))))
		valuesOf(r)
		r.POST("/open/logout", ginauth.Logout(built.Config(cfg)))
		r.POST("/reauthenticate", account.Reauthenticate(built.Config(cfg)))
		grace := app.signUp(t, grace)
		id := idOf(t, grace)
		grace.handler = r
		if w := grace.post("/set", ""); w.Code != http.StatusOK {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		app.clock.Advance(10 * time.Minute) // its use would be written down
		before := app.everythingOf(t, "grace@example.com")
		for path, status := range map[string]int{
			"/set": forbidden, "/late": forbidden, "/again": forbidden, "/end": forbidden, "/delete": forbidden, "/clear": ok, "/renew": ok,
			"/open/logout": forbidden, "/reauthenticate": forbidden, "/get": ok,
		} {
			method := http.MethodPost
			if path == "/get" {
				method = http.MethodGet
			}
			w := ask(r, method, path, header("X-API-Key", "somebody"), withCookie(grace.value))
			if w.Code != status || w.Header().Get("Set-Cookie") != "" {
				t.Errorf("%s, %s: %d %s, cookie %q", name, path, w.Code, w.Body, w.Header().Get("Set-Cookie"))
			}
			if status == forbidden && problemIn(t, w).Code != "session_required" && (path != "/again" || !narrow) {
				t.Errorf("%s, %s: %s", name, path, w.Body)
			}
			if path == "/get" && w.Body.String() != "<nil>" {
				t.Errorf("%s reads %s", name, w.Body)
			}
			if after := app.everythingOf(t, "grace@example.com"); after != before {
				t.Errorf("%s, %s changed the session:\n%s\n%s", name, path, before, after)
			}
		}
		// By a key of her own, which is good for everything as her session is, it is her session.
		w := ask(r, http.MethodPost, "/set", header("X-API-Key", id), withCookie(grace.value))
		if want := map[bool]int{false: ok, true: forbidden}[narrow]; w.Code != want {
			t.Errorf("%s, of the same user: %d %s", name, w.Code, w.Body)
		}
		if w := ask(r, http.MethodPost, "/open/logout", header("X-API-Key", id), withCookie(grace.value)); (w.Code == noContent) == narrow {
			t.Errorf("%s, of the same user: logout %d %s", name, w.Code, w.Body)
		}
	}
}

func withCookie(value string) func(*http.Request) {
	return func(r *http.Request) { r.AddCookie(&http.Cookie{Name: cookie, Value: value}) }
}

// Where RetrieveUser alone knows whose a session is, it is asked; and stores of gin-contrib keep the same rule.
func TestForeignSessionsOfOtherStoresAndRetrieveUser(t *testing.T) { // SEC-79
	t.Parallel()
	app := newApp(t)
	retrieve := func(_ *gin.Context, s sessions.Session) (user, error) {
		id, _ := s.Get("user").(string)
		if id == "" {
			return user{}, driver.ErrNoUser
		}
		return user{ID: driver.UserID(id)}, nil
	}
	for name, cfg := range map[string]config{
		"RetrieveUser":           {Sessions: app.db.Sessions, RetrieveUser: retrieve},
		"RetrieveUser, a cookie": {Sessions: cookiestore.NewStore([]byte("0123456789abcdef0123456789abcdef")), RetrieveUser: retrieve},
		"a cookie store":         {Sessions: cookiestore.NewStore([]byte("0123456789abcdef0123456789abcdef")), Users: app.db},
	} {
		cfg.Logger, cfg.Exclude = quiet, []string{"/enter", "/logout"}
		r := gin.New()
		r.Use(ginauth.Authenticate(built.Config(cfg), fullKey, ginauth.SessionAuth(built.Config(cfg))))
		valuesOf(r)
		owner := user{ID: "grace"}
		if cfg.Users != nil {
			owner = user{ID: driver.UserID(idOf(t, app.signUp(t, grace)))}
		}
		r.POST("/enter", func(c *gin.Context) {
			sessions.Default(c).Set("user", string(owner.ID))
			sessions.Default(c).Set("role", "clerk")
			if err := ginauth.SignIn(c, owner); err != nil {
				ginauth.Fail(c, err)
			}
		})
		r.POST("/logout", ginauth.Logout(built.Config(cfg)))
		c := &client{handler: r}
		if w := c.post("/enter", ""); w.Code != ok {
			t.Fatalf("%s: %d %s", name, w.Code, w.Body)
		}
		by := func(key, path string) *httptest.ResponseRecorder {
			method := http.MethodPost
			if path == "/get" {
				method = http.MethodGet
			}
			return ask(r, method, path, header("X-API-Key", key), withCookie(c.value))
		}
		for path, status := range map[string]int{"/set": forbidden, "/end": forbidden, "/delete": forbidden, "/renew": ok, "/logout": forbidden, "/get": ok} {
			if w := by("somebody", path); w.Code != status || w.Header().Get("Set-Cookie") != "" || path == "/get" && w.Body.String() != "<nil>" {
				t.Errorf("%s, %s: %d %s, cookie %q", name, path, w.Code, w.Body, w.Header().Get("Set-Cookie"))
			}
		}
		if w := c.get("/get"); w.Code != ok || w.Body.String() != "clerk" {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
		if w := by(string(owner.ID), "/get"); w.Code != ok || w.Body.String() != "clerk" {
			t.Errorf("%s, by the owner's key: %d %s", name, w.Code, w.Body)
		}
		if w := by(string(owner.ID), "/logout"); w.Code != noContent {
			t.Errorf("%s, by the owner's key: logout %d %s", name, w.Code, w.Body)
		}
		if w := by("somebody", "/logout"); w.Code != forbidden { // with a cookie that is over
			t.Errorf("%s, over: logout %d %s", name, w.Code, w.Body)
		}
	}
}
