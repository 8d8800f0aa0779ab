package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/oldlogin"
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
	st.Mount.ObserveSignIn(requestContext(c), st.methodOf(n), driver.Success)
	return nil
}

// Proved notes how the user of this request has proved who they are, before the login begins.
func (m *Mount) Proved(c *gin.Context, method driver.Method) {
	if st := Attached(c); st != nil {
		st.mu.Lock()
		defer st.mu.Unlock()
		st.method = method
	}
}

// methodOf returns how the user of a login has proved who they are. It is empty if that is not known.
func (st *State) methodOf(n driver.NewSession) driver.Method {
	if n.Methods != "" {
		return n.Methods.List()[0]
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.method
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
	st.Mount.RecordSession(ctx, driver.LoginSucceeded, n.UserID, st.digest, n.Methods)
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
	if err := st.spendOldLogin(c); err != nil {
		return err
	}
	ctx, user, session := AuditContext(c), st.proof.Account.ID, st.digest
	if err := st.end(ctx); err != nil {
		return err
	}
	st.Mount.RecordSession(ctx, driver.LoggedOut, user, session, "")
	st.SetUser(nil, driver.Account{})
	return nil
}

// spendOldLogin ends the old login of a request that logs out, so that it cannot be exchanged
// again.
func (st *State) spendOldLogin(c *gin.Context) error {
	if st.Mount.Old == nil {
		return nil
	}
	old, found, err := st.Mount.Old.Read(st.request)
	if err != nil || !found {
		return err
	}
	if err := st.Mount.Old.Keeper().EndAdmitted(AuditContext(c), old.Digest, st.Mount.Old.Until); err != nil {
		return err
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	st.oldSpent = true
	return nil
}

// Exchange begins a session in exchange for an old login of this account. If another request was
// first, this one reads with the session that the other has begun, within the grace.
func (st *State) Exchange(c *gin.Context, account driver.Account, old oldlogin.Login) error {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.live() && st.record.UserID == account.ID { // another goroutine's lookup was first
		return nil
	}
	n := driver.NewSession{UserID: account.ID, Limit: st.Mount.MaxSessions, Persistent: old.Remember}
	if st.hasToken {
		n.Replaces = st.digest
	}
	ctx := st.audit(c)
	err := st.createBy(ctx, n, func(ctx context.Context, n driver.NewSession) (driver.Session, error) {
		x, err := old.Exchange(n)
		if err != nil {
			return driver.Session{}, err
		}
		return st.Mount.Old.Keeper().ExchangeSession(ctx, x)
	})
	switch {
	case errors.Is(err, driver.ErrExchanged):
		return st.joinExchanged(ctx, account, old)
	case errors.Is(err, driver.ErrNoUser):
		return ErrUnauthenticated
	case err != nil:
		return err
	}
	st.Mount.Event(c, driver.LoginSucceeded, "user_id", account.ID, "session", st.digest, "via", "an old login")
	return nil
}

// joinExchanged lets a request read with the session that replaced its old login. The caller holds
// mu.
func (st *State) joinExchanged(ctx context.Context, account driver.Account, old oldlogin.Login) error {
	st.oldSpent = true
	record, err := st.Store.FindRotated(ctx, old.Digest)
	record, err = st.foundRotated(old.Digest, record, err) //nolint:contextcheck // the request's own
	switch {
	case errors.Is(err, driver.ErrNoSession) || err == nil && record.UserID != account.ID:
		return ErrUnauthenticated
	case err != nil:
		return err
	}
	st.hasToken = true
	st.know(record, nil)
	return nil
}
