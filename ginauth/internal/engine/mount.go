package engine

import (
	"log/slog"
	"net/http"
	"reflect"
	"time"

	"github.com/gin-gonic/gin"
	ut "github.com/go-playground/universal-translator"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/otherstore"
	"github.com/ginauth/ginauth/ginauth/internal/proxy"
	"github.com/ginauth/ginauth/ginauth/internal/rule"
	"github.com/ginauth/ginauth/ginauth/password"
	"github.com/ginauth/ginauth/ginauth/problem"
)

// Mount is what Options are compiled to, once. It is not generic: what depends on U is in its functions, which carry
// the user as a *U inside an any.
type Mount struct {
	Cookie   Cookie
	Browser  Cookie
	Excluded rule.List
	Rules    RouteRules
	// UnverifiedMay are the exceptions of unverified.
	UnverifiedMay rule.List
	Unverified    Unverified
	Origins       *http.CrossOriginProtection
	Proxies       proxy.Trusted
	Watch         *watch
	Users         any                                       // the driver.Users[U]
	Keeper        any                                       // of the sessions, to tell two mounts apart
	Sessions      driver.Sessions                           // nil with gorilla
	Gorilla       *otherstore.Store                         // nil with sessions
	FindUser      func(*gin.Context, *State) (Proof, error) // of the session
	// Authenticate asks the providers; it is findUser where the session is the only one.
	Authenticate func(*gin.Context, *State) (Proof, error)
	Providers    []Provider
	AsksBackends bool // other than the session's
	challenges   []string
	varies       []string // request headers with credentials
	ambient      bool     // some credential may come along by itself
	Lifetime     time.Duration
	IdleTimeout  time.Duration
	TouchEvery   time.Duration

	RememberIdleTimeout, RememberLifetime time.Duration
	RotationGrace                         time.Duration
	MaxSessions                           int
	ClearSiteData                         string
	Passwords                             *password.Hasher
	Policy                                password.Policy
	Throttle                              *attempts // of handlers that need accounts
	BadCredentials                        badCredentials
	// OwnUsers: sessions belong to rows of Users; otherwise RetrieveUser alone knows whose they are.
	OwnUsers bool
	// Retrieves: RetrieveUser looks the user up, and retriever tells which one it is.
	Retrieves bool
	Retriever any
	User      reflect.Type // U
	Edge      Edge
	// Retrieve calls RetrieveUser for what it reads.
	Retrieve   func(*gin.Context, *State)
	Prefix     string // of all paths, as browsers see them
	Pages      Pages
	Render     func(*gin.Context, *problem.Details)
	Translator func(*gin.Context) ut.Translator
	Log        *slog.Logger
}

// DropSessions is for a chain of backends without SessionAuth.
func (m *Mount) DropSessions() {
	m.Cookie, m.Browser, m.Keeper, m.Sessions, m.Gorilla = Cookie{}, Cookie{}, nil, nil, nil
	m.FindUser, m.Retrieve, m.Authenticate = nil, nil, nil
}
