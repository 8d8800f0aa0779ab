package jwt_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/ginauthtest"
	"github.com/ginauth/ginauth/ginauth/internal/built"
	"github.com/ginauth/ginauth/ginauth/jwt"
	"github.com/ginauth/ginauth/store"
	"github.com/ginauth/ginauth/store/storetest"
)

const secretOfAda = "correct horse battery staple"

// site is an app with every handler of the package, on a database of its own.
type site struct {
	*gin.Engine
	pool       *pgxpool.Pool
	db         *store.DB[user]
	clock      *ginauthtest.Clock
	log        *ginauthtest.Log
	statements *atomic.Int64
	ada        user
	flow       plan
	options    jwt.BackendOptions[user]
}

// plan is what a jwt.Flow is made of, for tests that change it.
type plan struct {
	app ginauth.Options[user]
	jwt.Options[user]
}

func (f plan) built() *jwt.Flow[user] { return built.Tokens(f.app, f.Options) }

type siteOption func(*site)

func newSite(tb testing.TB, edit ...siteOption) *site {
	tb.Helper()
	s := &site{Engine: gin.New(), clock: newClock(), log: &ginauthtest.Log{}, statements: &atomic.Int64{}}
	s.pool = storetest.NewDB(tb, storetest.WithConfig(func(cfg *pgxpool.Config) { cfg.ConnConfig.Tracer = counter{s.statements} }))
	s.db = store.New[user](s.pool, store.WithNow(s.clock.Now), store.WithTimeout(time.Minute)) // the machine may be busy
	cheap := ginauthtest.CheapHasher(tb)
	hash, err := cheap.Hash(tb.Context(), secretOfAda)
	if err != nil {
		tb.Fatal(err)
	}
	s.ada, err = s.db.CreateUser(tb.Context(), driver.NewUser{Name: "Ada", Email: "ada@example.com", Canonical: "ada@example.com", Hash: hash}, nil)
	if err != nil {
		tb.Fatal(err)
	}
	keys := ring(tb, newPair(tb, "2030-03", jwt.EdDSA).Key)
	s.flow.app = ginauth.Options[user]{Users: s.db, Passwords: cheap, Limits: ginauth.Limits{InsecureUnlimited: true}}
	s.flow.Issuer = jwt.NewIssuer(jwt.IssuerOptions{Keys: keys, Issuer: issuer, Audiences: []string{audience}, Now: s.clock.Now})
	s.options = jwt.BackendOptions[user]{
		Accept: jwt.Accept{Issuers: []jwt.Trust{{Issuer: issuer, Keys: keys}}, Audiences: []string{audience}, Now: s.clock.Now},
		Users:  s.db,
	}
	for _, e := range edit {
		e(s)
	}
	s.routes()
	return s
}

func (s *site) routes() {
	f := s.flow.built()
	s.Use(gin.CustomRecoveryWithWriter(io.Discard, func(c *gin.Context, _ any) { c.AbortWithStatus(http.StatusInternalServerError) }))
	s.POST("/login", jwt.Login(f, jwt.InBody))
	s.POST("/login/header", jwt.Login(f, jwt.InHeader))
	s.POST("/login/cookie", jwt.Login(f, jwt.InCookie))
	s.Any("/token", jwt.Token(f))
	s.POST("/revoke", jwt.Revoke(f))
	s.POST("/logout", jwt.Logout(f))
	if !s.flow.NoRefresh {
		s.POST("/refresh", jwt.Refresh(f))
	}
	s.GET("/me", authenticate(ginauth.Options[user]{}, jwt.Bearer(config(), s.options), jwt.Cookie(config(), s.options, s.flow.Cookie)), ginauth.Require(ginauth.AnyScope()), me)
}

func stateless(s *site) { s.options.Stateless = true }

// counter counts the statements that reach the database.
type counter struct{ n *atomic.Int64 }

func (k counter) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	k.n.Add(1)
	return ctx
}

func (counter) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// TraceBatchQuery counts the statements of a batch.
func (k counter) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) { k.n.Add(1) }

func (counter) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return ctx
}
func (counter) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

func (s *site) exec(tb testing.TB, sql string, args ...any) {
	tb.Helper()
	if _, err := s.pool.Exec(context.Background(), sql, args...); err != nil {
		tb.Fatal(err)
	}
}

func (s *site) send(r *http.Request) *httptest.ResponseRecorder {
	return send(s, r)
}

func (s *site) form(path string, fields ...string) *httptest.ResponseRecorder {
	values := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		values.Add(fields[i], fields[i+1])
	}
	return s.send(formRequest(path, values.Encode()))
}

func answerIn(tb testing.TB, w *httptest.ResponseRecorder) (a jwt.Answer) {
	tb.Helper()
	if w.Code != http.StatusOK {
		tb.Fatalf("%d %s", w.Code, w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil {
		tb.Fatal(err)
	}
	return a
}

func (s *site) logIn(tb testing.TB) jwt.Answer {
	tb.Helper()
	return answerIn(tb, s.form("/token", "grant_type", "password", "username", "ada@example.com", "password", secretOfAda))
}

func (s *site) refresh(token string) *httptest.ResponseRecorder {
	return s.form("/refresh", "refresh_token", token)
}

func (s *site) me(token string) int {
	r := httptest.NewRequest(http.MethodGet, "/me", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	return s.send(r).Code
}

// logged makes the process's logger write to the site's log while do runs.
func (s *site) logged(do func()) string {
	before := slog.Default()
	slog.SetDefault(s.log.Logger())
	defer slog.SetDefault(before)
	do()
	return s.log.String()
}
