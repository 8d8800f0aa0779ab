package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/password"
)

var errBegun = errors.New("the answer has begun: its session cookie cannot change any more")

// SignIn replaces the session by a new one of the user, as ginauth.SignIn documents it.
func (st *State) SignIn(c *gin.Context, user any, account driver.Account, n driver.NewSession) error {
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
	if err := st.compareAgain(c, account, n.Credential); err != nil {
		return err
	}
	st.SetUser(user, account)
	return nil
}

// explainNoUser finds out why a store refused a user. If Users has the user but the sessions' store
// does not, the set-up is wrong, which must not look like a wrong password (SEC-190). Otherwise the
// user has just been disabled or deleted, or got another password.
func (st *State) explainNoUser(c *gin.Context, account driver.Account, credential password.Hash, err error) error {
	if st.Mount.External != nil || st.Mount.Users == nil { // such a sessions' store knows every user except those who were shut out
		return fmt.Errorf("%w: %w", ErrInvalidCredentials, err)
	}
	known, asking := st.Mount.Edge.Live(AuditContext(c), account, credential)
	switch {
	case asking != nil:
		return asking
	case known:
		return fmt.Errorf("%w: Options.Users, a %T, has the user %s, but Options.Sessions, a %T, does not know it: put both on one database: %v",
			ErrNotMounted, st.Mount.Users, account.ID, st.Mount.Keeper, err) //nolint:errorlint // nobody may take it for ErrNoUser
	}
	return fmt.Errorf("%w: %w", ErrInvalidCredentials, err)
}

// compareAgain ends the new session if the password that began it has just been changed. It is for
// session stores that do not know passwords (SEC-64).
func (st *State) compareAgain(c *gin.Context, account driver.Account, credential password.Hash) error {
	if st.Mount.External == nil || credential.IsZero() {
		return nil
	}
	live, err := st.Mount.Edge.Live(AuditContext(c), account, credential)
	if live && err == nil {
		return nil
	}
	if ended := st.end(context.WithoutCancel(AuditContext(c))); ended != nil {
		return ended
	}
	return cmp.Or(err, error(ErrInvalidCredentials))
}

// replace replaces the session by a new one of this account.
func (st *State) replace(c *gin.Context, account driver.Account, n driver.NewSession) error {
	st.mu.Lock()
	defer st.mu.Unlock()
	n.Authenticated = true
	if st.Mount.KnowsOwner {
		n.UserID, n.Limit = account.ID, st.Mount.MaxSessions
	}
	if st.hasToken {
		n.Replaces = st.digest
	}
	ctx := st.audit(c)
	if err := st.create(ctx, n); err != nil {
		return err
	}
	st.Mount.RecordSession(ctx, driver.LoginSucceeded, n.UserID, st.digest)
	if st.record.Evicted > 0 { // SEC-80
		st.Mount.Event(c, driver.SessionsEvicted, "user_id", account.ID, "session", st.digest, "evicted", st.record.Evicted)
	}
	return nil
}

// SignOut ends the session, as ginauth.SignOut documents it.
func (st *State) SignOut(c *gin.Context) error {
	if err := st.OwnSession(c); err != nil {
		return err
	}
	ctx, user, session := AuditContext(c), st.proof.Account.ID, st.digest
	if err := st.end(ctx); err != nil {
		return err
	}
	st.Mount.RecordSession(ctx, driver.LoggedOut, user, session)
	st.SetUser(nil, driver.Account{})
	return nil
}
