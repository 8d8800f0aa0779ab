package ginauthtest

import (
	"cmp"
	"fmt"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/email"
	"github.com/ginauth/ginauth/ginauth/password"
	"github.com/ginauth/ginauth/store"
	"github.com/ginauth/ginauth/store/memory"
	"github.com/ginauth/ginauth/store/storetest"
)

// Kit is what an app is built on in a test.
type Kit[U any] struct {
	// Options have all that a test wants to be different: Users on the test's own database, a cheap hasher in Passwords, generous
	// Limits, a Logger into Log, and https://example.com as BaseURL. Change the rest and give them to New.
	Options ginauth.Options[U]
	// Config is made of Options as they are. It is nil where ginauth.New refuses them, such as for users without a method
	// Account; then the app must call New.
	Config *ginauth.Config[U]
	// Pool is the test's own database, migrated, such as for tables of the app's own. It is nil with InMemory and Users.
	Pool *pgxpool.Pool
	// Clock is that of Options.Users. Give its method Now to what else goes by a clock.
	Clock *Clock
	// Mail is the Sender that Mails sets.
	Mail *Mailbox
	// Log is what Options.Logger writes to.
	Log *Log

	app *App[U]
}

// New is ginauth.New for options that the app has changed. As logs in by the Config that it has returned last. It ends the
// test when ginauth.New refuses them.
func (k Kit[U]) New(o ginauth.Options[U]) *ginauth.Config[U] {
	k.app.tb.Helper()
	cfg, err := ginauth.New(o)
	if err != nil {
		k.app.tb.Fatalf("ginauthtest: %v", err)
	}
	k.app.config = cfg
	return cfg
}

// Mails is email.New for the Config of New, or Kit.Config before that, with Mail as the Sender, and hello@example.com in From where that is empty. Mail
// collects what it has to send. It ends the test when email.New refuses the options.
func (k Kit[U]) Mails(o email.Options[U]) *email.Flows[U] {
	k.app.tb.Helper()
	o.Sender, o.From = k.Mail, cmp.Or(o.From, "Example <hello@example.com>")
	mails, err := email.New(k.app.config, o)
	if err != nil {
		k.app.tb.Fatalf("ginauthtest: %v", err)
	}
	k.Mail.Collect(mails)
	return mails
}

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
	mu     sync.Mutex // held by As, which moves the clock
	users  int        // created by As
}

// Option says what New builds the app on.
type Option func(*settings)

type settings struct {
	memory, mail bool
	users        any // func(now func() time.Time) driver.Users[U]
}

// InMemory keeps everything in the memory of the test, by package store/memory, which needs no PostgreSQL. Default: a
// PostgreSQL database.
func InMemory() Option { return func(s *settings) { s.memory = true } }

// WithMail makes the store write mails by itself, as store.WithMail does. Default: it does not.
func WithMail() Option { return func(s *settings) { s.mail = true } }

// Users keeps the accounts in a store of the app's own, which goes by the clock. Default: a PostgreSQL database.
func Users[U any](open func(now func() time.Time) driver.Users[U]) Option {
	return func(s *settings) { s.users = open }
}

// New builds an app for one test. It fails the test when the app cannot be built.
func New[U any](tb testing.TB, build func(Kit[U]) *gin.Engine, options ...Option) *App[U] {
	tb.Helper()
	var s settings
	for _, option := range options {
		option(&s)
	}
	quietGin()
	a := &App[U]{tb: tb, Clock: &Clock{at: time.Now()}, Mail: &Mailbox{tb: tb}, Log: &Log{}} //nolint:forbidigo // where the clock begins
	tb.Cleanup(func() { a.Log.showIfFailed(tb) })
	k := Kit[U]{Clock: a.Clock, Mail: a.Mail, Log: a.Log, app: a}
	users, err := open(&k, s)
	if err != nil {
		tb.Fatalf("ginauthtest: %v", err)
	}
	a.Pool = k.Pool
	k.Options = ginauth.Options[U]{
		Users: users, Passwords: hasher(tb), Limits: generous(), BaseURL: "https://example.com", Logger: a.Log.logger(),
	}
	k.Config, err = ginauth.New(k.Options)
	a.config = k.Config
	a.Engine = build(k)
	switch {
	case a.Engine == nil:
		tb.Fatal("ginauthtest: the app has built no router")
	case a.config == nil:
		tb.Fatalf("ginauthtest: %v", err)
	case a.config.Options().Users == nil:
		tb.Fatal("ginauthtest: the app's Options have no Users: keep those of Kit.Options")
	}
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
	return &Client[U]{tb: a.tb, router: a.Engine, base: base, jar: &jar{now: a.Clock.Now}}
}

// SessionCookie returns the name of the session cookie as browsers have it, such as "__Host-session".
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

// open returns the store of accounts.
func open[U any](k *Kit[U], s settings) (users driver.Users[U], err error) {
	if s.users != nil {
		own, ok := s.users.(func(func() time.Time) driver.Users[U])
		if !ok {
			return nil, fmt.Errorf("Users has a %T, but the app's users are of another type", s.users)
		}
		return own(k.Clock.Now), nil
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%v; or give New a store for such users by the option Users", p)
		}
	}()
	if s.memory {
		return memory.New(memory.Options[U]{Now: k.Clock.Now, Mail: s.mail}), nil
	}
	k.Pool = database(k.app.tb)
	// The machine of the tests may be busy.
	options := []store.Option{store.WithNow(k.Clock.Now), store.WithTimeout(time.Minute), store.WithLogger(k.Log.logger())}
	if s.mail {
		options = append(options, store.WithMail())
	}
	return store.New[U](k.Pool, options...), nil
}

func database(tb testing.TB) *pgxpool.Pool {
	tb.Helper()
	ready := false
	defer func() {
		if !ready {
			tb.Log("ginauthtest: ginauthtest.New(t, build, ginauthtest.InMemory()) needs no PostgreSQL")
		}
	}()
	pool := storetest.NewDB(tb)
	ready = true
	return pool
}

var cheap = sync.OnceValues(func() (*password.Hasher, error) {
	return password.New(password.Options{InsecureCheap: true, MaxWait: time.Minute})
})

func hasher(tb testing.TB) *password.Hasher {
	tb.Helper()
	h, err := cheap()
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
