package ginauth_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
)

func TestAppsOwnLoginWay(t *testing.T) {
	t.Parallel()
	app := newApp(t, with(func(cfg *config) { cfg.Exclude = append(cfg.Exclude, "/enter", "/leave", "/renew") }), routes(func(r *gin.Engine, cfg config) {
		r.POST("/enter", func(c *gin.Context) {
			u, _, err := cfg.Users.FindCredential(c, c.Query("who"))
			if err != nil {
				ginauth.Fail(c, err)
				return
			}
			sessionOf(c).Set("via", "link")
			if err := ginauth.SignIn(c, u); err != nil {
				ginauth.Fail(c, err)
				return
			}
			if me, err := ginauth.CurrentUser[user](c); err != nil || me.ID != u.ID {
				t.Errorf("after SignIn: %v, %v", me.ID, err)
			}
			c.Status(http.StatusNoContent)
		})
		r.POST("/leave", func(c *gin.Context) {
			if err := ginauth.SignOut(c); err != nil {
				t.Error(err)
			}
			if _, err := ginauth.CurrentUser[user](c); !errors.Is(err, ginauth.ErrUnauthenticated) {
				t.Errorf("after SignOut: %v", err)
			}
			c.Status(http.StatusNoContent)
		})
		r.POST("/renew", func(c *gin.Context) {
			sessionOf(c).Set("renewed", true)
			if err := ginauth.Renew(c); err != nil {
				ginauth.Fail(c, err)
				return
			}
			via, _ := sessionOf(c).Get("via").(string)
			c.String(http.StatusOK, via)
		})
	}))
	app.signUp(t, ada)
	c := &client{handler: app}
	if w := c.post("/enter?who=ada@example.com", ""); w.Code != http.StatusNoContent || c.get("/user").Code != http.StatusOK {
		t.Fatalf("enter: %d", w.Code)
	}
	old := &client{handler: app, value: c.value}
	if w := c.post("/renew", ""); w.Code != http.StatusOK || w.Body.String() != "link" || c.value == old.value {
		t.Errorf("renew: %d %s %s", w.Code, w.Body, app.log)
	}
	if w := old.get("/user"); w.Code != http.StatusUnauthorized { // SEC-64
		t.Errorf("the old token answers %d", w.Code)
	}
	if w := c.get("/user"); w.Code != http.StatusOK {
		t.Errorf("the new token answers %d", w.Code)
	}
	if w := (&client{handler: app}).post("/renew", ""); w.Code != http.StatusOK {
		t.Errorf("renew without a session: %d", w.Code)
	}
	c.post("/leave", "")
	if c.value != "" || app.count(t, "SELECT count(*) FROM ginauth.sessions WHERE data ? 'via'") != 0 {
		t.Error("the session is still there")
	}
	app.exec(t, "UPDATE ginauth.users SET disabled_at = now()")
	if w := c.post("/enter?who=ada@example.com", ""); w.Code != http.StatusUnauthorized || problemIn(t, w).Code != "invalid_credentials" { // SEC-25
		t.Errorf("a disabled user: %d", w.Code)
	}
	if w := c.post("/enter?who=nobody@example.com", ""); w.Code != http.StatusInternalServerError {
		t.Errorf("an error of the app's own: %d", w.Code)
	}
}

// SEC-171
func TestHandlersWithoutSessionRefuse(t *testing.T) {
	t.Parallel()
	app := newApp(t, before(func(r *gin.Engine) {
		r.GET("/bare", ginauth.With(func(c *gin.Context, _ user) { c.String(http.StatusOK, "in") }))
		r.POST("/bare", func(c *gin.Context) {
			for _, err := range []error{ginauth.SignIn(c, user{ID: "x"}), ginauth.SignOut(c), ginauth.Renew(c)} {
				if !errors.Is(err, ginauth.ErrNotMounted) {
					t.Errorf("without Session: %v", err)
				}
			}
			_, err := ginauth.CurrentUser[user](t.Context())
			ginauth.Fail(c, err)
		})
	}))
	c := app.signUp(t, ada)
	if w := c.get("/bare"); w.Code != http.StatusInternalServerError || problemIn(t, w).Code != "not_mounted" {
		t.Errorf("With: %d %s", w.Code, w.Body)
	}
	if w := c.post("/bare", ""); w.Code != http.StatusInternalServerError {
		t.Errorf("CurrentUser: %d %s", w.Code, w.Body)
	}
	type stranger struct{ user }
	app.GET("/stranger", ginauth.With(func(c *gin.Context, _ stranger) { c.String(http.StatusOK, "in") }))
	if w := c.get("/stranger"); w.Code != http.StatusInternalServerError {
		t.Errorf("another user type: %d", w.Code)
	}
}

func TestUserWithoutIDCannotSignIn(t *testing.T) { // SEC-176
	t.Parallel()
	app := newApp(t, with(func(cfg *config) { cfg.Exclude = append(cfg.Exclude, "/enter") }), routes(func(r *gin.Engine, _ config) {
		r.POST("/enter", func(c *gin.Context) { ginauth.Fail(c, ginauth.SignIn(c, user{})) })
	}))
	if w := app.send(jsonRequest("/enter", "")); w.Code != http.StatusInternalServerError || w.Header().Get("Set-Cookie") != "" {
		t.Errorf("%d", w.Code)
	}
}

func TestRememberMakesTheSessionOfASignInOutliveTheBrowser(t *testing.T) {
	t.Parallel()
	app := newApp(t, with(func(cfg *config) {
		cfg.Exclude = append(cfg.Exclude, "/enter")
		cfg.IdleTimeout, cfg.RememberIdleTimeout, cfg.RememberLifetime = time.Hour, 48*time.Hour, 60*time.Hour
	}), routes(func(r *gin.Engine, cfg config) {
		r.POST("/enter", func(c *gin.Context) {
			u, _, err := cfg.Users.FindCredential(c, "ada@example.com")
			var options []ginauth.SignInOption
			if c.Query("remember") != "" {
				options = append(options, ginauth.Remember())
			}
			if err == nil {
				err = ginauth.SignIn(c, u, options...)
			}
			if err != nil {
				ginauth.Fail(c, err)
				return
			}
			c.Status(http.StatusNoContent)
		})
	}))
	app.signUp(t, ada)
	short, long := &client{handler: app}, &client{handler: app}
	if k := short.post("/enter", "").Result().Cookies(); len(k) != 1 || k[0].MaxAge != 0 {
		t.Errorf("without Remember the cookies are %v", k)
	}
	want := int(60 * time.Hour / time.Second)
	if k := long.post("/enter?remember=yes", "").Result().Cookies(); len(k) != 1 || k[0].MaxAge < want-60 || k[0].MaxAge > want {
		t.Errorf("with Remember the cookies are %v", k)
	}
	app.clock.Advance(47 * time.Hour)
	short.want(t, http.StatusUnauthorized, "after IdleTimeout")
	long.want(t, http.StatusOK, "within RememberIdleTimeout")
	app.clock.Advance(14 * time.Hour)
	long.want(t, http.StatusUnauthorized, "after RememberLifetime")
}
