package ginauth

import (
	"context"
	"errors"
	"fmt"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/password"
)

// SignInOption changes what SignIn does.
type SignInOption func(*driver.NewSession)

// Remember makes a session that outlives the browser, with the lifetimes
// Options.RememberIdleTimeout and Options.RememberLifetime.
func Remember() SignInOption { return func(n *driver.NewSession) { n.Persistent = true } }

// SignIn logs a user in whom the app has authenticated in its own way. The session gets a new
// token, and the one before is worthless from then on (OWASP ASVS 7.2.4); of its values,
// only those set in this request go along. It returns ErrInvalidCredentials for a user
// who is disabled or gone, ErrUnavailable when the store cannot be asked, and ErrNotMounted on
// a route that Session does not cover, see CanSignIn, and where Sessions does not know a user whom
// Users has. Call it before the answer begins.
func SignIn[U any](c *gin.Context, u U, options ...SignInOption) error {
	st, err := changing(c)
	if err != nil {
		return err
	}
	account, err := st.m.account(&u)
	if err != nil {
		return err
	}
	if account.ID == "" {
		return errors.New("signing in: the user has no ID")
	}
	var n driver.NewSession
	for _, option := range options {
		option(&n)
	}
	return st.signIn(c, &u, account, n)
}

// CanSignIn returns ErrNotMounted where SignIn would, for logins that spend something first, such as a link or a
// code of one use. It asks no store.
func CanSignIn(c *gin.Context) error {
	_, err := changing(c)
	return err
}

// SignOut ends the session: it is deleted at once, and its cookie with the answer. Without
// a session it does nothing. A request that a token or key authenticated gets the error session_required, unless it also
// has a session of the same user and the credential has no scopes. It returns ErrUnavailable when the store cannot be
// asked, and then the session may still be alive. Call it before the answer begins.
func SignOut(c *gin.Context) error {
	st, err := changing(c)
	if err != nil {
		return err
	}
	return st.signOut(c)
}

// Renew gives the session a new token and keeps everything else; the old one is worthless
// at once, but for Options.RotationGrace. Call it when the user's rights change. Without a session of the current user it does nothing. It
// returns ErrUnauthenticated for a session that ended meanwhile.
func Renew(c *gin.Context) error {
	st, err := changing(c)
	if err != nil {
		return err
	}
	return st.rotate(c, driver.SessionChange{})
}

var errBegun = errors.New("the answer has begun: its session cookie cannot change any more")

func (st *state) signIn(c *gin.Context, user any, account driver.Account, n driver.NewSession) error {
	if st.writer.begun {
		return errBegun
	}
	if account.Disabled {
		return ErrInvalidCredentials
	}
	if err := st.replace(c, account, n); err != nil {
		if errors.Is(err, driver.ErrNoUser) {
			return st.explainNoUser(c, account, n.Credential, err)
		}
		return err
	}
	st.setUser(user, account)
	return nil
}

// explainNoUser tells a user who was disabled or deleted, or got another password, just now, from one whom Users
// has and the sessions' store does not know: a fault of the set-up, which must not look like a wrong password (SEC-190).
func (st *state) explainNoUser(c *gin.Context, account driver.Account, credential password.Hash, err error) error {
	known, asking := st.m.stillLive(AuditContext(c), account, credential)
	switch {
	case asking != nil:
		return asking
	case known:
		return fmt.Errorf("%w: Options.Users, a %T, has the user %s, and Options.Sessions, a %T, does not know it: have both on one database: %v",
			ErrNotMounted, st.m.users, account.ID, st.m.keeper, err) //nolint:errorlint // nobody may take it for ErrNoUser
	}
	return fmt.Errorf("%w: %w", ErrInvalidCredentials, err)
}

// stillLive returns whether Users has the account, not disabled, and with the credential unless that is zero.
func (cfg *Config[U]) stillLive(ctx context.Context, account driver.Account, credential password.Hash) (live bool, err error) {
	u, err := cfg.o.Users.FindUser(ctx, account.ID)
	if err == nil && !credential.IsZero() {
		var hash password.Hash
		if canonical, invalid := driver.CanonicalEmail(cfg.account(&u).Identifier); invalid == nil {
			if u, hash, err = cfg.o.Users.FindCredential(ctx, canonical); hash.Reveal() != credential.Reveal() {
				return false, err
			}
		}
	}
	if errors.Is(err, driver.ErrNoUser) {
		return false, nil
	}
	found := cfg.account(&u)
	return err == nil && found.ID == account.ID && !found.Disabled, err
}

// replace swaps the session for a new one of this account.
func (st *state) replace(c *gin.Context, account driver.Account, n driver.NewSession) error {
	st.mu.Lock()
	defer st.mu.Unlock()
	n.Authenticated = true
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
	st.m.recordSession(ctx, driver.LoginSucceeded, n.UserID, st.digest)
	if st.record.Evicted > 0 { // SEC-80
		st.m.event(c, driver.SessionsEvicted, "user_id", account.ID, "session", st.digest, "evicted", st.record.Evicted)
	}
	return nil
}

func (st *state) signOut(c *gin.Context) error {
	if err := st.ownSession(c); err != nil {
		return err
	}
	ctx, user, session := AuditContext(c), st.proof.account.ID, st.digest
	if err := st.end(ctx); err != nil {
		return err
	}
	st.m.recordSession(ctx, driver.LoggedOut, user, session)
	st.setUser(nil, driver.Account{})
	return nil
}
