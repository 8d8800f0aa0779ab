package ginauth_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/account"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/ginauthtest"
	"github.com/ginauth/ginauth/store"
	"github.com/ginauth/ginauth/store/memory"
	"github.com/ginauth/ginauth/store/storetest"
)

// office is an app whose operators can make a user choose a new password.
func office[U any](k ginauthtest.Kit[U]) *gin.Engine {
	k.Options.Exclude = []string{"/open"}
	k.Options.Pages = ginauth.Pages{Login: "/login", AfterLogin: "/", ChangePassword: "/password"}
	cfg := k.New(k.Options)
	r := gin.New()
	r.Use(ginauth.Session(cfg))
	r.POST("/login", ginauth.Login(cfg))
	r.POST("/logout", ginauth.Logout(cfg))
	r.GET("/user", ginauth.Me(cfg))
	r.GET("/sessions", account.Sessions(cfg))
	r.POST("/reauthenticate", account.Reauthenticate(cfg))
	r.DELETE("/user", account.DeleteAccount(cfg))
	r.POST("/password", account.ChangePassword(cfg))
	r.GET("/password", func(c *gin.Context) { c.String(http.StatusOK, "the form") })
	r.GET("/open", func(c *gin.Context) { c.String(http.StatusOK, "for all") })
	r.GET("/open/with", ginauth.With(func(c *gin.Context, _ U) { c.String(http.StatusOK, "mine") }))
	return r
}

func testMustChange[U any](t *testing.T, app *ginauthtest.App[U], ada U, require func(id driver.UserID) error, id func(U) driver.UserID) {
	t.Helper()
	ada = app.Create(ada)
	before := app.As(ada)
	if err := require(id(ada)); err != nil {
		t.Fatal(err)
	}
	if err := require("0190a8e0-0000-7000-8000-000000000000"); err == nil {
		t.Error("nobody was made to change the password")
	}
	in := gin.H{"email": "ada@example.com", "password": ginauthtest.Password}
	client := app.Anonymous()
	client.POST("/login", in).Status(http.StatusOK)
	for _, c := range []*ginauthtest.Client[U]{before, client} { // the sessions of before, too
		for _, path := range []string{"/user", "/sessions", "/open/with"} {
			c.GET(path).Status(http.StatusForbidden).Problem("password_change_required")
		}
		c.DELETE("/user").Problem("password_change_required")
		c.POST("/reauthenticate", gin.H{"password": ginauthtest.Password}).Problem("password_change_required")
		c.GET("/open").Status(http.StatusOK)
		c.GET("/password").Status(http.StatusOK)
		if form := c.Page("/user").Status(http.StatusOK); form.Path != "/password" { // it follows the redirect
			t.Errorf("a browser is sent to %q", form.Path)
		}
	}
	client.POST("/password", gin.H{"current_password": "not the password", "new_password": "nanoseconds are short wires"}).Status(http.StatusUnauthorized)
	client.GET("/user").Problem("password_change_required")
	client.POST("/password", gin.H{"current_password": ginauthtest.Password, "new_password": "nanoseconds are short wires"}).Status(http.StatusNoContent)
	client.GET("/user").Status(http.StatusOK)
	before.GET("/user").Status(http.StatusUnauthorized)
	before.POST("/logout", nil).Status(http.StatusNoContent)
	if n := len(app.Log.Events(driver.AccessDenied)); n == 0 {
		t.Error("the log does not tell of it")
	}
}

func TestWhoMustChangeThePasswordDoesNothingElse(t *testing.T) {
	t.Parallel()
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		pool := storetest.NewDB(t)
		var db *store.DB[user]
		app := ginauthtest.New(t, office[user], ginauthtest.Users(func(now func() time.Time) driver.Users[user] {
			db = store.New[user](pool, store.WithNow(now))
			return db
		}))
		testMustChange(t, app, user{Email: "ada@example.com"}, func(id driver.UserID) error { return db.RequirePasswordChange(t.Context(), id) }, func(u user) driver.UserID { return u.ID })
	})
	t.Run("memory", func(t *testing.T) {
		t.Parallel()
		var db *memory.Store[memory.User]
		app := ginauthtest.New(t, office[memory.User], ginauthtest.Users(func(now func() time.Time) driver.Users[memory.User] {
			db = memory.New(memory.Options[memory.User]{Now: now})
			return db
		}))
		testMustChange(t, app, memory.User{Email: "ada@example.com"}, func(id driver.UserID) error { return db.RequirePasswordChange(t.Context(), id) }, func(u memory.User) driver.UserID { return u.ID })
	})
}

// The page is open by its very path alone: a handler below it may do anything.
func TestThePageForANewPasswordOpensNothingElse(t *testing.T) {
	t.Parallel()
	app := newApp(t, with(func(cfg *config) { cfg.Pages.ChangePassword = "/password" }), routes(func(r *gin.Engine, _ config) {
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodHead} {
			r.Handle(method, "/password", func(c *gin.Context) { c.String(http.StatusOK, "secret") })
			r.Handle(method, "/password/:more", func(c *gin.Context) { c.String(http.StatusOK, "secret") })
		}
	}))
	c := app.signUp(t, ada)
	u, err := app.db.FindUserByEmail(t.Context(), "ada@example.com")
	if err == nil {
		err = app.db.RequirePasswordChange(t.Context(), u.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]int{"/password": 200, "/password?x=1": 200, "/password/": 403, "/password/more": 403, "/Password": 403, "//password": 403} {
		r := httptest.NewRequest(http.MethodGet, "http://example.com/", nil)
		r.URL.Path, r.URL.RawQuery, _ = strings.Cut(path, "?")
		if w := c.do(r); w.Code != want && (want == 200 || w.Code == 200) {
			t.Errorf("GET %s: %d %s", path, w.Code, w.Body)
		}
	}
	if w := c.post("/password", "{}"); w.Code != http.StatusForbidden {
		t.Errorf("POST: %d %s", w.Code, w.Body)
	}
}
