package ginauthtest

import (
	"context"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/apikey"
	"github.com/ginauth/ginauth/ginauth/jwt"
	"github.com/ginauth/ginauth/ginauth/password"
)

// App is a router under test with what belongs to it.
type App[U any] struct {
	// Engine is what the app has built.
	Engine *gin.Engine
	// Clock moves sessions, tokens, waits and mails.
	Clock *Clock
	// Pool is the test's own database. It is nil with InMemory and Users.
	Pool *pgxpool.Pool
	// Mail has every mail of the app.
	Mail *Mailbox
	// Log has all that ginauth has logged.
	Log *Log

	tb     testing.TB
	config *ginauth.Config[U]
	keys   *apikey.Keys[U]
	tokens *jwt.Flow[U]
	inside *door[U]
	server *server
	again  func() *App[U]                      // builds the app once more
	create func(context.Context, U) (U, error) // of the option CreateUser
	mu     sync.Mutex                          // held by As, which moves the clock
	users  int                                 // created by As
}

// New builds an app for one test. It fails the test when the app cannot be built.
func New[U any](tb testing.TB, build func(Kit[U]) *gin.Engine, options ...Option) *App[U] {
	tb.Helper()
	var s settings
	for _, option := range options {
		option(&s)
	}
	quietGin()
	a := &App[U]{tb: tb, Clock: NewClock(time.Now()), Mail: &Mailbox{tb: tb}, Log: &Log{}, server: &server{}} //nolint:forbidigo // where the clock begins
	tb.Cleanup(func() { a.Log.showIfFailed(tb) })
	k := Kit[U]{Clock: a.Clock, Mail: a.Mail, Log: a.Log, app: a}
	users, err := open(&k, s)
	if err == nil {
		a.create, err = hook[U](s)
	}
	if err != nil {
		tb.Fatalf("ginauthtest: %v", err)
	}
	a.Pool = k.Pool
	k.Options = ginauth.Options[U]{
		Users: users, Passwords: CheapHasher(tb), Limits: generous(), BaseURL: "https://example.com", Logger: a.Log.Logger(),
	}
	k.Config, err = ginauth.New(k.Options)
	a.config = k.Config
	a.Engine = build(k)
	switch {
	case a.Engine == nil:
		tb.Fatal("ginauthtest: the app has built no router")
	case a.config == nil:
		tb.Fatalf("ginauthtest: %v", err)
	}
	if o := a.config.Options(); o.Users == nil && o.FindUser == nil && o.RetrieveUser == nil {
		tb.Fatal("ginauthtest: the app's Options have no Users: keep those of Kit.Options, or set FindUser")
	}
	a.inside = newDoor(a.config)
	a.again = func() *App[U] { return New(tb, build, options...) }
	return a
}

// Anonymous returns a client that has no cookies.
func (a *App[U]) Anonymous() *Client[U] {
	o := a.config.Options()
	base := &url.URL{Scheme: "https", Host: "example.com"}
	if u, err := url.Parse(o.BaseURL); err == nil && o.BaseURL != "" {
		base = u
	}
	if o.Cookie.InsecureLocalhost && base.Scheme == "https" {
		base = &url.URL{Scheme: "http", Host: "localhost"}
	}
	return &Client[U]{tb: a.tb, router: a.Engine, base: base, jar: &jar{now: a.Clock.Now}, server: a.server}
}

// SessionCookie returns the name of the session cookie as browsers have it, such as
// "__Host-session".
func (a *App[U]) SessionCookie() string {
	switch k := a.config.Options().Cookie; {
	case k.InsecureLocalhost:
		return k.Name
	case k.Domain != "":
		return "__Secure-" + k.Name
	default:
		return "__Host-" + k.Name
	}
}

// CheapHasher returns a hasher that does hardly any work, so that tests are quick. Kit.Options has
// one.
func CheapHasher(tb testing.TB) *password.Hasher {
	tb.Helper()
	h, err := password.New(password.Options{InsecureCheap: true, MaxWait: time.Minute})
	if err != nil {
		tb.Fatalf("ginauthtest: %v", err)
	}
	return h
}

// generous limits let a test do more often what people do.
func generous() ginauth.Limits {
	many := []ginauth.Rate{{Attempts: 1_000_000, Per: time.Hour}}
	each := ginauth.Limit{PerAddress: many, PerIdentifier: many}
	return ginauth.Limits{
		FreeFailures: 100, LoginPerAddress: many, SignUp: each, Mail: each, LinkPerAddress: many, BadCredentialsPerAddress: many,
	}
}

// quietGin keeps Gin from printing the routes of every test.
var quietGin = sync.OnceFunc(func() {
	if gin.Mode() == gin.DebugMode {
		gin.SetMode(gin.TestMode)
	}
})
