package route_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/internal/route"
)

func TestMain(m *testing.M) {
	gin.SetMode(gin.TestMode)
	m.Run()
}

// middleware notes what the first of them in a chain sees: whether all behind it is open, and
// whether some is scoped.
func middleware(seen *string) gin.HandlerFunc {
	h := route.New(route.Info{Name: "session", For: route.Middleware}, func(c *gin.Context) {
		if behind := route.Behind(c, route.Position(c)); *seen == "" {
			*seen = fmt.Sprintf("open %t, scoped %t", behind.Open(), behind.TakesScopes())
		}
	})
	return h.As(func(c *gin.Context) { h.Serve(c) })
}

func logout() gin.HandlerFunc {
	h := route.New(route.Info{Name: "logout", For: route.Everyone}, func(*gin.Context) {})
	return h.As(func(c *gin.Context) { h.Serve(c) })
}

func scoped() gin.HandlerFunc {
	h := route.New(route.Info{Name: "require", For: route.Middleware, Scopes: [][]string{{"x"}}}, func(*gin.Context) {})
	return h.As(func(c *gin.Context) { h.Serve(c) })
}

func own(*gin.Context) {}

func TestBehindIsWhatStandsBehindTheHandlerThatRuns(t *testing.T) {
	t.Parallel()
	var seen string
	session := middleware(&seen)
	engine := gin.New()
	engine.HandleMethodNotAllowed = true
	engine.Use(own, func(c *gin.Context) { session(c) })
	engine.GET("/logout", logout())
	engine.Group("/group", scoped()).GET("/x", own)
	engine.Group("/group", scoped()).GET("/logout", logout())
	engine.Any("/any", own, logout())
	engine.GET("/wrapped", gin.WrapF(func(http.ResponseWriter, *http.Request) {}))
	inOne := logout()
	engine.GET("/closure", func(c *gin.Context) { inOne(c) })
	engine.GET("/twice", session, logout())
	engine.GET("/twice/own", own, session, logout())
	engine.NoRoute(logout())
	engine.NoMethod(own)
	other := gin.New() // the same middleware and template elsewhere
	other.Use(session)
	other.GET("/logout", own)
	for _, test := range []struct {
		engine             *gin.Engine
		method, path, want string
	}{
		{engine, "GET", "/logout", "open true, scoped true"},
		{other, "GET", "/logout", "open false, scoped false"},
		{engine, "GET", "/logout", "open true, scoped true"},
		{engine, "GET", "/group/x", "open false, scoped true"},
		{engine, "GET", "/group/logout", "open true, scoped true"},
		{engine, "PUT", "/any", "open false, scoped false"},
		{engine, "GET", "/wrapped", "open false, scoped false"},
		{engine, "GET", "/closure", "open false, scoped false"},
		{engine, "GET", "/twice", "open true, scoped true"},
		{engine, "GET", "/twice/own", "open false, scoped false"},
		{engine, "GET", "/nowhere", "open true, scoped true"},
		{engine, "POST", "/logout", "open false, scoped false"},
	} {
		seen = ""
		test.engine.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(test.method, test.path, nil))
		if seen != test.want {
			t.Errorf("%s %s: %s, want %s", test.method, test.path, seen, test.want)
		}
	}
}

func TestAChainIsOpenByAllOfItsHandlers(t *testing.T) {
	t.Parallel()
	session := middleware(new(string))
	me := func() gin.HandlerFunc {
		h := route.New(route.Info{Name: "me", For: route.Users}, func(*gin.Context) {})
		return h.As(func(c *gin.Context) { h.Serve(c) })
	}()
	for _, test := range []struct {
		chain                    gin.HandlersChain
		open, unverified, scoped bool
	}{
		{nil, false, false, false},
		{gin.HandlersChain{logout()}, true, true, true},
		{gin.HandlersChain{logout(), nil, logout()}, true, true, true},
		{gin.HandlersChain{session, logout()}, true, true, true},
		{gin.HandlersChain{scoped(), logout()}, true, true, true},
		{gin.HandlersChain{scoped()}, false, false, true},
		{gin.HandlersChain{own, logout()}, false, false, false},
		{gin.HandlersChain{logout(), own}, false, false, false},
		{gin.HandlersChain{me}, false, true, false},
		{gin.HandlersChain{me, logout()}, false, true, false},
		{gin.HandlersChain{own, me}, false, false, false},
		{gin.HandlersChain{own, scoped(), own}, false, false, true},
		{gin.HandlersChain{own, scoped()}, false, false, false}, // it would come too late
	} {
		r := route.Route{Handlers: append(gin.HandlersChain{session}, test.chain...)}
		if open := r.Behind(0).Open(); open != test.open {
			t.Errorf("%d handlers: open is %v", len(test.chain), open)
		}
		if unverified := r.Behind(0).ForUnverified(); unverified != test.unverified {
			t.Errorf("%d handlers: for unverified users is %v", len(test.chain), unverified)
		}
		if got := r.Behind(0).TakesScopes(); got != test.scoped {
			t.Errorf("%d handlers: scoped is %v", len(test.chain), got)
		}
	}
}

func TestACopiedContextHasNothingBehind(t *testing.T) {
	t.Parallel()
	r := gin.New()
	r.GET("/", func(c *gin.Context) {
		if route.Behind(c.Copy(), -1).Open() {
			t.Error("a copy is open")
		}
	}, logout())
	r.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
}

func TestReadingTheChainAllocatesNothing(t *testing.T) { //nolint:paralleltest // it counts what the process allocates
	r := gin.New()
	session, open := middleware(new(string)), false
	r.GET("/", func(c *gin.Context) {
		if n := testing.AllocsPerRun(100, func() { open = route.Behind(c, route.Position(c)).Open() }); n != 0 {
			t.Errorf("%v allocations", n)
		}
	}, session, logout())
	r.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
	if !open {
		t.Error("the chain is not open")
	}
}
