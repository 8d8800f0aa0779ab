package engine

import (
	"context"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// setPasswordFunc is the method SetPassword of driver.Accounts.
type setPasswordFunc func(context.Context, driver.PasswordChange) (driver.PasswordChanged, error)

// ChangePassword stores the new password, ends all other sessions of the user and gives this one a
// new token (SEC-64, SEC-77). If another store keeps the sessions and fails, this session may end
// too: the password has changed, and the user logs in again.
func (st *State) ChangePassword(c *gin.Context, set setPasswordFunc, change driver.PasswordChange) error {
	if st.writer.begun {
		return errBegun
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	ctx := st.audit(c)
	token := driver.NewToken()
	mine := st.live() && st.record.UserID == change.UserID
	if mine && st.gorilla == nil {
		change.Session, change.Digest = st.record.ID, token.Digest().In(st.realm)
	}
	others := st.separateManager()
	if others != nil { // before anything has changed
		if err := others.RevokeUserSessions(ctx, change.UserID, change.Session); err != nil {
			return err
		}
	}
	changed, err := set(ctx, change)
	if err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx) // the password has changed: finish even if the client leaves
	switch {
	case changed.Kept:
		st.adopt(token, change)
		return nil
	case others != nil:
		err = others.RevokeUserSessions(ctx, change.UserID, change.Session)
	case st.gorilla != nil:
		st.gorilla.Epoch = &changed.Epoch
	case mine:
		err = driver.ErrNoSession
	}
	if mine && err == nil {
		if err = st.update(ctx, &driver.SessionChange{Digest: token.Digest().In(st.realm), Authenticated: change.Authenticated}); err == nil {
			st.token, st.reply = token, replySet
		}
	}
	if err != nil {
		st.Mount.Log.WarnContext(ctx, "ginauth: a password was changed, but not all sessions could be told", "user_id", change.UserID, "error", err)
		if !st.byOther() { // otherwise the cookie may be another user's
			st.forgetLocked()
		}
	}
	return nil
}

// separateManager returns the store of sessions that the user store does not know, or nil.
func (st *State) separateManager() driver.Logins {
	if st.gorilla != nil || Same(st.Mount.Keeper, st.Mount.Users) {
		return nil
	}
	return st.Mount.Manager()
}

// adopt continues with a token that the store already has. The caller holds mu.
func (st *State) adopt(token driver.Token, change driver.PasswordChange) {
	st.token, st.digest, st.reply = token, change.Digest, replySet
	st.record.Digest = change.Digest
	if change.Authenticated {
		st.record.AuthenticatedAt = st.record.ReadAt
	}
}
