package apikey_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/apikey"
	"github.com/ginauth/ginauth/ginauth/password"
	"github.com/ginauth/ginauth/store"
	"github.com/ginauth/ginauth/store/storetest"
)

type (
	user   = store.User
	config = ginauth.Config[user]
	keys   = apikey.Keys[user]
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
	pool  *pgxpool.Pool
	db    *store.DB[user]
	cfg   config
	keys  keys
	clock *clock
	log   *syncBuffer
}

func newApp(tb testing.TB, configure ...func(*keys)) *app {
	tb.Helper()
	return newAppOn(tb, storetest.NewDB(tb), configure...)
}

func newAppOn(tb testing.TB, pool *pgxpool.Pool, configure ...func(*keys)) *app {
	tb.Helper()
	a := &app{Engine: gin.New(), pool: pool, clock: &clock{at: time.Now()}, log: &syncBuffer{}}
	a.db = store.New[user](pool, store.WithNow(a.clock.now))
	a.cfg = config{
		Users: a.db, Exclude: []string{"/signup", "/login", "/api/*any"}, Passwords: cheap(tb),
		Logger: slog.New(slog.NewJSONHandler(a.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	a.keys = keys{Store: store.New[user](pool, store.WithNow(a.clock.now), store.WithTimeout(20*time.Second))}
	for _, c := range configure {
		c(&a.keys)
	}
	a.Use(ginauth.Session(a.cfg))
	a.POST("/signup", ginauth.SignUp(a.cfg))
	a.POST("/login", ginauth.Login(a.cfg))
	a.POST("/api-keys", apikey.Create(a.cfg, a.keys))
	a.GET("/api-keys", apikey.List(a.cfg, a.keys))
	a.Any("/api-keys/:id", apikey.Revoke(a.cfg, a.keys))
	api := a.Group("/api", authenticate(apikey.Backend(a.cfg, a.keys)))
	api.Any("/whoami", func(c *gin.Context) { c.String(http.StatusOK, string(principal(c).User.ID)) })
	api.GET("/principal", func(c *gin.Context) { c.JSON(http.StatusOK, principal(c)) })
	api.POST("/api-keys", apikey.Create(a.cfg, a.keys))
	api.DELETE("/api-keys/:id", apikey.Revoke(a.cfg, a.keys))
	return a
}

// cheap hashes with so little work that tests are quick.
func cheap(tb testing.TB) *password.Hasher {
	tb.Helper()
	h, err := password.New(password.Options{InsecureCheap: true, Slots: 4, Queue: 256})
	if err != nil {
		tb.Fatal(err)
	}
	return h
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
	w := httptest.NewRecorder()
	a.ServeHTTP(w, r)
	return w
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
	w := httptest.NewRecorder()
	c.handler.ServeHTTP(w, r)
	for _, k := range w.Result().Cookies() {
		if k.Name == cookie {
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

func jsonRequest(path, body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	return r
}

// made is the answer of Create.
type made struct {
	apikey.Record
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

func (c *client) list(tb testing.TB) (list []apikey.Record) {
	tb.Helper()
	w := c.send(http.MethodGet, "/api-keys")
	if err := json.Unmarshal(w.Body.Bytes(), &list); err != nil || w.Code != http.StatusOK {
		tb.Fatalf("listing keys: %d %s", w.Code, w.Body)
	}
	return list
}

func problemIn(tb testing.TB, w *httptest.ResponseRecorder) (p ginauth.Problem) {
	tb.Helper()
	if got := w.Header().Get("Content-Type"); got != "application/problem+json" {
		tb.Fatalf("%d with content type %q: %s", w.Code, got, w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		tb.Fatalf("%v in %s", err, w.Body)
	}
	if p.Status != w.Code || p.Title != http.StatusText(w.Code) || !strings.HasSuffix(p.Type, "#"+p.Code) || p.Detail == "" {
		tb.Fatalf("status %d with %+v", w.Code, p)
	}
	return p
}

func wantProblem(tb testing.TB, what string, w *httptest.ResponseRecorder, status int, code string) {
	tb.Helper()
	if p := problemIn(tb, w); w.Code != status || p.Code != code {
		tb.Errorf("%s: %d %s, want %d %s", what, w.Code, w.Body, status, code)
	}
}

// clock is the store's clock.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// events returns the logged lines of one event.
func (s *syncBuffer) events(tb testing.TB, name string) (found []map[string]any) {
	tb.Helper()
	for line := range strings.Lines(s.String()) {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			tb.Fatalf("log line %q: %v", line, err)
		}
		if fields["event"] == name {
			found = append(found, fields)
		}
	}
	return found
}
