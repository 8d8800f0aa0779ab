package ginauth

import (
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/internal/route"
)

// Auth is what a Guard decides by.
type Auth struct {
	// Account is the current user's.
	Account Account
	// Via is the name of the Scheme by which the request was authenticated.
	Via string
	// Credential is the Principal's: what the request was authenticated by, such as a token's
	// claims. Nil for a session.
	Credential any
	// Scopes are the Principal's: nil when the credential is good for everything.
	Scopes []string
	// AuthenticatedAt is when the user last proved who they are, and Now the store's clock of
	// this request.
	AuthenticatedAt, Now time.Time
}

// Guard is a further condition for a logged-in user. It returns nil to let the request pass,
// and otherwise the error that Fail answers with.
type Guard func(*gin.Context, Auth) error

// Require returns a middleware that asks for a logged-in user, on excluded routes too, and
// then for every guard in turn. Mount it below Session, on a group or a route.
func Require(guards ...Guard) gin.HandlerFunc {
	return route.New(route.Info{Name: "require"}, func(c *gin.Context) {
		auth, err := currentAuth(c)
		if err != nil {
			Fail(c, err)
			return
		}
		for _, guard := range guards {
			if err := guard(c, auth); err != nil {
				Fail(c, err)
				return
			}
		}
	})
}

// Fresh asks that the user proved who they are within d, by a login or by Reauthenticate.
// Otherwise the answer is 403 reauthentication_required. 10 minutes suit changes of
// credentials and the like (OWASP ASVS 7.5.1).
func Fresh(d time.Duration) Guard {
	return func(_ *gin.Context, a Auth) error {
		if a.AuthenticatedAt.IsZero() || a.Now.Sub(a.AuthenticatedAt) > d {
			return ErrReauthenticationRequired
		}
		return nil
	}
}

func currentAuth(c *gin.Context) (Auth, error) {
	st, err := loggedIn(c)
	if err != nil {
		return Auth{}, err
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	return Auth{Account: st.account, AuthenticatedAt: st.record.AuthenticatedAt, Now: st.record.ReadAt}, nil
}
