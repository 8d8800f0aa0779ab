package apikey_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/apikey"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/ginauthtest"
	"github.com/ginauth/ginauth/ginauth/internal/built"
	"github.com/ginauth/ginauth/store"
	"github.com/ginauth/ginauth/store/storetest"
)

type (
	user       = store.User
	options    = ginauth.Options[user]
	keyOptions = apikey.Options[user]
)

const (
	ada    = `{"name":"Ada Lovelace","email":"ada@example.com","password":"correct horse battery staple"}`
	grace  = `{"name":"Grace Hopper","email":"grace@example.com","password":"nanoseconds are short wires"}`
	cookie = "__Host-session"
)

func TestMain(m *testing.M) {
	gin.SetMode(gin.TestMode)
	m.Run()
}

// authenticate is the one place where the tests mount a backend: it answers 401 and 503 as the
// chain of backends does, and shows the principal to the handlers.
func authenticate(b ginauth.Backend[user]) gin.HandlerFunc {
	return func(c *gin.Context) {
		p, err := b.Authenticate(c)
		if err != nil {
			if errors.Is(err, ginauth.ErrNoCredentials) {
				err = ginauth.ErrUnauthenticated
			}
			ginauth.Fail(c, err)
			return
		}
		c.Set("principal", p)
	}
}

func principal(c *gin.Context) ginauth.Principal[user] {
	p, _ := c.MustGet("principal").(ginauth.Principal[user])
	return p
}

// app is a router as an app would write it, on a database of its own: keys are managed below
// /api-keys by session, and used below /api.
type app struct {
	*gin.Engine
	pool       *pgxpool.Pool
	db         *store.DB[user]
	options    options
	keyOptions keyOptions
	cfg        *ginauth.Config[user]
	keys       *apikey.Keys[user]
	clock      *ginauthtest.Clock
	log        *ginauthtest.Log
}

func newApp(tb testing.TB, configure ...func(*keyOptions)) *app {
	tb.Helper()
	return newAppOn(tb, storetest.NewDB(tb), configure...)
}

func newAppOn(tb testing.TB, pool *pgxpool.Pool, configure ...func(*keyOptions)) *app {
	tb.Helper()
	a := &app{Engine: gin.New(), pool: pool, clock: ginauthtest.NewClock(time.Now()), log: &ginauthtest.Log{}}
	a.db = store.New[user](pool, store.WithNow(a.clock.Now), store.WithTimeout(time.Minute))
	a.options = options{
		Users: a.db, Exclude: []string{"/signup", "/login", "/api/*any"}, Passwords: ginauthtest.CheapHasher(tb),
		Logger: a.log.Logger(),
	}
	a.keyOptions = keyOptions{Store: store.New[user](pool, store.WithNow(a.clock.Now), store.WithTimeout(20*time.Second))}
	for _, c := range configure {
		c(&a.keyOptions)
	}
	a.cfg = built.Config(a.options)
	a.keys = newKeys(tb, a.cfg, a.keyOptions)
	a.Use(ginauth.Session(a.cfg))
	a.POST("/signup", ginauth.SignUp(a.cfg))
	a.POST("/login", ginauth.Login(a.cfg))
	a.POST("/api-keys", apikey.Create(a.keys))
	a.GET("/api-keys", apikey.List(a.keys))
	a.Any("/api-keys/:id", apikey.Revoke(a.keys))
	api := a.Group("/api", authenticate(apikey.Backend(a.keys)))
	api.Any("/whoami", func(c *gin.Context) { c.String(http.StatusOK, string(principal(c).User.ID)) })
	api.GET("/principal", func(c *gin.Context) { c.JSON(http.StatusOK, principal(c)) })
	api.POST("/api-keys", apikey.Create(a.keys))
	api.DELETE("/api-keys/:id", apikey.Revoke(a.keys))
	return a
}

func newKeys(tb testing.TB, cfg *ginauth.Config[user], o keyOptions) *apikey.Keys[user] {
	tb.Helper()
	keys, err := apikey.New(cfg, o)
	if err != nil {
		tb.Fatal(err)
	}
	return keys
}

func (a *app) count(tb testing.TB, sql string, args ...any) (n int) {
	tb.Helper()
	if err := a.pool.QueryRow(context.Background(), sql, args...).Scan(&n); err != nil {
		tb.Fatal(err)
	}
	return n
}

func (a *app) exec(tb testing.TB, sql string) {
	tb.Helper()
	if _, err := a.pool.Exec(context.Background(), sql); err != nil {
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

func (a *app) login(tb testing.TB, body string) *client {
	tb.Helper()
	c := &client{handler: a}
	if w := c.post("/login", body); w.Code != http.StatusOK {
		tb.Fatalf("login: %d %s", w.Code, w.Body)
	}
	return c
}

// use sends a request with the key as a Bearer token.
func (a *app) use(key string) *httptest.ResponseRecorder {
	return a.with(http.Header{"Authorization": {"Bearer " + key}})
}

func (a *app) with(h http.Header) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "/api/whoami", nil)
	r.Header = h
	return send(a, r)
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

func (c *client) send(method, path string) *httptest.ResponseRecorder {
	return c.do(httptest.NewRequest(method, path, nil))
}

func (c *client) post(path, body string) *httptest.ResponseRecorder {
	return c.do(jsonRequest(path, body))
}

// made is the answer of Create.
type made struct {
	driver.APIKey
	Key string `json:"key"`
}

func (c *client) create(tb testing.TB, body string) (m made) {
	tb.Helper()
	w := c.post("/api-keys", body)
	if err := json.Unmarshal(w.Body.Bytes(), &m); err != nil || w.Code != http.StatusCreated {
		tb.Fatalf("creating a key: %d %s", w.Code, w.Body)
	}
	return m
}

func (c *client) list(tb testing.TB) (list []driver.APIKey) {
	tb.Helper()
	w := c.send(http.MethodGet, "/api-keys")
	if err := json.Unmarshal(w.Body.Bytes(), &list); err != nil || w.Code != http.StatusOK {
		tb.Fatalf("listing keys: %d %s", w.Code, w.Body)
	}
	return list
}
