package jwt

import (
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
	// The lifetimes of a refresh token: RFC 9700, 4.14.2 asks for both ends; NIST SP 800-63B, AAL1 for a
	// login every 30 days.
	defaultRefreshIdle     = 14 * 24 * time.Hour
	defaultRefreshLifetime = 30 * 24 * time.Hour
	// defaultGrace is for a client that repeats a request whose answer it did not get; maxGrace is SEC-66's.
	defaultGrace, maxGrace = 30 * time.Second, 30 * time.Second
	// defaultMaxLogins is that of sessions (ASVS 7.1.2).
	defaultMaxLogins = 50
)

// Flow is how users get tokens, and lose them: what Login, Token, Refresh, Revoke and Logout have in common. Config and
// Issuer are required.
type Flow[U driver.User] struct {
	// Config has the users and their passwords.
	Config ginauth.Config[U]
	// Issuer makes the access tokens.
	Issuer *Issuer
	// Refresh keeps refresh tokens, and with them which logins are alive. Default: Config.Users, when it is
	// a driver.RefreshTokens, such as store.DB.
	Refresh driver.RefreshTokens
	// NoRefresh gives access tokens only. They name no session, so only Stateless backends take them.
	NoRefresh bool
	// RefreshIdle ends a login whose refresh token was not used for as long. Default: 14 days.
	RefreshIdle time.Duration
	// RefreshLifetime ends a login however much it is used. Default: 30 days.
	RefreshLifetime time.Duration
	// RefreshGrace is for how long a replaced refresh token still gets the same successor, for a
	// client whose connection broke. At most 30 s; negative is not at all. Default: 30 s.
	RefreshGrace time.Duration
	// MaxLogins is how many logins a user may have; a new one ends the one used longest ago.
	// Default: 50.
	MaxLogins int
	// Scopes are those that a login may ask for; one that asks for none gets all. Default: none,
	// and the tokens are good for everything that their users may do.
	Scopes []string
	// Claims returns further claims of a user's access tokens; see Grant.Extra. Default: none.
	Claims func(*gin.Context, U) (any, error)
	// Cookie is that of Login with InCookie, and of Logout.
	Cookie CookieOptions
}

// Validate returns what is wrong with the flow, one sentence per fault. Every constructor of
// a handler calls it and panics with its text.
func (f Flow[U]) Validate() error {
	f = f.withDefaults()
	var faults []error
	fault := func(wrong bool, format string, args ...any) {
		if wrong {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	fault(f.Config.Users == nil, "set Flow.Config.Users, such as store.New[store.User](pool)")
	fault(f.Issuer == nil, "set Flow.Issuer to what NewIssuer returned")
	fault(f.Refresh == nil && !f.NoRefresh, "set Flow.Refresh, such as store.New[store.User](pool), or NoRefresh and bear that only Stateless backends take the tokens")
	if f.Config.Users != nil {
		err := pairing.Check(f.Refresh, f.Config.Users)
		fault(err != nil, "Flow.Config.Users and Flow.Refresh do not fit: %w", err)
	}
	fault(f.RefreshIdle < 0 || f.RefreshIdle > f.RefreshLifetime, "Flow.RefreshIdle must be between zero and RefreshLifetime")
	fault(f.RefreshGrace > maxGrace, "Flow.RefreshGrace may be at most %s", maxGrace)
	fault(f.MaxLogins < 0, "Flow.MaxLogins must not be negative")
	fault(slices.ContainsFunc(f.Scopes, func(s string) bool { return !scope.Valid(s) }), "a scope in Flow.Scopes is not a word of RFC 6749, 3.3")
	faults = append(faults, f.Cookie.validate())
	if _, err := f.origins(); err != nil {
		faults = append(faults, err)
	}
	return errors.Join(faults...)
}

func (f Flow[U]) withDefaults() Flow[U] {
	if store, ok := f.Config.Users.(driver.RefreshTokens); ok && f.Refresh == nil {
		f.Refresh = store
	}
	if f.NoRefresh {
		f.Refresh = nil
	}
	if f.RefreshIdle == 0 {
		f.RefreshIdle = defaultRefreshIdle
	}
	if f.RefreshLifetime == 0 {
		f.RefreshLifetime = defaultRefreshLifetime
	}
	if f.RefreshGrace == 0 {
		f.RefreshGrace = defaultGrace
	}
	if f.MaxLogins == 0 {
		f.MaxLogins = defaultMaxLogins
	}
	f.Cookie = f.Cookie.withDefaults()
	return f
}

// origins refuses unsafe cross-origin requests where a cookie is set or read (SEC-83).
func (f Flow[U]) origins() (*http.CrossOriginProtection, error) {
	return origin.NewCheck(f.Config.TrustedOrigins, f.Config.Cookie.InsecureLocalhost)
}

// flow is a compiled Flow.
type flow[U driver.User] struct {
	Flow[U]
	verifier *Verifier // of the flow's own tokens
	check    *http.CrossOriginProtection
}

func compile[U driver.User](constructor string, f Flow[U]) *flow[U] {
	compiled, err := build(f)
	if err != nil {
		panic(fmt.Sprintf("jwt.%s: %v", constructor, err)) //nolint:forbidigo // construction
	}
	return compiled
}

func build[U driver.User](f Flow[U]) (*flow[U], error) {
	if err := f.Validate(); err != nil {
		return nil, err
	}
	compiled := &flow[U]{Flow: f.withDefaults()}
	compiled.Config = f.Config.WithDefaults()
	compiled.check, _ = f.origins() // validated above
	o := f.Issuer.o
	compiled.verifier, _ = NewVerifier(Accept{ // the issuer was validated
		Issuers: []Trust{{Issuer: o.Issuer, Keys: o.Keys}}, Audiences: o.Audiences, Type: o.Type, Now: o.Now,
	})
	return compiled, nil
}

var errMethod = ginauth.NewProblem(http.StatusMethodNotAllowed, "method_not_allowed", "Use POST.")

// post makes a handler that takes POST alone, so that no link and no prefetch can trigger it (SEC-20).
func post(name string, serve func(*gin.Context) error) *route.Handler {
	return route.New(route.Info{Name: name, Open: true}, func(c *gin.Context) {
		err := error(errMethod)
		if c.Request.Method == http.MethodPost {
			err = serve(c)
		} else {
			c.Header("Allow", http.MethodPost)
		}
		if err != nil {
			fail(c, err)
		}
	})
}
