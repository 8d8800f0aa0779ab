package ginauth

import (
	"fmt"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/internal/engine"
)

// sessionAuth is the session as a Backend. The middleware recognises it and does not call
// Authenticate.
type sessionAuth[U any] struct{ cookie string }

// SessionAuth returns the Backend for the sessions of cfg, to be given to Authenticate. The cookie
// of a session that has ended is bad credentials; a session without a user is no credentials. It
// panics if Options.NoSessions is set.
func SessionAuth[U any](cfg *Config[U]) Backend[U] {
	return sessionsOf("ginauth.SessionAuth", cfg)
}

func sessionsOf[U any](constructor string, cfg *Config[U]) *sessionAuth[U] {
	m := cfg.Engine().Mounted(constructor)
	if cfg.o.NoSessions {
		panic(constructor + ": Options.NoSessions is set, so there are no sessions: leave it out") //nolint:forbidigo // while routes are built
	}
	return &sessionAuth[U]{cookie: m.Cookie.Name}
}

// Authenticate returns the session's user. It works below the middleware of Authenticate or
// Session.
func (s *sessionAuth[U]) Authenticate(c *gin.Context) (Principal[U], error) {
	_, st, err := engine.StateOf(c)
	if err != nil {
		return Principal[U]{}, err
	}
	if st.Mount.Cookie.Name != s.cookie {
		return Principal[U]{}, fmt.Errorf("%w: no sessions of this Config are mounted", ErrNotMounted)
	}
	p, err := st.Mount.SessionOrNone(c, st)
	if err != nil {
		return Principal[U]{}, err
	}
	u, ok := p.User.(*U)
	if !ok {
		return Principal[U]{}, fmt.Errorf("%w: the session's user is a %T", ErrNotMounted, p.User)
	}
	return Principal[U]{User: *u, Credential: SessionView{st}, AuthenticatedAt: st.Record().AuthenticatedAt}, nil
}

// Scheme describes the cookie, under the name "sessionCookie".
func (s *sessionAuth[U]) Scheme() Scheme {
	return Scheme{Name: engine.SessionScheme, Description: "Session cookie authentication.", Type: "apiKey", In: "cookie", Parameter: s.cookie}
}
