package ginauth

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/gin-contrib/sessions"
	"github.com/gin-gonic/gin"
	"github.com/gin-gonic/gin/binding"
	ut "github.com/go-playground/universal-translator"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/baseurl"
	"github.com/ginauth/ginauth/ginauth/internal/origin"
	"github.com/ginauth/ginauth/ginauth/internal/pairing"
	"github.com/ginauth/ginauth/ginauth/internal/route"
	"github.com/ginauth/ginauth/ginauth/internal/rule"
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

// Config is how an app wants its accounts and sessions. It is plain data: every
// constructor compiles its own copy, so a later edit changes nothing already mounted, and
// a Config may be shared by goroutines. Its zero value plus Users is the safe default.
type Config[U driver.User] struct {
	// Users keeps the accounts. Required, unless RetrieveUser is set and neither
	// SignUp nor Login is used. Usually a *store.DB, or a type that embeds one.
	Users driver.Users[U]
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
	// otherwise one in the memory of this process, of bounded size, which knows no devices.
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

// WithDefaults returns a copy in which every empty field has its default.
func (cfg Config[U]) WithDefaults() Config[U] {
	if cfg.Sessions == nil {
		if store, ok := cfg.Users.(sessions.Store); ok {
			cfg.Sessions = store
		}
	}
	if cfg.IdleTimeout == 0 {
		cfg.IdleTimeout = defaultIdleTimeout
	}
	if cfg.Lifetime == 0 {
		cfg.Lifetime = defaultLifetime
	}
	if cfg.TouchEvery == 0 {
		cfg.TouchEvery = min(defaultTouchEvery, cfg.IdleTimeout/60)
	}
	if cfg.RememberIdleTimeout == 0 {
		cfg.RememberIdleTimeout = defaultRememberIdleTimeout
	}
	if cfg.RememberLifetime == 0 {
		cfg.RememberLifetime = defaultRememberLifetime
	}
	if _, counts := cfg.sessionStore(); counts && cfg.Users != nil && cfg.MaxSessions == 0 {
		cfg.MaxSessions = defaultMaxSessions
	}
	if cfg.Limiter == nil {
		cfg.Limiter = cfg.limiter()
	}
	cfg.Limits = cfg.Limits.withDefaults()
	if cfg.Passwords == nil {
		cfg.Passwords = password.Default()
	}
	if cfg.View == nil {
		cfg.View = func(u U) any { return u }
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	cfg.Cookie = cfg.Cookie.withDefaults()
	return cfg
}

// Validate returns what is wrong with a Config, one sentence per fault, and nil for
// a good one. Every constructor calls it and panics with its text.
func (cfg Config[U]) Validate() error { return cfg.validate(true) }

func (cfg Config[U]) validate(withSessions bool) error {
	cfg = cfg.WithDefaults()
	var faults []error
	fault := func(wrong bool, format string, args ...any) {
		if wrong {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	kind := reflect.TypeFor[U]().Kind()
	fault(kind != reflect.Struct, "the user type must be a struct, not a %s: use Config[User], not Config[*User]", kind)
	fault(withSessions && cfg.Users == nil && cfg.RetrieveUser == nil, "set Users (such as store.New[store.User](pool)) or RetrieveUser")
	for name, s := range map[string]any{"Users": cfg.Users, "Sessions": cfg.Sessions} {
		fault(s != nil && !reflect.ValueOf(s).Comparable(), "%s is a %T, which cannot be compared: give a pointer to it", name, s)
	}
	own, ok := cfg.sessionStore()
	fault(withSessions && !ok && cfg.Sessions == nil, "set Sessions (such as store.NewSessions(pool)), or a Users store that is a SessionStore too")
	if withSessions && cfg.Users != nil {
		err := cmp.Or(pairing.Check(own, cfg.Users), pairing.Check(cfg.Users, cfg.Users)) // the second one embeds the sessions' store alone
		fault(err != nil, "Users and Sessions do not fit: %w", err)
	}
	if withSessions && !ok && cfg.Sessions != nil {
		err := checkOtherStore(cfg.Sessions)
		fault(err != nil, "%w", err)
	}
	fault(cfg.RotationGrace > 0 && !ok, "RotationGrace needs a store that finds replaced tokens, which a %T does not: use store.NewSessions(pool), or leave it zero", cfg.Sessions)
	fault(cfg.MaxSessions > 0 && !ok, "MaxSessions needs a store that counts, which a %T does not: use store.NewSessions(pool), or leave it zero", cfg.Sessions)
	fault(cfg.MaxSessions > 0 && cfg.Users == nil, "MaxSessions needs Users, since RetrieveUser alone knows whose a session is: set Users too, or leave MaxSessions zero")
	fault(cfg.RotationGrace < 0 || cfg.RotationGrace > maxRotationGrace, "RotationGrace must be between zero and %s", maxRotationGrace)
	fault(cfg.MaxSessions < 0, "MaxSessions must not be negative")
	fault(cfg.RememberIdleTimeout < 0 || cfg.RememberIdleTimeout > cfg.RememberLifetime, "RememberIdleTimeout must be between zero and RememberLifetime")
	for _, directive := range cfg.ClearSiteData {
		fault(!slices.Contains(siteData, directive), "ClearSiteData knows %q, not %q", siteData, directive)
	}
	fault(cfg.IdleTimeout < 0 || cfg.Lifetime < 0 || cfg.TouchEvery < 0, "IdleTimeout, Lifetime and TouchEvery must not be negative")
	fault(cfg.IdleTimeout > cfg.Lifetime, "IdleTimeout (%s) is longer than Lifetime (%s): shorten it", cfg.IdleTimeout, cfg.Lifetime)
	fault(cfg.TouchEvery >= cfg.IdleTimeout, "TouchEvery (%s) must be shorter than IdleTimeout (%s)", cfg.TouchEvery, cfg.IdleTimeout)
	for _, page := range []string{cfg.Pages.Login, cfg.Pages.AfterLogin, cfg.Pages.AfterLogout} {
		fault(page != "" && !isLocalPath(page), "the page %q must be a path on this site, such as /login", page)
	}
	if cfg.BaseURL != "" {
		err := baseurl.Check(cfg.BaseURL)
		fault(err != nil, "%w", err)
	}
	_, err := rule.Compile(cfg.UnverifiedMay)
	fault(err != nil, "UnverifiedMay: %w", err)
	fault(!cfg.Unverified.valid(), "Unverified must be UnverifiedAllowed, UnverifiedReadOnly or UnverifiedRefused")
	fault(len(cfg.UnverifiedMay) > 0 && cfg.Unverified == UnverifiedAllowed, "UnverifiedMay makes exceptions of nothing: set Unverified to UnverifiedReadOnly or UnverifiedRefused")
	for _, err := range []error{cfg.Cookie.validate(len(cfg.TrustedOrigins) > 0), cfg.Policy.Validate(), cfg.Limits.validate(), second(rule.Compile(cfg.Exclude)), second(parseProxies(cfg.TrustedProxies))} {
		fault(err != nil, "%w", err)
	}
	_, err = origin.NewCheck(cfg.TrustedOrigins, cfg.Cookie.InsecureLocalhost)
	fault(err != nil, "%w", err)
	_, more := cfg.compileRouteRules()
	return errors.Join(append(faults, more...)...)
}

// siteData are the directives of Clear-Site-Data (W3C, 3.1).
var siteData = []string{"cache", "cookies", "storage", "executionContexts", "*"}

func second[T any](_ T, err error) error { return err }

func (cfg Config[U]) sessionStore() (driver.Sessions, bool) {
	if cfg.Sessions != nil {
		s, ok := cfg.Sessions.(driver.Sessions)
		return s, ok
	}
	s, ok := cfg.Users.(driver.Sessions)
	return s, ok
}

func (cfg Config[U]) limiter() driver.Limiter {
	if l, ok := cfg.Users.(driver.Limiter); ok {
		return l
	}
	if l, ok := cfg.Sessions.(driver.Limiter); ok {
		return l
	}
	return inMemoryOf(cfg.Users)
}

// mount is a compiled Config. It is not generic: what depends on U is in its functions,
// which carry the user as a *U inside an any.
type mount struct {
	cookie   cookie
	device   cookie
	excluded rule.List
	rules    routeRules
	// unverifiedMay are the exceptions of unverified.
	unverifiedMay rule.List
	unverified    Unverified
	origins       *http.CrossOriginProtection
	proxies       proxies
	watch         *watch
	users         any                                       // the driver.Users[U]
	keeper        any                                       // of the sessions, to tell two mounts apart
	sessions      driver.Sessions                           // nil with gorilla
	gorilla       *gorillaStore                             // nil with sessions
	findUser      func(*gin.Context, *state) (proof, error) // of the session
	// authenticate asks the providers; it is findUser where the session is the only one.
	authenticate func(*gin.Context, *state) (proof, error)
	providers    []provider
	asksBackends bool // other than the session's
	challenges   []string
	varies       []string // request headers with credentials
	ambient      bool     // some credential may come along by itself
	lifetime     time.Duration
	idleTimeout  time.Duration
	touchEvery   time.Duration

	rememberIdleTimeout, rememberLifetime time.Duration
	rotationGrace                         time.Duration
	maxSessions                           int
	clearSiteData                         string
	throttle                              *throttle                                                          // of handlers that need accounts
	stillLive                             func(context.Context, driver.Account, password.Hash) (bool, error) // in users
	badCredentials                        badCredentials
	// ownUsers: sessions belong to rows of Users; otherwise RetrieveUser alone knows whose they are.
	ownUsers bool
	// retrieves: RetrieveUser looks the user up, and retriever tells which one it is.
	retrieves bool
	retriever any
	user      reflect.Type // U
	// retrieve calls RetrieveUser for what it reads.
	retrieve   func(*gin.Context, *state)
	prefix     string // of all paths, as browsers see them
	pages      Pages
	render     func(*gin.Context, *Problem)
	translator func(*gin.Context) ut.Translator
	log        *slog.Logger
}

// compile panics with the constructor's name when cfg is unusable: routes are built
// at start-up, where that is the earliest and loudest answer.
func compile[U driver.User](constructor string, cfg Config[U]) *mount {
	return compileFor(constructor, cfg, true)
}

func compileFor[U driver.User](constructor string, cfg Config[U], withSessions bool) *mount {
	if err := cfg.validate(withSessions); err != nil {
		panic(fmt.Sprintf("ginauth.%s: %v", constructor, err)) //nolint:forbidigo // while routes are built
	}
	english.of(binding.Validator.Engine())
	cfg = cfg.WithDefaults()
	origins, _ := origin.NewCheck(cfg.TrustedOrigins, cfg.Cookie.InsecureLocalhost) // validated above
	excluded, _ := rule.Compile(cfg.Exclude)                                        // validated above
	trusted, _ := parseProxies(cfg.TrustedProxies)                                  // validated above
	may, _ := rule.Compile(cfg.UnverifiedMay)                                       // validated above
	m := &mount{
		excluded: excluded, unverified: cfg.Unverified, unverifiedMay: may, origins: origins, proxies: trusted, watch: watchFor(cfg.Logger),
		users: cfg.Users, retrieves: cfg.RetrieveUser != nil, lifetime: cfg.Lifetime, idleTimeout: cfg.IdleTimeout, touchEvery: cfg.TouchEvery,
		rememberIdleTimeout: cfg.RememberIdleTimeout, rememberLifetime: cfg.RememberLifetime, maxSessions: cfg.MaxSessions, rotationGrace: cfg.RotationGrace,
		ownUsers: cfg.Users != nil, pages: cfg.Pages, prefix: baseurl.Path(cfg.BaseURL), render: cfg.Render, translator: cfg.Translator, log: cfg.Logger,
	}
	m.rules, _ = cfg.compileRouteRules() // validated above
	m.retriever, m.user = route.Identity(cfg.RetrieveUser), reflect.TypeFor[U]()
	if m.ownUsers {
		m.stillLive = stillLive(cfg.Users)
	}
	m.badCredentials = countBadCredentials(cfg, trusted, m)
	if withSessions {
		keepSessions(m, cfg)
	}
	if len(cfg.ClearSiteData) > 0 {
		m.clearSiteData = `"` + strings.Join(cfg.ClearSiteData, `", "`) + `"`
	}
	return m
}

func keepSessions[U driver.User](m *mount, cfg Config[U]) {
	m.cookie, m.device = cfg.Cookie.compile(), cfg.Cookie.compileDevice()
	m.sessions, _ = cfg.sessionStore()
	m.keeper = m.sessions
	if m.sessions == nil {
		m.keeper, m.gorilla = cfg.Sessions, newGorillaStore(cfg, m.cookie.name)
	}
	m.findUser = userLookup(cfg, m.sessions)
	if cfg.RetrieveUser != nil {
		m.retrieve = func(c *gin.Context, st *state) { _, _ = recordKeys(c, st, cfg.RetrieveUser) }
	}
	m.authenticate = m.findUser
}
