package ginauth

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/route"
	"github.com/ginauth/ginauth/ginauth/password"
)

// passwordChangeForm is what ChangePassword takes.
type passwordChangeForm struct {
	CurrentPassword string `json:"current_password" binding:"required" format:"password"`
	NewPassword     string `json:"new_password" binding:"required" format:"password"`
} //	@name	PasswordChange

// ChangePassword returns the handler that replaces the current user's password, as JSON or as a
// form, by the rules of Options.Policy. It always wants the current one, however fresh the session is
// (OWASP ASVS 6.2.3): who does not know it needs a reset. It ends all other sessions of the user and all
// logins by refresh tokens, and voids mailed links, in the step that stores the password, and gives this session a new token
// without a grace for the old one. API keys live on. It answers 204, and 401 invalid_credentials for a wrong
// current password. Mount it with POST. It panics when Users is no
// driver.Accounts or cannot end the sessions.
func ChangePassword[U any](cfg *Config[U]) gin.HandlerFunc {
	const name = "ChangePassword"
	m := cfg.accounts(name)
	users := passwordStore[U](name, m)
	h := route.New(route.Info{Name: "changePassword", For: route.Users, ChecksScopes: true, Mount: m, Cookie: m.cookie.name}, func(c *gin.Context) {
		if err := changePassword(c, cfg, users); err != nil {
			Fail(c, err)
			return
		}
		m.done(c)
	})
	return h.As(func(c *gin.Context) { h.Serve(c) })
}

// passwordStore is the user store, if a change of password can end the sessions.
func passwordStore[U any](constructor string, m *mount) driver.Accounts[U] {
	if !same(m.keeper, m.users) && m.epochs() == nil {
		panic(fmt.Sprintf("ginauth.%s: a change of password could not end sessions in a %T: use store.New for Users, which can, or a driver.Logins for Sessions", constructor, m.keeper)) //nolint:forbidigo // while routes are built
	}
	return usersAs[driver.Accounts[U]](constructor, m)
}

// @Summary		Change my password
// @Description	Ends all other sessions of the user. This one gets a new cookie.
// @ID				changePassword
// @Tags			account
// @Accept			json,x-www-form-urlencoded
// @Produce		application/problem+json
// @Param			passwords	body	passwordChangeForm	true	"The current password and the new one"
// @Success		204
// @Failure		400	{object}	Problem	"malformed_body"
// @Failure		401	{object}	Problem	"unauthenticated, invalid_credentials"
// @Failure		403	{object}	Problem	"cross_origin, forbidden"
// @Failure		413	{object}	Problem	"body_too_large"
// @Failure		415	{object}	Problem	"unsupported_media_type"
// @Failure		422	{object}	Problem	"validation_failed"
// @Failure		429	{object}	Problem	"too_many_attempts"
// @Failure		503	{object}	Problem	"unavailable, busy"
// @Security		sessionCookie
// @Router			/password/change [post]
func changePassword[U any](c *gin.Context, cfg *Config[U], users driver.Accounts[U]) error {
	m := cfg.m
	st, auth, err := m.owner(c, http.MethodPost)
	if err != nil {
		return err
	}
	var form passwordChangeForm
	if err := bindAll(c, &form, func() []FieldError { return checkPassword(cfg.o.Policy, form.NewPassword, auth.Account) }); err != nil {
		return err
	}
	ctx, leave, err := m.enterHasher(c)
	if err != nil {
		return err
	}
	defer leave()
	by := st.by(c) // the session's before it gets a new token
	change := driver.PasswordChange{UserID: auth.Account.ID, Authenticated: true}
	for range 2 { // a login may have replaced the hash by a stronger one meanwhile
		k := claim{identifier: auth.Account.Identifier, plain: form.CurrentPassword, from: &lookup[U]{cfg: cfg}, owner: auth.Account}
		p, failed := m.prove(ctx, c, k)
		if failed != nil {
			return failed
		}
		p.settling(auth.Account.ID, false).finish(ctx, nil)
		change.Old = p.hash
		if change.New.IsZero() {
			if change.New, err = cfg.o.Passwords.Hash(ctx, form.NewPassword); err != nil {
				return hashing(err)
			}
		}
		if err = st.changePassword(c, users.SetPassword, change); !errors.Is(err, driver.ErrNoUser) {
			break
		}
	}
	if errors.Is(err, driver.ErrNoUser) {
		return fmt.Errorf("%w: the password was changed meanwhile: %w", ErrInvalidCredentials, err)
	}
	if err == nil {
		m.passwordChanged(c, st, auth, by)
	}
	return err
}

// checkPassword is the policy for the new password of an account.
func checkPassword(policy password.Policy, plain string, account driver.Account) []FieldError {
	var refused *password.PolicyError
	if err := policy.Check(plain, account.Identifier); errors.As(err, &refused) {
		return []FieldError{{Field: "new_password", Code: string(refused.Code), Detail: refused.Error()}}
	}
	return nil
}

// setPasswordFunc is SetPassword of driver.Accounts.
type setPasswordFunc func(context.Context, driver.PasswordChange) (driver.PasswordChanged, error)

// changePassword stores the new password, which ends the user's sessions but this one, and gives this
// one a new token (SEC-64, SEC-77). Where another store keeps the sessions, this one may end too when that store
// fails just then: the password has changed, and the user logs in again.
func (st *state) changePassword(c *gin.Context, set setPasswordFunc, change driver.PasswordChange) error {
	if st.writer.begun {
		return errBegun
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	ctx := st.audit(c)
	token := driver.NewToken()
	mine := st.live() && st.record.UserID == change.UserID
	if mine && st.gorilla == nil {
		change.Session, change.Digest = st.record.ID, token.Digest()
	}
	others := st.separateManager()
	if others != nil { // while nothing is done yet
		if err := others.RevokeUserSessions(ctx, change.UserID, change.Session); err != nil {
			return err
		}
	}
	changed, err := set(ctx, change)
	if err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx) // what is done is done, also when the client has left
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
		if err = st.update(ctx, &driver.SessionChange{Digest: token.Digest(), Authenticated: change.Authenticated}); err == nil {
			st.token, st.reply = token, replySet
		}
	}
	if err != nil {
		st.m.log.WarnContext(ctx, "ginauth: a password was changed, but not all sessions could be told", "user_id", change.UserID, "error", err)
		if !st.byOther() { // then the cookie may be somebody else's
			st.forgetLocked()
		}
	}
	return nil
}

// separateManager ends the sessions that the users' store knows nothing of; nil where there are none.
func (st *state) separateManager() driver.Logins {
	if st.gorilla != nil || same(st.m.keeper, st.m.users) {
		return nil
	}
	return st.m.manager()
}

// adopt goes on under a token that the store has already. The caller holds mu.
func (st *state) adopt(token driver.Token, change driver.PasswordChange) {
	st.token, st.digest, st.reply = token, change.Digest, replySet
	st.record.Digest = change.Digest
	if change.Authenticated {
		st.record.AuthenticatedAt = st.record.ReadAt
	}
}
