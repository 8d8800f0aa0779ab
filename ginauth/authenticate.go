package ginauth

import (
	"fmt"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/internal/engine"
	"github.com/ginauth/ginauth/ginauth/internal/route"
)

// Authenticate returns the middleware that protects every route registered after it, except those
// of Options.Exclude. A request may authenticate with any of the backends. The middleware asks them
// in order, and the first backend that finds credentials of its kind decides: if it refuses them,
// the request fails, even when it carries other credentials too. Browsers send cookies
// automatically, so put SessionAuth after backends whose credentials a client sends on purpose.
//
//	r.Use(ginauth.Authenticate(cfg, jwt.Bearer(…), ginauth.SessionAuth(cfg)))
//
// Everything else is as with Session: CurrentUser, guards, errors and excluded routes work the same
// with every backend. Without SessionAuth there are no sessions and no cookie; set
// Options.NoSessions if Users and RetrieveUser are not set either. Unsafe requests from other
// origins are refused, unless every backend reads bearer tokens or its Scheme declares
// SentOnPurpose.
//
// Authenticate panics without backends, and when a backend's Scheme is invalid.
func Authenticate[U any](cfg *Config[U], backends ...Backend[U]) gin.HandlerFunc {
	h := engine.Protect(compileChain("ginauth.Authenticate", cfg, backends), cfg.o.Exclude, cfg.o.UnverifiedMay)
	return h.As(func(c *gin.Context) { h.Serve(c) })
}

func compileChain[U any](constructor string, cfg *Config[U], backends []Backend[U]) *engine.Mount {
	m := *cfg.Engine().Mounted(constructor)
	refuse := func(format string, args ...any) {
		panic(constructor + ": " + fmt.Sprintf(format, args...)) //nolint:forbidigo // while routes are built
	}
	sessions := false
	for _, b := range backends {
		if b == nil {
			refuse("a backend is nil: check the error of its constructor")
		}
		if own, ok := b.(*sessionAuth[U]); ok {
			sessions = true
			if cfg.o.NoSessions {
				refuse("Options.NoSessions is set, so SessionAuth cannot work: leave one of them out")
			}
			if own.cookie != m.Cookie.Name {
				refuse("SessionAuth has another Cookie: give it the same Config")
			}
		}
	}
	if len(backends) == 0 {
		refuse("name a backend, such as ginauth.SessionAuth(cfg)")
	}
	if !sessions {
		m.DropSessions()
	}
	for _, b := range backends {
		p := adapt(cfg, &m, b)
		if err := p.Scheme.Validate(); err != nil {
			refuse("the Scheme of a %T %s", b, err)
		}
		if slices.ContainsFunc(m.Providers, func(other engine.Provider) bool { return other.Scheme.Name == p.Scheme.Name }) {
			refuse("two backends have a Scheme of the name %q: give one another name", p.Scheme.Name)
		}
		m.Add(p)
	}
	if len(backends) == 1 && sessions { // nothing to choose from
		return &m
	}
	m.Authenticate, m.AsksBackends = m.AskAll, true
	return &m
}

func adapt[U any](cfg *Config[U], m *engine.Mount, b Backend[U]) engine.Provider {
	if _, ok := b.(*sessionAuth[U]); ok {
		return engine.Provider{Scheme: route.Scheme(b.Scheme()), Backend: sessionAuth[U]{}, Authenticate: m.SessionOrNone}
	}
	scheme := route.Scheme(b.Scheme())
	return engine.Provider{Scheme: scheme, Backend: b, Authenticate: func(c *gin.Context, _ *engine.State) (engine.Proof, error) {
		p, err := b.Authenticate(c)
		if err != nil {
			return engine.Proof{}, err
		}
		account := cfg.account(&p.User)
		if !account.Usable() {
			return engine.Proof{}, ErrBadCredentials
		}
		now := time.Now() //nolint:forbidigo // a backend has no other clock
		if engine.InFuture(p.AuthenticatedAt, now) {
			p.AuthenticatedAt = time.Time{} // treat a time in the future as no proof
		}
		if scheme.Scoped && p.Scopes == nil {
			p.Scopes = []string{}
		}
		proof := engine.Proof{
			User: &p.User, Account: account, Via: scheme.Name,
			Credential: p.Credential, Scopes: p.Scopes, AuthenticatedAt: p.AuthenticatedAt, Methods: p.Methods, Session: p.Session, Now: now,
		}
		if p.SecondFactor {
			proof.SecondFactorAt = p.AuthenticatedAt
		}
		return proof, nil
	}}
}
