package ginauth_test

import (
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/account"
	"github.com/ginauth/ginauth/ginauth/internal/built"
)

func TestCheckRoutesFindsWhatSessionDoesNotCover(t *testing.T) {
	t.Parallel()
	app := newApp(t, before(func(r *gin.Engine) {
		r.GET("/early", func(*gin.Context) {})
		r.GET("/health", func(*gin.Context) {})
	}), with(func(cfg *config) { cfg.Exclude = []string{"/", "POST /login", "/typo", "/static/*any"} }), routes(func(r *gin.Engine, cfg config) {
		other := cfg
		other.Cookie.Name = "other"
		r.POST("/logout2", ginauth.Logout(built.Config(other)))
		r.POST("/restore", account.RestoreAccount(built.Config(cfg)))
		r.GET("/deep/:a/b", func(*gin.Context) {})
		r.GET("/static/app.css", func(*gin.Context) {})
		r.Group("/static", ginauth.Require()).POST("/login", ginauth.Login(built.Config(cfg)))
	}))
	err := ginauth.CheckRoutes(app.Engine, "/health")
	if err == nil {
		t.Fatal("nothing was found")
	}
	want := []string{
		`GET /early is not covered by Session: call router.Use(ginauth.Session(cfg)) before registering it`,
		`POST /logout2 uses the cookie __Host-other, but its Session __Host-session: give both the same Config`,
		`POST /static/login is behind a guard, which only lets in who is logged in: register it before the guard, or outside the guard's group`,
		`the Exclude rule "/typo" matches no route: correct or remove it`,
	}
	if got := err.Error(); got != strings.Join(want, "\n") {
		t.Errorf("CheckRoutes found:\n%s", got)
	}
}

func TestCheckRoutesPassesAGoodRouter(t *testing.T) {
	t.Parallel()
	app := newApp(t, routes(func(r *gin.Engine, _ config) {
		r.GET("/a/*rest", func(*gin.Context) {})
		r.Group("/g").GET("/:id", func(*gin.Context) {})
	}))
	if err := ginauth.CheckRoutes(app.Engine); err != nil {
		t.Error(err)
	}
	if err := ginauth.CheckRoutes(app.Engine, "nonsense"); err == nil {
		t.Error("a malformed rule was accepted")
	}
}
