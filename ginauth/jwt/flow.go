package jwt

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/origin"
	"github.com/ginauth/ginauth/ginauth/internal/pairing"
	"github.com/ginauth/ginauth/ginauth/internal/route"
	"github.com/ginauth/ginauth/ginauth/internal/scope"
)

const (
	// RFC 9700, 4.14.2 asks for both limits of a refresh token's lifetime; NIST SP 800-63B, AAL1
	// asks for a login every 30 days.
	defaultRefreshIdle     = 14 * 24 * time.Hour
	defaultRefreshLifetime = 30 * 24 * time.Hour
	// defaultGrace is for a client that repeats a request because it did not get the answer;
	// maxGrace is the limit of SEC-66.
	defaultGrace, maxGrace = 30 * time.Second, 30 * time.Second
	// defaultMaxLogins is the same as for sessions (ASVS 7.1.2).
	defaultMaxLogins = 50
)

// Options configure how users get tokens and how tokens end: Login, Token, Refresh, Revoke and
// Logout share them. Issuer is required, and so are the Users of the Config.
type Options[U any] struct {
	// Issuer makes the access tokens.
	Issuer *Issuer
	// Refresh keeps refresh tokens, and so knows which logins are alive. Default: the Users of the
	// Config, when they are a driver.RefreshTokens, such as store.DB.
	Refresh driver.RefreshTokens
	// NoRefresh makes logins without refresh tokens. Their access tokens name no session, so only
	// Stateless backends accept them.
	NoRefresh bool
	// RefreshIdle ends a login whose refresh token was not used for this long. Default: 14 days.
	RefreshIdle time.Duration
	// RefreshLifetime ends a login this long after it began, whether or not it is used. Default: 30
	// days.
	RefreshLifetime time.Duration
	// RefreshGrace is the time after its replacement in which a refresh token still gets the same
	// successor, for a client whose connection broke. At most 30 s; negative means none. Default:
	// 30 s.
	RefreshGrace time.Duration
	// MaxLogins is the maximum of logins of a user; a new one ends the one that was used longest
	// ago. Default: 50.
	MaxLogins int
	// Scopes are the scopes that a login may ask for; a login that asks for none gets all. Default:
	// none, and tokens may do everything that their users may do.
	Scopes []string
	// Claims returns further claims of a user's access tokens; see Grant.Extra. Default: none.
	Claims func(*gin.Context, U) (any, error)
	// Cookie configures the cookie of Logout, and of Login with InCookie.
	Cookie CookieOptions
}

// validate returns what is wrong with options after withDefaults, one sentence for each fault.
func (o Options[U]) validate(app ginauth.Options[U]) error {
	var faults []error
	fault := func(wrong bool, format string, args ...any) {
		if wrong {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	fault(app.Users == nil && app.FindUser == nil, "set the Users of the Config, such as store.New[store.User](pool); or its FindUser, for accounts that are kept elsewhere")
	fault(o.Issuer == nil || o.Issuer.o.Keys == nil, "set Options.Issuer to what NewIssuer returned")
	fault(o.Refresh == nil && !o.NoRefresh, "set Options.Refresh, such as store.New[store.User](pool), or store.NewExternal(pool) for accounts that are kept elsewhere; or set NoRefresh: then only Stateless backends accept the tokens")
	if app.Users != nil {
		err := pairing.Check(o.Refresh, app.Users)
		fault(err != nil, "the Users of the Config and Options.Refresh do not fit: %w", err)
	}
	fault(o.RefreshIdle < 0 || o.RefreshIdle > o.RefreshLifetime, "Options.RefreshIdle must be between zero and RefreshLifetime")
	fault(o.RefreshGrace > maxGrace, "Options.RefreshGrace may be at most %s", maxGrace)
	fault(o.MaxLogins < 0, "Options.MaxLogins must not be negative")
	fault(slices.ContainsFunc(o.Scopes, func(s string) bool { return !scope.Valid(s) }), "a scope in Options.Scopes is not a word of RFC 6749, 3.3")
	return errors.Join(append(faults, o.Cookie.validate())...)
}

func (o Options[U]) withDefaults(app ginauth.Options[U]) Options[U] {
	if store, ok := app.Users.(driver.RefreshTokens); ok && o.Refresh == nil {
		o.Refresh = store
	}
	if _, external := app.Sessions.(driver.External); external && o.Refresh == nil {
		o.Refresh, _ = app.Sessions.(driver.RefreshTokens)
	}
	if o.NoRefresh {
		o.Refresh = nil
	}
	o.RefreshIdle = cmp.Or(o.RefreshIdle, defaultRefreshIdle)
	o.RefreshLifetime = cmp.Or(o.RefreshLifetime, defaultRefreshLifetime)
	o.RefreshGrace = cmp.Or(o.RefreshGrace, defaultGrace)
	o.MaxLogins = cmp.Or(o.MaxLogins, defaultMaxLogins)
	o.Cookie = o.Cookie.withDefaults()
	return o
}

// Flow issues tokens to users and ends them. New makes one from Options. It is safe for concurrent
// use.
type Flow[U any] struct {
	cfg      *ginauth.Config[U]
	app      ginauth.Options[U]
	o        Options[U]                  // with defaults
	verifier *Verifier                   // for the flow's own tokens
	check    *http.CrossOriginProtection // for requests that set or read a cookie (SEC-83)
}

// New checks the options and compiles them. Its error has one sentence for each fault, which says
// how to mend it.
func New[U any](cfg *ginauth.Config[U], o Options[U]) (*Flow[U], error) {
	if cfg.Engine() == nil {
		return nil, errors.New("jwt.New: the Config is nil or empty: check the error of ginauth.New")
	}
	if err := pairing.Made("Options.Refresh", o.Refresh); err != nil {
		return nil, fmt.Errorf("jwt.New: %w", err)
	}
	app := cfg.Options()
	o = o.withDefaults(app)
	if err := o.validate(app); err != nil {
		return nil, fmt.Errorf("jwt.New: %w", err)
	}
	f := &Flow[U]{cfg: cfg, app: app, o: o}
	f.check, _ = origin.NewCheck(app.TrustedOrigins, app.Cookie.InsecureLocalhost) // validated by ginauth.New
	own := o.Issuer.o
	f.verifier, _ = NewVerifier(Accept{ // the issuer was validated
		Issuers: []Trust{{Issuer: own.Issuer, Keys: own.Keys}}, Audiences: own.Audiences, Type: own.Type, Now: own.Now,
	})
	return f, nil
}

// Options returns the options that were given to New, with defaults in place of empty fields.
func (f *Flow[U]) Options() Options[U] { return f.o }

// made returns an error for a Flow that New did not make.
func (f *Flow[U]) made() error {
	if f == nil || f.cfg == nil {
		return errors.New("the Flow is nil or empty: make it with jwt.New, and check its error")
	}
	return nil
}

// mounted panics with the constructor's name if New did not make f: routes are built at start-up,
// where a panic is the earliest and loudest answer.
func (f *Flow[U]) mounted(constructor string) {
	if err := f.made(); err != nil {
		panic(fmt.Sprintf("jwt.%s: %v", constructor, err)) //nolint:forbidigo // construction
	}
}

// withPasswords is mounted for handlers that check passwords.
func (f *Flow[U]) withPasswords(constructor string) {
	f.mounted(constructor)
	if f.app.Users == nil {
		panic(fmt.Sprintf("jwt.%s: the Users of the Config are not set, so there are no passwords: set them (such as store.New[store.User](pool)), or write the handler with jwt.SignIn", constructor)) //nolint:forbidigo // construction
	}
}

// post makes a handler for POST only, so that no link and no prefetch can trigger it (SEC-20).
func post[U any](f *Flow[U], name string, audience route.Audience, serve func(*gin.Context) error) *route.Handler {
	return route.New(route.Info{Name: name, For: audience, Enter: f.cfg.Engine().Enter}, func(c *gin.Context) {
		err := route.CheckMethod(c, http.MethodPost)
		if err == nil {
			err = serve(c)
		}
		if err != nil {
			fail(c, err)
		}
	})
}
