package ginauth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	ut "github.com/go-playground/universal-translator"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/baseurl"
	"github.com/ginauth/ginauth/ginauth/internal/form"
	"github.com/ginauth/ginauth/ginauth/internal/origin"
	"github.com/ginauth/ginauth/ginauth/internal/otherstore"
	"github.com/ginauth/ginauth/ginauth/internal/proxy"
	"github.com/ginauth/ginauth/ginauth/internal/route"
	"github.com/ginauth/ginauth/ginauth/internal/rule"
	"github.com/ginauth/ginauth/ginauth/password"
)

// Config is what New makes of Options: checked and compiled once, for every constructor of this module. It does not
// change any more, and is safe for concurrent use.
type Config[U any] struct {
	o       Options[U] // with defaults
	m       *mount
	account func(*U) driver.Account
}

// New checks the options and compiles them. Its error has a sentence for each fault, with what to do about it.
func New[U any](o Options[U]) (*Config[U], error) {
	o = o.withDefaults()
	if err := o.validate(); err != nil {
		return nil, fmt.Errorf("ginauth.New: %w", err)
	}
	form.RegisterSentences()
	cfg := &Config[U]{o: o, account: accountOf(o.Account)}
	cfg.m = cfg.compile()
	return cfg, nil
}

// Options returns the options of New, with defaults where they were empty.
func (cfg *Config[U]) Options() Options[U] { return cfg.o }

// Account returns what ginauth knows of a user, by Options.Account. It is zero for a nil pointer.
func (cfg *Config[U]) Account(u U) driver.Account { return cfg.account(&u) }

// mount is what Options are compiled to, once. It is not generic: what depends on U is in its functions, which carry
// the user as a *U inside an any.
type mount struct {
	cookie   cookie
	browser  cookie
	excluded rule.List
	rules    routeRules
	// unverifiedMay are the exceptions of unverified.
	unverifiedMay rule.List
	unverified    Unverified
	origins       *http.CrossOriginProtection
	proxies       proxy.Trusted
	watch         *watch
	users         any                                       // the driver.Users[U]
	keeper        any                                       // of the sessions, to tell two mounts apart
	sessions      driver.Sessions                           // nil with gorilla
	gorilla       *otherstore.Store                         // nil with sessions
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
	passwords                             *password.Hasher
	throttle                              *attempts                                                          // of handlers that need accounts
	stillLive                             func(context.Context, driver.Account, password.Hash) (bool, error) // in users
	badCredentials                        badCredentials
	// ownUsers: sessions belong to rows of Users; otherwise RetrieveUser alone knows whose they are.
	ownUsers bool
	// retrieves: RetrieveUser looks the user up, and retriever tells which one it is.
	retrieves bool
	retriever any
	user      reflect.Type // U
	// account tells what is known of a user, who is a *U.
	account func(user any) (driver.Account, error)
	// retrieve calls RetrieveUser for what it reads.
	retrieve   func(*gin.Context, *state)
	prefix     string // of all paths, as browsers see them
	pages      Pages
	render     func(*gin.Context, *Problem)
	translator func(*gin.Context) ut.Translator
	log        *slog.Logger
}

// compile takes valid options.
func (cfg *Config[U]) compile() *mount {
	o := cfg.o
	origins, _ := origin.NewCheck(o.TrustedOrigins, o.Cookie.InsecureLocalhost)
	excluded, _ := rule.Compile(o.Exclude)
	trusted, _ := proxy.Parse(o.TrustedProxies)
	may, _ := rule.Compile(o.UnverifiedMay)
	m := &mount{
		excluded: excluded, unverified: o.Unverified, unverifiedMay: may, origins: origins, proxies: trusted, watch: watchFor(o.Logger),
		users: o.Users, retrieves: o.RetrieveUser != nil, lifetime: o.Lifetime, idleTimeout: o.IdleTimeout, touchEvery: o.TouchEvery,
		rememberIdleTimeout: o.RememberIdleTimeout, rememberLifetime: o.RememberLifetime, maxSessions: o.MaxSessions, rotationGrace: o.RotationGrace,
		ownUsers: o.Users != nil, pages: o.Pages, prefix: baseurl.Path(o.BaseURL), render: o.Render, translator: o.Translator, log: o.Logger,
		user: reflect.TypeFor[U](), account: cfg.accountOfAny, passwords: o.Passwords,
	}
	m.rules, _ = o.compileRouteRules()
	m.retriever = route.Identity(o.RetrieveUser)
	if m.ownUsers {
		m.stillLive = cfg.stillLive
	}
	m.badCredentials = countBadCredentials(cfg, trusted, m)
	m.throttle = newAttempts(cfg, trusted)
	if !o.NoSessions {
		cfg.keepSessions(m)
	}
	if len(o.ClearSiteData) > 0 {
		m.clearSiteData = `"` + strings.Join(o.ClearSiteData, `", "`) + `"`
	}
	return m
}

func (cfg *Config[U]) keepSessions(m *mount) {
	m.cookie, m.browser = cfg.o.Cookie.compile(), cfg.o.Cookie.compileBrowser()
	m.sessions, _ = cfg.o.sessionStore()
	m.keeper = m.sessions
	if m.sessions == nil {
		m.keeper, m.gorilla = cfg.o.Sessions, otherstore.New(cfg.o.Sessions, m.cookie.name, otherstore.AuthorityOf(cfg.o.Users))
	}
	m.findUser = cfg.userLookup(m.sessions)
	if cfg.o.RetrieveUser != nil {
		m.retrieve = func(c *gin.Context, st *state) { _, _ = recordKeys(c, st, cfg.o.RetrieveUser) }
	}
	m.authenticate = m.findUser
}

// dropSessions is for a chain of backends without SessionAuth.
func (m *mount) dropSessions() {
	m.cookie, m.browser, m.keeper, m.sessions, m.gorilla = cookie{}, cookie{}, nil, nil, nil
	m.findUser, m.retrieve, m.authenticate = nil, nil, nil
}

// made returns an error for a Config that New did not make.
func (cfg *Config[U]) made() error {
	if cfg == nil || cfg.m == nil {
		return errors.New("the Config is nil or empty: make it with ginauth.New, and check its error")
	}
	return nil
}

// mounted is the compiled Config for a constructor, which panics when New did not make it: routes are built at start-up,
// where that is the earliest and loudest answer.
func (cfg *Config[U]) mounted(constructor string) *mount {
	if err := cfg.made(); err != nil {
		panic(fmt.Sprintf("ginauth.%s: %v", constructor, err)) //nolint:forbidigo // while routes are built
	}
	return cfg.m
}

// accounts is mounted for handlers that need accounts.
func (cfg *Config[U]) accounts(constructor string) *mount {
	m := cfg.mounted(constructor)
	if cfg.o.Users == nil {
		panic(fmt.Sprintf("ginauth.%s: Options.Users is not set: set it (such as store.New[store.User](pool)), or write the handler with ginauth.SignIn", constructor)) //nolint:forbidigo // while routes are built
	}
	return m
}
