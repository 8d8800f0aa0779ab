package ginauth

import (
	"fmt"

	"github.com/gin-gonic/gin"
)

// sessionAuth is the session as a Backend. The middleware knows it and takes the short way.
type sessionAuth[U any] struct{ cookie string }

// SessionAuth returns the Backend of cfg's sessions, for Authenticate. A cookie whose session has
// ended is bad credentials; a session without a user is none. It panics where Options.NoSessions is set.
func SessionAuth[U any](cfg *Config[U]) Backend[U] {
	return sessionsOf("SessionAuth", cfg)
}

func sessionsOf[U any](constructor string, cfg *Config[U]) *sessionAuth[U] {
	m := cfg.mounted(constructor)
	if cfg.o.NoSessions {
		panic(fmt.Sprintf("ginauth.%s: Options.NoSessions is set, so there are no sessions: leave it out", constructor)) //nolint:forbidigo // while routes are built
	}
	return &sessionAuth[U]{cookie: m.cookie.name}
}

// Authenticate returns the session's user, below the middleware that Authenticate or Session made.
func (s *sessionAuth[U]) Authenticate(c *gin.Context) (Principal[U], error) {
	_, st, err := stateOf(c)
	if err != nil {
		return Principal[U]{}, err
	}
	if st.m.cookie.name != s.cookie {
		return Principal[U]{}, fmt.Errorf("%w: no sessions of this Config are mounted", ErrNotMounted)
	}
	p, err := st.m.sessionOrNone(c, st)
	if err != nil {
		return Principal[U]{}, err
	}
	u, ok := p.user.(*U)
	if !ok {
		return Principal[U]{}, fmt.Errorf("%w: the session's user is a %T", ErrNotMounted, p.user)
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	return Principal[U]{User: *u, Credential: SessionView{st}, AuthenticatedAt: st.record.AuthenticatedAt}, nil
}

// Scheme returns the cookie, under the name "sessionCookie".
func (s *sessionAuth[U]) Scheme() Scheme {
	return Scheme{Name: sessionScheme, Description: "Session cookie authentication.", Type: "apiKey", In: "cookie", Parameter: s.cookie}
}

const sessionScheme = "sessionCookie"
