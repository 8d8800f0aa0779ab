package jwt_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/flow"
	"github.com/ginauth/ginauth/ginauth/ginauthtest"
	"github.com/ginauth/ginauth/ginauth/internal/built"
	"github.com/ginauth/ginauth/ginauth/jwt"
	"github.com/ginauth/ginauth/store"
)

const (
	issuer   = "https://api.example.com"
	audience = "https://api.example.com/v1"
	adaID    = "0190f8a2-0000-7000-8000-000000000001"
)

type user = store.User

func TestMain(m *testing.M) {
	gin.SetMode(gin.TestMode)
	m.Run()
}

// authenticate is the one place where the tests' requests meet the backends.
func authenticate(o ginauth.Options[user], backends ...ginauth.Backend[user]) gin.HandlerFunc {
	o.NoSessions = true
	o.Limits.InsecureUnlimited = true // tests try more tokens than anybody may
	return ginauth.Authenticate(built.Config(o), backends...)
}

// quiet logs nothing.
func quiet() ginauth.Options[user] {
	return ginauth.Options[user]{Logger: slog.New(slog.DiscardHandler)}
}

// config is that of an API without sessions and without accounts, for backends.
func config() *ginauth.Config[user] { return built.Config(ginauth.Options[user]{NoSessions: true}) }

// me answers with the current user.
func me(c *gin.Context) {
	u, err := ginauth.CurrentUser[user](c)
	if err != nil {
		ginauth.Fail(c, err)
		return
	}
	flow.Reply(c, http.StatusOK, u)
}

// directory is a source of users in memory, without sessions.
type directory map[driver.UserID]user

func (d directory) FindUser(_ context.Context, id driver.UserID) (user, error) {
	u, ok := d[id]
	if !ok {
		return user{}, driver.ErrNoUser
	}
	return u, nil
}

func ada() user { return user{ID: adaID, Email: "ada@example.com", Name: "Ada"} }

// bench is a live server with one protected route, and the means to sign whatever tokens.
type bench struct {
	*httptest.Server
	engine  *gin.Engine
	ring    *jwt.Ring
	key     pair
	clock   *ginauthtest.Clock
	options jwt.BackendOptions[user]
}

func newClock() *ginauthtest.Clock {
	return ginauthtest.NewClock(time.Date(2030, time.March, 4, 5, 6, 7, 0, time.UTC))
}

func newBench(tb testing.TB, edit ...func(*jwt.BackendOptions[user])) *bench {
	tb.Helper()
	b := &bench{key: newPair(tb, "2030-03", jwt.EdDSA), clock: newClock()}
	b.ring = ring(tb, b.key.Key)
	b.options = jwt.BackendOptions[user]{
		Accept: jwt.Accept{
			Issuers: []jwt.Trust{{Issuer: issuer, Keys: b.ring}}, Audiences: []string{audience}, Now: b.clock.Now,
		},
		Users: directory{adaID: ada()}, Stateless: true,
	}
	for _, e := range edit {
		e(&b.options)
	}
	b.serve(tb, jwt.Bearer(config(), b.options))
	return b
}

func (b *bench) serve(tb testing.TB, backends ...ginauth.Backend[user]) {
	tb.Helper()
	b.engine = gin.New()
	b.engine.Use(gin.CustomRecoveryWithWriter(io.Discard, func(c *gin.Context, _ any) { c.AbortWithStatus(http.StatusInternalServerError) }))
	b.engine.GET("/me", authenticate(quiet(), backends...), ginauth.Require(ginauth.AnyScope()), me)
	b.Server = httptest.NewServer(b.engine)
	tb.Cleanup(b.Close)
}

func ring(tb testing.TB, signing jwt.Key, more ...jwt.Key) *jwt.Ring {
	tb.Helper()
	r, err := jwt.NewRing(signing, more...)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

// get sends a token in the header, over the network.
func (b *bench) get(tb testing.TB, authorization string) (status int, body string) {
	tb.Helper()
	r, err := http.NewRequestWithContext(tb.Context(), http.MethodGet, b.URL+"/me", nil)
	if err != nil {
		tb.Fatal(err)
	}
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	answer, err := b.Client().Do(r)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		tb.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

// direct hands a request to the handler as it is, with headers that no client would send.
func (b *bench) direct(h http.Header) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "/me", nil)
	r.Header = h
	return send(b.engine, r)
}
