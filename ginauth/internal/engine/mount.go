package engine

import (
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
	"github.com/ginauth/ginauth/ginauth/internal/audit"
	"github.com/ginauth/ginauth/ginauth/internal/baseurl"
	"github.com/ginauth/ginauth/ginauth/internal/identifier"
	"github.com/ginauth/ginauth/ginauth/internal/oldlogin"
	"github.com/ginauth/ginauth/ginauth/internal/otherstore"
	"github.com/ginauth/ginauth/ginauth/internal/proxy"
	"github.com/ginauth/ginauth/ginauth/internal/rule"
	"github.com/ginauth/ginauth/ginauth/password"
	"github.com/ginauth/ginauth/ginauth/problem"
)

// Mount is the compiled form of Options. It is not generic: functions that depend on U carry the
// user as a *U inside an any.
type Mount struct {
	LocalhostOnly bool // for development without TLS
	Cookie        Cookie
	Browser       Cookie
	Excluded      rule.List
	Rules         RouteRules
	// UnverifiedMay are the exceptions of Unverified.
	UnverifiedMay rule.List
	Unverified    Unverified
	Origins       *http.CrossOriginProtection
	// Realm returns a request's tenant; nil where there is one alone. Realms identifies the function.
	Realm  func(*gin.Context) (string, error)
	Realms any
	// BaseURLOf returns the URL of a realm's app; nil where Prefix is that of all.
	BaseURLOf func(realm string) (string, error)
	Proxies   proxy.Trusted
	Watch     *watch
	Users     any                                       // the driver.Users[U]
	Keeper    any                                       // the store of the sessions
	Sessions  driver.Sessions                           // nil if Gorilla is set
	Gorilla   *otherstore.Store                         // nil if Sessions is set
	FindUser  func(*gin.Context, *State) (Proof, error) // finds the session's user
	// Authenticate asks the providers. It is FindUser if sessions are the only one.
	Authenticate func(*gin.Context, *State) (Proof, error)
	Providers    []Provider
	AsksBackends bool // whether there are backends other than the session
	challenges   []string
	varies       []string // request headers with credentials
	ambient      bool     // browsers may send some credential automatically
	Lifetime     time.Duration
	IdleTimeout  time.Duration
	TouchEvery   time.Duration

	RememberIdleTimeout, RememberLifetime time.Duration
	RotationGrace                         time.Duration
	MaxSessions                           int
	ClearSiteData                         string
	Passwords                             *password.Hasher
	Policy                                password.Policy
	Names                                 identifier.Rules
	Throttle                              *Attempts // for handlers that need accounts
	BadCredentials                        badCredentials
	// KnowsOwner: each session is stored with its user's ID. Otherwise only RetrieveUser knows
	// whose it is.
	KnowsOwner bool
	// External is the store of sessions if the accounts are kept elsewhere, otherwise nil.
	External driver.External
	// FindsUsers: the app finds a user by an id.
	FindsUsers bool
	// Old are logins of before that go on; nil where there are none.
	Old *oldlogin.Logins
	// Retrieves: RetrieveUser looks the user up. Retriever identifies that function.
	Retrieves bool
	Retriever any
	User      reflect.Type // U
	Edge      Edge
	// Retrieve calls RetrieveUser only to record which values it reads.
	Retrieve   func(*gin.Context, *State)
	Prefix     string // of all paths that browsers see
	Pages      Pages
	Render     func(*gin.Context, *problem.Details)
	Translator func(*gin.Context) ut.Translator
	Log        *slog.Logger
	Observer   driver.Observer // nil where nobody measures
}

// DropSessions removes sessions from a mount whose backends have no SessionAuth.
func (m *Mount) DropSessions() {
	m.Cookie, m.Browser, m.Keeper, m.Sessions, m.Gorilla = Cookie{}, Cookie{}, nil, nil, nil
	m.FindUser, m.Retrieve, m.Authenticate, m.Old = nil, nil, nil, nil
}

// TakesUsernames says whether users log in with names, and with addresses, for the API description.
func (m *Mount) TakesUsernames() (names, addresses bool) {
	return m.Names.Kind != identifier.Email, m.Names.Kind != identifier.Username
}

// Made returns an error for a Config that New did not make.
func (m *Mount) Made() error {
	if m == nil {
		return errors.New("the Config is nil or empty: make it with ginauth.New, and check its error")
	}
	return nil
}

// Mounted returns m, for the named constructor. It panics if New did not make the Config: routes
// are built at start-up, where a panic is the earliest and loudest answer.
func (m *Mount) Mounted(constructor string) *Mount {
	if err := m.Made(); err != nil {
		panic(fmt.Sprintf("%s: %v", constructor, err)) //nolint:forbidigo // while routes are built
	}
	return m
}

// WithAccounts is Mounted for handlers that need accounts.
func (m *Mount) WithAccounts(constructor string) *Mount {
	if m.Mounted(constructor).Users == nil {
		panic(constructor + ": Options.Users is not set: set it (such as store.New[store.User](pool)), or write the handler with ginauth.SignIn") //nolint:forbidigo // while routes are built
	}
	return m
}

// UsersAs returns the user store as the optional interface that a handler needs.
func UsersAs[S any](constructor string, m *Mount) S {
	s, ok := m.Users.(S)
	if !ok {
		name, _, _ := strings.Cut(reflect.TypeFor[S]().Name(), "[")
		panic(fmt.Sprintf("%s needs Options.Users to be a driver.%s, which a %T is not: use store.New, or add its methods to your store", constructor, name, m.Users)) //nolint:forbidigo // while routes are built
	}
	return s
}

// prefix is what browsers see in front of the app's paths, in the realm of the request.
func (m *Mount) prefix(c *gin.Context) string {
	if m.BaseURLOf == nil {
		return m.Prefix
	}
	ctx := c.Request.Context()
	base, err := m.BaseURLOf(driver.Realm(ctx))
	if err != nil {
		m.Log.ErrorContext(ctx, "ginauth: Options.BaseURLOf failed", "error", err)
	}
	return baseurl.Path(base)
}

// Facts returns what CheckRoutes needs to know.
func (m *Mount) Facts() audit.Facts {
	f := audit.Facts{
		User: m.User, Pages: audit.PagePaths(m.Pages), Proxies: m.Proxies, WantsVerified: m.Unverified != UnverifiedAllowed,
	}
	if users, knows := m.Users.(interface{ SendsMail() bool }); knows {
		f.SendsMail = users.SendsMail()
	}
	for _, one := range m.Rules.Conditions {
		f.OptOuts = append(f.OptOuts, audit.OptOut{Field: audit.ExcludeIf, Text: one.Text, Routes: one.Routes})
	}
	for _, one := range m.Rules.Origins {
		field := "TrustedOriginsFor"
		if one.Check == nil {
			field = audit.SkipOriginCheck
		}
		f.OptOuts = append(f.OptOuts, audit.OptOut{Field: field, Text: one.Text, Routes: one.Routes})
	}
	return f
}

// Differs says, for CheckRoutes, how a handler's mount differs from its Session's.
func (m *Mount) Differs(session audit.Mount) string { return m.differs(session.(*Mount)) } //nolint:forcetypeassert,errcheck // there is no other

// Unlike says, for CheckRoutes, why a Session cannot stand behind another.
func (m *Mount) Unlike(outer audit.Mount) string { return m.unlike(outer.(*Mount)) } //nolint:forcetypeassert,errcheck // there is no other

// Manager returns the store that lists sessions and ends them, or nil if the sessions' store
// cannot. An API without sessions may still have logins by refresh tokens; then it is the store of
// users.
func (m *Mount) Manager() driver.Logins {
	keeper := m.Keeper
	if keeper == nil {
		keeper = m.Users
	}
	if keeper == nil {
		keeper = m.External
	}
	manager, _ := keeper.(driver.Logins)
	return manager
}

// EventLog returns the store of the accounts' events, or nil.
func (m *Mount) EventLog() driver.EventLog {
	if log, ok := m.Users.(driver.EventLog); ok {
		return log
	}
	log, _ := m.External.(driver.EventLog)
	return log
}

// Elsewhere returns the store of what belongs to users who are kept elsewhere. It returns nil if
// there is none, or if the app cannot find a user by an id.
func (m *Mount) Elsewhere() driver.External {
	if !m.FindsUsers {
		return nil
	}
	return m.External
}

// Epochs returns the store that can end all sessions of a user at once, wherever they are kept, or
// nil.
func (m *Mount) Epochs() driver.Logins {
	if m.Gorilla != nil && m.Gorilla.Authority != nil {
		manager, _ := m.Users.(driver.Logins)
		return manager
	}
	return m.Manager()
}
