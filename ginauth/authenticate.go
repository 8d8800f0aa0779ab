package ginauth

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/route"
)

// Authenticate returns the middleware that protects every route registered after it, except those
// of Options.Exclude, by any of the backends. They are asked in order, and the first that finds
// credentials of its kind decides: bad ones are refused, whatever else the request carries. Browsers
// send cookies by themselves, so put SessionAuth after what a client has to send on purpose.
//
//	r.Use(ginauth.Authenticate(cfg, jwt.Bearer(…), ginauth.SessionAuth(cfg)))
//
// Everything else is as with Session: CurrentUser, guards, errors and excluded routes do not care
// about the backend. Without SessionAuth there are no sessions and no cookie: set Options.NoSessions where there is no source
// of users either; unsafe requests from other origins are refused unless every backend reads bearer tokens or has its
// Scheme declare SentOnPurpose.
//
// Authenticate panics when a backend's Scheme is invalid, and without backends.
func Authenticate[U any](cfg *Config[U], backends ...Backend[U]) gin.HandlerFunc {
	h := protect(compileChain("Authenticate", cfg, backends), cfg.o.Exclude, cfg.o.UnverifiedMay)
	return h.As(func(c *gin.Context) { h.Serve(c) })
}

// proof is who sent a request, and how that is known.
type proof struct {
	user            any // *U
	account         driver.Account
	via             string
	credential      any
	scopes          []string
	authenticatedAt time.Time
	session         driver.SessionID // of another backend than sessions
	now             time.Time
}

// provider is a Backend without its type parameter.
type provider struct {
	scheme       route.Scheme
	backend      any
	authenticate func(*gin.Context, *state) (proof, error)
}

func compileChain[U any](constructor string, cfg *Config[U], backends []Backend[U]) *mount {
	m := *cfg.mounted(constructor)
	refuse := func(format string, args ...any) {
		panic(fmt.Sprintf("ginauth.%s: ", constructor) + fmt.Sprintf(format, args...)) //nolint:forbidigo // while routes are built
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
			if own.cookie != m.cookie.name {
				refuse("SessionAuth has another Cookie: give it the same Config")
			}
		}
	}
	if len(backends) == 0 {
		refuse("name a backend, such as ginauth.SessionAuth(cfg)")
	}
	if !sessions {
		m.dropSessions()
	}
	for _, b := range backends {
		p := adapt(cfg, &m, b)
		if err := p.scheme.Validate(); err != nil {
			refuse("the Scheme of a %T %s", b, err)
		}
		if slices.ContainsFunc(m.providers, func(other provider) bool { return other.scheme.Name == p.scheme.Name }) {
			refuse("two backends have a Scheme of the name %q: give one another name", p.scheme.Name)
		}
		m.add(p)
	}
	if len(backends) == 1 && sessions { // nothing to choose from
		return &m
	}
	m.authenticate, m.asksBackends = m.askAll, true
	return &m
}

func adapt[U any](cfg *Config[U], m *mount, b Backend[U]) provider {
	if _, ok := b.(*sessionAuth[U]); ok {
		return provider{scheme: route.Scheme(b.Scheme()), backend: sessionAuth[U]{}, authenticate: m.sessionOrNone}
	}
	scheme := route.Scheme(b.Scheme())
	return provider{scheme: scheme, backend: b, authenticate: func(c *gin.Context, _ *state) (proof, error) {
		p, err := b.Authenticate(c)
		if err != nil {
			return proof{}, err
		}
		account := cfg.account(&p.User)
		if account.ID == "" || account.Disabled {
			return proof{}, ErrBadCredentials
		}
		now := time.Now() //nolint:forbidigo // a backend has no other clock
		if inFuture(p.AuthenticatedAt, now) {
			p.AuthenticatedAt = time.Time{} // no proof yet, also for rules of the app's own
		}
		if scheme.Scoped && p.Scopes == nil {
			p.Scopes = []string{}
		}
		return proof{
			user: &p.User, account: account, via: scheme.Name,
			credential: p.Credential, scopes: p.Scopes, authenticatedAt: p.AuthenticatedAt, session: p.Session, now: now,
		}, nil
	}}
}

// askAll asks one backend after the other until one finds credentials.
func (m *mount) askAll(c *gin.Context, st *state) (proof, error) {
	st.mu.Lock()
	st.asked = true
	st.mu.Unlock()
	for i := range m.providers {
		p, err := m.providers[i].authenticate(c, st)
		if errors.Is(err, ErrNoCredentials) {
			continue
		}
		if err != nil {
			st.refusedBy.Store(int32(i) + 1)
		}
		return p, m.refuseCredentials(c, m.providers[i].scheme.Name, err)
	}
	return proof{}, ErrUnauthenticated
}

// refuseCredentials limits how many bad ones a client may send. Any other error, and none, stays.
func (m *mount) refuseCredentials(c *gin.Context, via string, err error) error {
	if !errors.Is(err, ErrBadCredentials) {
		return err
	}
	limited := m.badCredentials.refuse(c, err)
	if errors.Is(limited, ErrTooManyAttempts) {
		m.event(c, driver.RateExceeded, "via", via, "reason", "bad credentials")
		return limited
	}
	m.event(c, driver.CredentialsRefused, "via", via, "reason", err.Error())
	return err
}

// sessionOrNone tells a request without a session, or with an anonymous one, from a session that
// is no good.
func (m *mount) sessionOrNone(c *gin.Context, st *state) (proof, error) {
	p, err := m.findUser(c, st)
	if !errors.Is(err, ErrUnauthenticated) || st.sentDeadSession(c) {
		return p, err
	}
	return proof{}, ErrNoCredentials
}

func (st *state) sentDeadSession(c *gin.Context) bool {
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.cookiesSent > 0 && st.load(c.Request.Context()) != nil
}
