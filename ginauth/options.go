package ginauth

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"time"

	"github.com/gin-contrib/sessions"
	"github.com/gin-gonic/gin"
	ut "github.com/go-playground/universal-translator"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/baseurl"
	"github.com/ginauth/ginauth/ginauth/internal/engine"
	"github.com/ginauth/ginauth/ginauth/internal/origin"
	"github.com/ginauth/ginauth/ginauth/internal/otherstore"
	"github.com/ginauth/ginauth/ginauth/internal/pairing"
	"github.com/ginauth/ginauth/ginauth/internal/proxy"
	"github.com/ginauth/ginauth/ginauth/internal/rule"
	"github.com/ginauth/ginauth/ginauth/internal/throttle"
	"github.com/ginauth/ginauth/ginauth/password"
)

const (
	// Idle and absolute session limits: NIST SP 800-63B AAL2 (1 h) and one day; ASVS 7.3.1, 7.3.2.
	defaultIdleTimeout = time.Hour
	defaultLifetime    = 24 * time.Hour
	defaultTouchEvery  = time.Minute
	// Remembered sessions: NIST SP 800-63B AAL1 asks for a login every 30 days.
	defaultRememberIdleTimeout = 14 * 24 * time.Hour
	defaultRememberLifetime    = 30 * 24 * time.Hour
	// ASVS 7.1.2 asks for a stated number.
	defaultMaxSessions = 50
)

// Options are how an app wants its accounts and sessions. Users alone is needed: the zero value of every other field
// is the safe default. U is the app's own type of users: a struct, a pointer, a map or any other.
type Options[U any] struct {
	// Users keeps the accounts. Required, unless RetrieveUser is set and neither
	// SignUp nor Login is used. Usually a *store.DB, or a type that embeds one.
	Users driver.Users[U]
	// Account tells what ginauth reads of a user. Default: the user's method Account, which store.User and what embeds it
	// have. A nil pointer is nobody, and is not handed over.
	Account func(U) Account
	// Sessions keeps the sessions: any store of gin-contrib/sessions. Default: Users, when it is a
	// driver.Sessions too. A store that is none, such as the cookie or redis store, cannot list a
	// user's sessions or count them, and what it cannot end only ends when Users is a
	// driver.Authority, as store.DB is; docs/sessions.md has the table. Give a store on the network
	// time-outs of its own. Those of package store belong to users of store.New: with Users of another kind
	// they are refused.
	Sessions sessions.Store
	// RetrieveUser, when set, replaces the lookup of the user: it gets a live session and
	// returns the user. ErrNoUser, or a user without an ID, answers 401 and ends the session;
	// any other error answers 503 or 500, never "anonymous". It is not called without a
	// session, and must not call CurrentUser. When a value that it reads changes, the session gets a new token; to
	// know those values it may be called once more before a session is saved. Without Users it alone knows whose
	// a session is, so that no store can list a user's sessions, count them or end them all. Default: the user
	// SignIn stored.
	RetrieveUser func(*gin.Context, sessions.Session) (U, error)
	// NoSessions is for an app without sessions and cookies, which uses Authenticate with other backends than
	// SessionAuth alone. Then Users is needed by handlers of passwords alone. Default: false.
	NoSessions bool

	// Exclude lists the routes that answer without a session, as "/template" or "METHOD /template",
	// compared with the route's template, not with the URL; GET covers HEAD. A trailing "/*any" covers everything
	// below, also within the route of a mount such as "/files/*path", whose cleaned path counts there. NoRoute covers requests that match no route. Login, SignUp, Logout, the routes of mailed links and the like
	// are open by themselves, as long as no handler of the app's stands between Session and them. Default: none.
	Exclude []string
	// ExcludeIf excludes those requests of a route for which the rule's function returns true, for what templates cannot say. The
	// function decides by the request alone, such as its Host, and writes no answer. Default: none.
	ExcludeIf map[string]func(*gin.Context) bool
	// Unverified is what users may do before their e-mail address was proved to be theirs. Default:
	// UnverifiedAllowed, since an app without mails cannot prove addresses.
	Unverified Unverified
	// UnverifiedMay lists the routes that Unverified says nothing about, by the rules of Exclude. Default: none.
	UnverifiedMay []string
	// TrustedOrigins may send unsafe requests from another origin: exact "https://host[:port]".
	// Default: none, same origin only.
	TrustedOrigins []string
	// TrustedOriginsFor are further trusted origins of single routes, by rules as in Exclude, such as "https://appleid.apple.com" for
	// "POST /auth/apple". Default: none.
	TrustedOriginsFor map[string][]string
	// SkipOriginCheck lists routes, as "METHOD /template", that take unsafe requests of every origin, "null" among them, such as
	// what an identity provider makes browsers post. It is safe only where the handler itself proves that its user asked
	// for the request, as by the state of OAuth. CheckRoutes lists them until they are named there. Default: none.
	SkipOriginCheck []string
	// TrustedProxies are the networks (CIDR) whose X-Forwarded-For is believed when the client's
	// address is counted by or stored, and "unix" for the peers of a unix socket, which have no address. Gin's own
	// SetTrustedProxies is for its ClientIP. Default: none, the peer of the connection.
	TrustedProxies []string

	// Cookie is the session cookie. Its zero value is the safe one.
	Cookie Cookie
	// IdleTimeout ends a session that was not used for as long. Default: 1 h (NIST SP 800-63B, AAL2).
	IdleTimeout time.Duration
	// Lifetime ends a session however much it is used. Default: 24 h.
	Lifetime time.Duration
	// TouchEvery is how often at most a session's use is written down; it must be
	// shorter than IdleTimeout, which it makes that much less exact. Default: 1 min,
	// or a sixtieth of IdleTimeout where that is shorter.
	TouchEvery time.Duration

	// RememberIdleTimeout and RememberLifetime are those of a session that the user wants
	// remembered: "remember" in Credentials, or the option Remember. Default: 14 and 30 days.
	RememberIdleTimeout, RememberLifetime time.Duration
	// MaxSessions is how many sessions a user may have; a new one ends the one used longest
	// ago. Default: 50; no limit where Sessions is no driver.Sessions, which cannot count, and without Users.
	MaxSessions int
	// RotationGrace lets requests that were under way while Renew or Reauthenticate replaced the
	// token still read with the old one. Whoever uses it later ends the session, for two parties
	// hold its tokens then. At most 30 s. Default: 0, the old token is dead at once.
	RotationGrace time.Duration
	// ClearSiteData are the directives of the header Clear-Site-Data at logout: "cache",
	// "cookies" (of all apps on the site), "storage", "executionContexts" or "*". Default: none.
	ClearSiteData []string

	// Limits are how many attempts there may be to log in or sign up. Its zero value is the safe one.
	Limits Limits
	// Limiter counts them. Default: Users or Sessions, whichever is a Limiter, as store.DB is and store.Sessions;
	// otherwise one in the memory of this process, of bounded size, which knows no browsers.
	Limiter driver.Limiter

	// Passwords hashes and verifies. Default: password.Default, one budget for the whole process.
	Passwords *password.Hasher
	// Policy says which new passwords are good enough. Its zero value asks for 15 characters
	// that are not a common password.
	Policy password.Policy

	// BaseURL is where browsers find the app, such as "https://example.com/app", for a proxy or http.StripPrefix that removes a
	// part of the path: Pages and routes are written without that, and redirects, their "next" and mailed links have it. The
	// cookies' path stays "/". Default: none, the app has its host for itself.
	BaseURL string
	// Pages are the app's HTML pages. Default: none, every answer is JSON.
	Pages Pages
	// View is what a client sees of a user. Default: the user by its json tags.
	View func(U) any
	// Render writes a problem in the app's own way, such as an HTML page. Headers are set
	// already. When it writes nothing, the problem goes out as JSON. Default: JSON.
	Render func(*gin.Context, *Problem)
	// Translator tells in which language to name broken rules of binding tags, as the validator's translations or the app's
	// own have them: register those with the engine of Gin's binding.Validator. It may return nil. Default: English.
	Translator func(*gin.Context) ut.Translator
	// Logger gets the security events and the causes of 5xx answers. Default: slog.Default.
	Logger *slog.Logger
}

// Pages are paths of the app's own HTML pages. A client that prefers text/html is sent
// there instead of getting JSON; an empty path leaves the JSON answer.
type Pages struct {
	// Login shows the login form. A GET that needs a session is sent there with the
	// wanted path in the query parameter "next". It must be open; a request for itself is answered 401.
	Login string
	// AfterLogin follows a login or sign-up that has no valid "next".
	AfterLogin string
	// AfterLogout follows a logout.
	AfterLogout string
}

// withDefaults returns a copy in which every empty field has its default.
func (o Options[U]) withDefaults() Options[U] {
	if o.Sessions == nil {
		if store, ok := o.Users.(sessions.Store); ok {
			o.Sessions = store
		}
	}
	if o.IdleTimeout == 0 {
		o.IdleTimeout = defaultIdleTimeout
	}
	if o.Lifetime == 0 {
		o.Lifetime = defaultLifetime
	}
	if o.TouchEvery == 0 {
		o.TouchEvery = min(defaultTouchEvery, o.IdleTimeout/60)
	}
	if o.RememberIdleTimeout == 0 {
		o.RememberIdleTimeout = defaultRememberIdleTimeout
	}
	if o.RememberLifetime == 0 {
		o.RememberLifetime = defaultRememberLifetime
	}
	if _, counts := o.sessionStore(); counts && o.Users != nil && o.MaxSessions == 0 {
		o.MaxSessions = defaultMaxSessions
	}
	if o.Limiter == nil {
		o.Limiter = o.limiter()
	}
	o.Limits = o.Limits.withDefaults()
	if o.Passwords == nil {
		o.Passwords = password.Default()
	}
	if o.View == nil {
		o.View = func(u U) any { return u }
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	o.Cookie = o.Cookie.withDefaults()
	return o
}

// validate returns what is wrong with options that have their defaults, one sentence per fault.
func (o Options[U]) validate() error {
	var faults []error
	fault := func(wrong bool, format string, args ...any) {
		if wrong {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	withSessions := !o.NoSessions
	fault(o.Account == nil && !tells[U](), "the type %s has no method Account() ginauth.Account: add it, or set Account to a function that tells a user's ID and address", reflect.TypeFor[U]())
	fault(withSessions && o.Users == nil && o.RetrieveUser == nil, "set Users (such as store.New[store.User](pool)) or RetrieveUser; or NoSessions for an API without sessions")
	for name, s := range map[string]any{"Users": o.Users, "Sessions": o.Sessions} {
		fault(s != nil && !reflect.ValueOf(s).Comparable(), "%s is a %T, which cannot be compared: give a pointer to it", name, s)
	}
	own, ok := o.sessionStore()
	fault(withSessions && !ok && o.Sessions == nil, "set Sessions (such as store.NewSessions(pool)), or a Users store that is a driver.Sessions too; or NoSessions for an API without sessions")
	if withSessions && o.Users != nil {
		err := cmp.Or(pairing.Check(own, o.Users), pairing.Check(o.Users, o.Users)) // the second one embeds the sessions' store alone
		fault(err != nil, "Users and Sessions do not fit: %w", err)
	}
	if withSessions && !ok && o.Sessions != nil {
		err := otherstore.Check(o.Sessions)
		fault(err != nil, "%w", err)
	}
	fault(o.RotationGrace > 0 && !ok, "RotationGrace needs a store that finds replaced tokens, which a %T does not: use store.NewSessions(pool), or leave it zero", o.Sessions)
	fault(o.MaxSessions > 0 && !ok, "MaxSessions needs a store that counts, which a %T does not: use store.NewSessions(pool), or leave it zero", o.Sessions)
	fault(o.MaxSessions > 0 && o.Users == nil, "MaxSessions needs Users, since RetrieveUser alone knows whose a session is: set Users too, or leave MaxSessions zero")
	fault(o.RotationGrace < 0 || o.RotationGrace > engine.MaxRotationGrace, "RotationGrace must be between zero and %s", engine.MaxRotationGrace)
	fault(o.MaxSessions < 0, "MaxSessions must not be negative")
	fault(o.RememberIdleTimeout < 0 || o.RememberIdleTimeout > o.RememberLifetime, "RememberIdleTimeout must be between zero and RememberLifetime")
	for _, directive := range o.ClearSiteData {
		fault(!slices.Contains(siteData, directive), "ClearSiteData knows %q, not %q", siteData, directive)
	}
	fault(o.IdleTimeout < 0 || o.Lifetime < 0 || o.TouchEvery < 0, "IdleTimeout, Lifetime and TouchEvery must not be negative")
	fault(o.IdleTimeout > o.Lifetime, "IdleTimeout (%s) is longer than Lifetime (%s): shorten it", o.IdleTimeout, o.Lifetime)
	fault(o.TouchEvery >= o.IdleTimeout, "TouchEvery (%s) must be shorter than IdleTimeout (%s)", o.TouchEvery, o.IdleTimeout)
	for _, page := range []string{o.Pages.Login, o.Pages.AfterLogin, o.Pages.AfterLogout} {
		fault(page != "" && !engine.IsLocalPath(page), "the page %q must be a path on this site, such as /login", page)
	}
	if o.BaseURL != "" {
		err := baseurl.Check(o.BaseURL)
		fault(err != nil, "%w", err)
	}
	_, err := rule.Compile(o.UnverifiedMay)
	fault(err != nil, "UnverifiedMay: %w", err)
	fault(!o.Unverified.valid(), "Unverified must be UnverifiedAllowed, UnverifiedReadOnly or UnverifiedRefused")
	fault(len(o.UnverifiedMay) > 0 && o.Unverified == UnverifiedAllowed, "UnverifiedMay makes exceptions of nothing: set Unverified to UnverifiedReadOnly or UnverifiedRefused")
	for _, err := range []error{o.Cookie.validate(len(o.TrustedOrigins) > 0), o.Policy.Validate(), o.Limits.validate(), second(rule.Compile(o.Exclude)), second(proxy.Parse(o.TrustedProxies))} {
		fault(err != nil, "%w", err)
	}
	_, err = origin.NewCheck(o.TrustedOrigins, o.Cookie.InsecureLocalhost)
	fault(err != nil, "%w", err)
	_, more := o.compileRouteRules()
	return errors.Join(append(faults, more...)...)
}

// siteData are the directives of Clear-Site-Data (W3C, 3.1).
var siteData = []string{"cache", "cookies", "storage", "executionContexts", "*"}

func second[T any](_ T, err error) error { return err }

func (o Options[U]) sessionStore() (driver.Sessions, bool) {
	if o.Sessions != nil {
		s, ok := o.Sessions.(driver.Sessions)
		return s, ok
	}
	s, ok := o.Users.(driver.Sessions)
	return s, ok
}

func (o Options[U]) limiter() driver.Limiter {
	if l, ok := o.Users.(driver.Limiter); ok {
		return l
	}
	if l, ok := o.Sessions.(driver.Limiter); ok {
		return l
	}
	return throttle.Shared().Of(o.Users)
}
