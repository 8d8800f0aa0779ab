package ginauth_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/ginauthtest"
	"github.com/ginauth/ginauth/ginauth/internal/built"
	"github.com/ginauth/ginauth/store"
	"github.com/ginauth/ginauth/store/storetest"
)

type (
	user   = store.User
	config = ginauth.Options[user]
	ctx    = context.Context
)

const (
	ada    = `{"name":"Ada Lovelace","email":"ada@example.com","password":"correct horse battery staple"}`
	adaIn  = `{"email":"ada@example.com","password":"correct horse battery staple"}`
	grace  = `{"name":"Grace Hopper","email":"grace@example.com","password":"nanoseconds are short wires"}`
	cookie = "__Host-session"
	device = "__Host-device"
)

// browserCookie is the whole of what sets one (SEC-53).
var browserCookie = regexp.MustCompile(`^__Host-device=[\w-]{43}; Path=/; Max-Age=31536000; HttpOnly; Secure; SameSite=Lax$`)

func TestMain(m *testing.M) {
	gin.SetMode(gin.TestMode)
	m.Run()
	stopSharedServers()
}

// app is a router as an app would write it, on a database of its own.
type app struct {
	*gin.Engine
	pool  *pgxpool.Pool
	db    *store.DB[user]
	cfg   config
	clock *ginauthtest.Clock
	log   *ginauthtest.Log
}

type appOption struct {
	configure func(*config)
	first     func(*gin.Engine)
	routes    func(*gin.Engine, config)
}

// with changes the configuration before Session is built.
func with(configure func(*config)) appOption { return appOption{configure: configure} }

// before registers middleware and routes before Session.
func before(first func(*gin.Engine)) appOption { return appOption{first: first} }

// routes registers further routes.
func routes(routes func(*gin.Engine, config)) appOption { return appOption{routes: routes} }

func newApp(tb testing.TB, options ...appOption) *app {
	tb.Helper()
	return newAppOn(tb, storetest.NewDB(tb), options...)
}

func newAppOn(tb testing.TB, pool *pgxpool.Pool, options ...appOption) *app {
	tb.Helper()
	a := &app{Engine: gin.New(), pool: pool, clock: ginauthtest.NewClock(time.Now()), log: &ginauthtest.Log{}}
	a.db = store.New[user](pool, store.WithNow(a.clock.Now), store.WithTimeout(time.Minute)) // the machine may be busy
	a.cfg = config{
		Users: a.db, Exclude: []string{"/", "/login", "/signup"}, Passwords: ginauthtest.CheapHasher(tb), Limits: generous,
		Logger: a.log.Logger(),
	}
	a.Use(gin.CustomRecoveryWithWriter(io.Discard, func(c *gin.Context, _ any) { c.AbortWithStatus(http.StatusInternalServerError) }))
	for _, o := range options {
		if o.configure != nil {
			o.configure(&a.cfg)
		}
		if o.first != nil {
			o.first(a.Engine)
		}
	}
	a.Use(ginauth.Session(built.Config(a.cfg)))
	a.GET("/", func(c *gin.Context) { c.String(http.StatusOK, "home") })
	if a.cfg.Users != nil {
		a.POST("/signup", ginauth.SignUp(built.Config(a.cfg)))
		a.POST("/login", ginauth.Login(built.Config(a.cfg)))
	}
	a.POST("/logout", ginauth.Logout(built.Config(a.cfg)))
	a.GET("/user", ginauth.Me(built.Config(a.cfg)))
	for _, o := range options {
		if o.routes != nil {
			o.routes(a.Engine, a.cfg)
		}
	}
	return a
}

// generous is for tests that log in more often than people do.
var generous = ginauth.Limits{
	FreeFailures: 100, LoginPerAddress: []ginauth.Rate{{Attempts: 1_000_000, Per: time.Hour}},
	SignUp: ginauth.Limit{
		PerAddress: []ginauth.Rate{{Attempts: 1_000_000, Per: time.Hour}}, PerIdentifier: []ginauth.Rate{{Attempts: 1_000_000, Per: time.Hour}},
	},
}

// unlimited is for tests that fail on purpose more often than anybody may.
var unlimited = with(func(cfg *config) { cfg.Limits = ginauth.Limits{InsecureUnlimited: true} })

func (a *app) send(r *http.Request) *httptest.ResponseRecorder {
	return send(a, r)
}

func (a *app) count(tb testing.TB, sql string, args ...any) (n int) {
	tb.Helper()
	if err := a.pool.QueryRow(context.Background(), sql, args...).Scan(&n); err != nil {
		tb.Fatal(err)
	}
	return n
}

func (a *app) exec(tb testing.TB, sql string, args ...any) {
	tb.Helper()
	if _, err := a.pool.Exec(context.Background(), sql, args...); err != nil {
		tb.Fatal(err)
	}
}

// signUp returns a client that has signed up.
func (a *app) signUp(tb testing.TB, body string) *client {
	tb.Helper()
	c := &client{handler: a}
	if w := c.post("/signup", body); w.Code != http.StatusCreated {
		tb.Fatalf("sign-up: %d %s", w.Code, w.Body)
	}
	return c
}

// client keeps its session cookie as a browser would.
type client struct {
	handler http.Handler
	value   string
}

func (c *client) do(r *http.Request) *httptest.ResponseRecorder {
	if c.value != "" {
		r.AddCookie(&http.Cookie{Name: cookie, Value: c.value})
	}
	w := send(c.handler, r)
	for _, k := range w.Result().Cookies() {
		if k.Name == cookie && k.Value != c.value { // many may read it at the same time
			c.value = k.Value
		}
	}
	return w
}

func (c *client) get(path string) *httptest.ResponseRecorder {
	return c.do(httptest.NewRequest(http.MethodGet, path, nil))
}

func (c *client) post(path, body string) *httptest.ResponseRecorder {
	return c.do(jsonRequest(path, body))
}

// quiet is for what need not be read.
var quiet = slog.New(slog.DiscardHandler)
