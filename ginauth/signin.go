package ginauth

import (
	"errors"
	"fmt"

	"github.com/gin-gonic/gin"
)

// SignInOption changes what SignIn does.
type SignInOption func(*NewSession)

// Remember makes a session that outlives the browser, with the lifetimes
// Config.RememberIdleTimeout and Config.RememberLifetime.
func Remember() SignInOption { return func(n *NewSession) { n.Persistent = true } }

// SignIn logs a user in whom the app has authenticated in its own way. The session gets a new
// token, and the one before is worthless from then on (OWASP ASVS 7.2.4); of its values,
// only those set in this request go along. It returns ErrInvalidCredentials for a user
// who is disabled or gone, ErrUnavailable when the store cannot be asked, and ErrNotMounted on
// a route that Session does not cover; see CanSignIn. Call it before the answer begins.
func SignIn[U User](c *gin.Context, u U, options ...SignInOption) error {
	st, err := withSessions(c)
	if err != nil {
		return err
	}
	if u.Account().ID == "" {
		return errors.New("signing in: the user has no ID")
	}
	var n NewSession
	for _, option := range options {
		option(&n)
	}
	return st.signIn(c, &u, u.Account(), n)
}

// CanSignIn returns ErrNotMounted where SignIn would, for logins that spend something first, such as a link or a
// code of one use. It asks no store.
func CanSignIn(c *gin.Context) error {
	_, err := withSessions(c)
	return err
}

// SignOut ends the session: it is deleted at once, and its cookie with the answer. Without
// a session it does nothing. It returns ErrUnavailable when the store cannot be
// asked, and then the session may still be alive. Call it before the answer begins.
func SignOut(c *gin.Context) error {
	st, err := withSessions(c)
	if err != nil {
		return err
	}
	return st.signOut(c)
}

// Renew gives the session a new token and keeps everything else; the old one is worthless
// at once, but for Config.RotationGrace. Call it when the user's rights change. Without a session it does nothing. It
// returns ErrUnauthenticated for a session that ended meanwhile.
func Renew(c *gin.Context) error {
	st, err := withSessions(c)
	if err != nil {
		return err
	}
	return st.rotate(c, SessionChange{})
}

var errBegun = errors.New("the answer has begun: its session cookie cannot change any more")

func (st *state) signIn(c *gin.Context, user any, account Account, n NewSession) error {
	if st.writer.begun {
		return errBegun
	}
	if account.Disabled {
		return ErrInvalidCredentials
	}
	if err := st.replace(c, account, n); err != nil {
		if errors.Is(err, ErrNoUser) {
			return fmt.Errorf("%w: %w", ErrInvalidCredentials, err)
		}
		return err
	}
	st.setUser(user, account)
	return nil
}

// replace swaps the session for a new one of this account.
func (st *state) replace(c *gin.Context, account Account, n NewSession) error {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.m.ownUsers {
		n.UserID, n.Limit = account.ID, st.m.maxSessions
	}
	if st.hasToken {
		n.Replaces = st.digest
	}
	ctx := st.audit(c)
	if err := st.create(ctx, n); err != nil {
		return err
	}
	st.m.recordSession(ctx, EventLogin, n.UserID, st.digest)
	if st.record.Evicted > 0 { // SEC-80
		st.m.event(c, EventSessionsEvicted, "user_id", account.ID, "session", st.digest, "evicted", st.record.Evicted)
	}
	return nil
}

func (st *state) signOut(c *gin.Context) error {
	ctx, user, session := AuditContext(c), st.proof.account.ID, st.digest
	if err := st.end(ctx); err != nil {
		return err
	}
	st.m.recordSession(ctx, EventLogout, user, session)
	st.setUser(nil, Account{})
	return nil
}
