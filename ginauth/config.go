package ginauth

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/baseurl"
	"github.com/ginauth/ginauth/ginauth/internal/engine"
	"github.com/ginauth/ginauth/ginauth/internal/form"
	"github.com/ginauth/ginauth/ginauth/internal/identifier"
	"github.com/ginauth/ginauth/ginauth/internal/oldlogin"
	"github.com/ginauth/ginauth/ginauth/internal/origin"
	"github.com/ginauth/ginauth/ginauth/internal/otherstore"
	"github.com/ginauth/ginauth/ginauth/internal/proxy"
	"github.com/ginauth/ginauth/ginauth/internal/route"
	"github.com/ginauth/ginauth/ginauth/internal/rule"
)

// Config is the checked and compiled form of Options. New makes it once, for every constructor of
// this module. It never changes afterwards and is safe for concurrent use.
type Config[U any] struct {
	o       Options[U] // with defaults
	m       *engine.Mount
	account func(*U) driver.Account
}

// New checks the options and compiles them. Its error has one sentence for each fault, which says
// how to mend it.
func New[U any](o Options[U]) (*Config[U], error) {
	if err := o.made(); err != nil {
		return nil, fmt.Errorf("ginauth.New: %w", err)
	}
	o = o.withDefaults()
	if err := o.validate(); err != nil {
		return nil, fmt.Errorf("ginauth.New: %w", err)
	}
	form.RegisterSentences()
	cfg := &Config[U]{o: o, account: accountOf(o.Account)}
	cfg.m = cfg.compile()
	return cfg, nil
}

// Options returns the options that were given to New, with defaults in place of empty fields.
func (cfg *Config[U]) Options() Options[U] { return cfg.o }

// Account returns the part of a user that ginauth reads, by Options.Account. It is zero for a nil
// pointer.
func (cfg *Config[U]) Account(u U) driver.Account { return cfg.account(&u) }

// compile expects options that have passed validate.
func (cfg *Config[U]) compile() *engine.Mount {
	o := cfg.o
	origins, _ := origin.NewCheck(o.TrustedOrigins, o.Cookie.InsecureLocalhost)
	excluded, _ := rule.Compile(o.Exclude)
	trusted, _ := proxy.Parse(o.TrustedProxies)
	may, _ := rule.Compile(o.UnverifiedMay)
	m := &engine.Mount{
		LocalhostOnly: o.Cookie.InsecureLocalhost,
		Excluded:      excluded, Unverified: engine.Unverified(o.Unverified), UnverifiedMay: may, Origins: origins, Proxies: trusted, Watch: engine.WatchFor(o.Logger),
		Users: o.Users, Retrieves: o.RetrieveUser != nil, Lifetime: o.Lifetime, IdleTimeout: o.IdleTimeout, TouchEvery: o.TouchEvery,
		RememberIdleTimeout: o.RememberIdleTimeout, RememberLifetime: o.RememberLifetime, MaxSessions: o.MaxSessions, RotationGrace: o.RotationGrace,
		KnowsOwner: o.knowsOwner(), External: o.external(), FindsUsers: o.Users != nil || o.FindUser != nil, Pages: engine.Pages(o.Pages), Prefix: baseurl.Path(o.BaseURL), Render: o.Render, Translator: o.Translator, Log: o.Logger, Observer: o.Observer,
		User: reflect.TypeFor[U](), Edge: userEdge[U]{cfg}, Passwords: o.Passwords, Policy: o.Policy,
	}
	m.Realm, m.Realms, m.BaseURLOf = o.Realm, route.Identity(o.Realm), o.BaseURLOf
	emails, _ := o.keepsIdentifiers()
	m.Names, _ = identifier.New(identifier.Kind(o.Identifier), o.ReservedUsernames, o.UnicodeEmails)
	m.Names.NoEmails = !emails
	m.Rules, _ = o.compileRouteRules()
	m.Retriever = route.Identity(o.RetrieveUser)
	m.BadCredentials = engine.NewBadCredentials(engine.NewLimit(nil, o.Limits.BadCredentialsPerAddress).PerAddress, o.Limits.InsecureUnlimited, m)
	m.Throttle = engine.NewAttempts(o.Limiter, o.Limits.compile(), o.Cookie.compileBrowser(), m)
	if !o.NoSessions {
		cfg.keepSessions(m)
	}
	if len(o.ClearSiteData) > 0 {
		m.ClearSiteData = `"` + strings.Join(o.ClearSiteData, `", "`) + `"`
	}
	return m
}

func (cfg *Config[U]) keepSessions(m *engine.Mount) {
	m.Cookie, m.Browser = cfg.o.Cookie.compile(), cfg.o.Cookie.compileBrowser()
	m.Sessions, _ = cfg.o.sessionStore()
	m.Keeper = m.Sessions
	if m.Sessions == nil {
		m.Keeper, m.Gorilla = cfg.o.Sessions, otherstore.New(cfg.o.Sessions, m.Cookie.Name, otherstore.AuthorityOf(cfg.o.Users))
	}
	if cfg.o.AcceptOnce != nil {
		keeper, _ := m.Sessions.(driver.SessionExchanger)
		m.Old = oldlogin.New(cfg.o.AcceptOnce, keeper, cfg.o.Logger)
	}
	m.FindUser = cfg.userLookup(m.Sessions)
	if cfg.o.RetrieveUser != nil {
		m.Retrieve = func(c *gin.Context, st *engine.State) { _, _ = recordKeys(c, st, cfg.o.RetrieveUser) }
	}
	m.Authenticate = m.FindUser
}

// Engine returns the internal form of a Config that the packages of this module share; other
// modules cannot use it. It is nil for a Config that New did not make.
func (cfg *Config[U]) Engine() *engine.Mount {
	if cfg == nil {
		return nil
	}
	return cfg.m
}
