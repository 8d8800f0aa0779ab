package ginauth_test

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/internal/built"
)

// SEC-181: a handler of the library's opens a route to nobody but itself.
func TestARouteIsOpenOnlyWhereAllHandlersAreTheLibrarys(t *testing.T) {
	t.Parallel()
	var ran atomic.Int64
	own := func(c *gin.Context) { ran.Add(1); c.Next() }
	var wrapped gin.HandlerFunc
	app := newApp(t, routes(func(r *gin.Engine, cfg config) {
		logout := ginauth.Logout(built.Config(cfg))
		wrapped = func(c *gin.Context) { ran.Add(1); logout(c) }
		r.POST("/before", own, logout)
		r.POST("/after", logout, own)
		r.POST("/between", logout, own, logout)
		r.POST("/with", ginauth.With(func(*gin.Context, user) { ran.Add(1) }), logout)
		r.POST("/wrapped", wrapped)
		r.POST("/http", gin.WrapF(func(http.ResponseWriter, *http.Request) { ran.Add(1) }), logout)
		r.Group("/group", own).POST("/logout", logout)
		r.POST("/guarded", ginauth.Require(), logout)
		r.POST("/ours", logout, ginauth.Logout(built.Config(cfg)))
		r.NoRoute(own, logout)
	}))
	for _, path := range []string{"/before", "/after", "/between", "/with", "/wrapped", "/http", "/group/logout", "/guarded", "/nowhere"} {
		if w := app.send(httptest.NewRequest(http.MethodPost, path, nil)); w.Code != http.StatusUnauthorized {
			t.Errorf("%s for nobody: %d %s", path, w.Code, w.Body)
		}
	}
	if n := ran.Load(); n != 0 {
		t.Errorf("handlers of the app ran %d times for nobody", n)
	}
	for _, path := range []string{"/logout", "/ours"} {
		if w := app.send(httptest.NewRequest(http.MethodPost, path, nil)); w.Code != http.StatusNoContent {
			t.Errorf("%s for nobody: %d %s", path, w.Code, w.Body)
		}
	}
}

// SEC-181: middleware of the app in front of Session, and a Session in a function of the app's, change nothing.
func TestARouteIsOpenWhateverStandsBeforeSession(t *testing.T) {
	t.Parallel()
	cfg := newApp(t).cfg
	cfg.Exclude = nil
	session := ginauth.Session(built.Config(cfg))
	own := func(c *gin.Context) { c.Next() }
	ran := 0
	r := gin.New()
	r.Use(own, func(c *gin.Context) { session(c) })
	r.POST("/logout", ginauth.Logout(built.Config(cfg)))
	r.POST("/own", func(*gin.Context) { ran++ }, ginauth.Logout(built.Config(cfg)))
	r.POST("/inner", func(*gin.Context) { ran++ }, session, ginauth.Logout(built.Config(cfg)))
	other := gin.New()
	other.Use(session)
	other.POST("/logout", func(*gin.Context) { ran++ }, ginauth.Logout(built.Config(cfg)))
	for range 2 {
		for _, test := range []struct {
			engine *gin.Engine
			path   string
			status int
		}{{r, "/logout", 204}, {other, "/logout", 401}, {r, "/own", 401}, {r, "/inner", 401}} {
			if w := ask(test.engine, http.MethodPost, test.path); w.Code != test.status {
				t.Errorf("%s: %d, want %d", test.path, w.Code, test.status)
			}
		}
	}
	if ran != 0 {
		t.Errorf("handlers of the app ran %d times for nobody", ran)
	}
}

// SEC-181: what is open to users who are not verified is open with handlers of the library's alone.
func TestTheLastHandlerOpensNothingToTheUnverified(t *testing.T) {
	t.Parallel()
	var ran atomic.Int64
	own := func(c *gin.Context) { ran.Add(1); c.Next() }
	app := newApp(t, with(func(cfg *config) { cfg.Unverified = ginauth.UnverifiedRefused }), routes(func(r *gin.Engine, cfg config) {
		me := ginauth.Me(built.Config(cfg))
		r.GET("/with", ginauth.With(func(*gin.Context, user) { ran.Add(1) }), me)
		r.GET("/before", own, me)
		r.GET("/after", me, own)
		r.GET("/wrapped", func(c *gin.Context) { ran.Add(1); me(c) })
		r.GET("/guarded/own", ginauth.Require(), own, me)
		r.GET("/guarded", ginauth.Require(), me)
		r.GET("/fresh", ginauth.Require(ginauth.Fresh(1<<40)), me)
	}))
	c := app.signUp(t, ada)
	for _, path := range []string{"/with", "/before", "/after", "/wrapped", "/guarded/own"} {
		if w := c.get(path); w.Code != http.StatusForbidden || problemIn(t, w).Code != "not_verified" {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	if n := ran.Load(); n != 0 {
		t.Errorf("handlers of the app ran %d times", n)
	}
	for _, path := range []string{"/user", "/guarded", "/fresh"} {
		if w := c.get(path); w.Code != http.StatusOK {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}
