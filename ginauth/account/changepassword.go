package account

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/engine"
	"github.com/ginauth/ginauth/ginauth/internal/route"
)

// passwordChangeForm is the payload of ChangePassword.
type passwordChangeForm struct {
	CurrentPassword string `json:"current_password" binding:"required" format:"password"`
	NewPassword     string `json:"new_password" binding:"required" format:"password"`
} //	@name	PasswordChange

// ChangePassword returns the handler that replaces the current user's password, as JSON or as a
// form, by the rules of Options.Policy. It always needs the current password, however fresh the
// session is (OWASP ASVS 6.2.3); a user who does not know it needs a reset. In the same step it
// ends all other sessions of the user and all logins by refresh tokens, voids mailed links, and
// gives this session a new token without a grace for the old one. API keys stay. It answers 204,
// and 401 invalid_credentials for a wrong current password. Mount it with POST. It panics if Users
// is not a driver.Accounts or cannot end the sessions.
func ChangePassword[U any](cfg *ginauth.Config[U]) gin.HandlerFunc {
	const name = "account.ChangePassword"
	m := cfg.Engine().WithAccounts(name)
	users := passwordStore[U](name, m)
	h := route.New(route.Info{Name: "changePassword", For: route.Users, ChecksScopes: true, ChangesPassword: true, Mount: m, Cookie: m.Cookie.Name}, func(c *gin.Context) {
		if err := changePassword(c, cfg, users); err != nil {
			ginauth.Fail(c, err)
			return
		}
		m.Done(c)
	})
	return h.As(func(c *gin.Context) { h.Serve(c) })
}

// passwordStore returns the user store, if a change of password can end the sessions.
func passwordStore[U any](constructor string, m *engine.Mount) driver.Accounts[U] {
	if !engine.Same(m.Keeper, m.Users) && m.Epochs() == nil {
		panic(fmt.Sprintf("%s: a change of password could not end sessions in a %T: use store.New for Users, which can, or a driver.Logins for Sessions", constructor, m.Keeper)) //nolint:forbidigo // while routes are built
	}
	return engine.UsersAs[driver.Accounts[U]](constructor, m)
}

// @Summary		Change my password
// @Description	Ends all other sessions of the user. This one gets a new cookie.
// @ID				changePassword
// @Tags			account
// @Accept			json,x-www-form-urlencoded
// @Produce		application/problem+json
// @Param			passwords	body	passwordChangeForm	true	"The current password and the new one"
// @Success		204
// @Failure		400	{object}	ginauth.Problem	"malformed_body"
// @Failure		401	{object}	ginauth.Problem	"unauthenticated, invalid_credentials"
// @Failure		403	{object}	ginauth.Problem	"cross_origin, forbidden"
// @Failure		413	{object}	ginauth.Problem	"body_too_large"
// @Failure		415	{object}	ginauth.Problem	"unsupported_media_type"
// @Failure		422	{object}	ginauth.Problem	"validation_failed"
// @Failure		429	{object}	ginauth.Problem	"too_many_attempts"
// @Failure		503	{object}	ginauth.Problem	"unavailable, busy"
// @Security		sessionCookie
// @Router			/password/change [post]
func changePassword[U any](c *gin.Context, cfg *ginauth.Config[U], users driver.Accounts[U]) error {
	m := cfg.Engine()
	st, auth, err := m.Owner(c, http.MethodPost)
	if err != nil {
		return err
	}
	var form passwordChangeForm
	if err := bindNewPassword(c, m, &form, &form.NewPassword, auth.Account); err != nil {
		return err
	}
	ctx, leave, err := m.EnterHasher(c)
	if err != nil {
		return err
	}
	defer leave()
	by := st.By(c) // the session's public name before it gets a new token
	change := driver.PasswordChange{UserID: auth.Account.ID, Authenticated: true}
	for range 2 { // a login may just have replaced the hash by a stronger one
		k := engine.Claim{Identifier: auth.Account.Identifier, Plain: form.CurrentPassword, From: m.Edge.Lookup(), Owner: auth.Account}
		p, failed := m.Prove(ctx, c, k)
		if failed != nil {
			return failed
		}
		p.Settling(auth.Account.ID, false).Finish(ctx, nil)
		change.Old = p.Hash
		if change.New.IsZero() {
			if change.New, err = m.HashPassword(ctx, form.NewPassword); err != nil {
				return err
			}
		}
		if err = st.ChangePassword(c, users.SetPassword, change); !errors.Is(err, driver.ErrNoUser) {
			break
		}
	}
	if errors.Is(err, driver.ErrNoUser) {
		return fmt.Errorf("%w: the password was changed meanwhile: %w", ginauth.ErrInvalidCredentials, err)
	}
	if err == nil {
		m.PasswordChanged(c, st, auth.Account, by)
	}
	return err
}

// bindNewPassword reads a form with a new password of the account, and checks the password.
func bindNewPassword(c *gin.Context, m *engine.Mount, form any, plain *string, account driver.Account) error {
	return engine.Bind(c, form, func() []ginauth.FieldError {
		return m.CheckPassword("new_password", *plain, account.Identifier, account.Username)
	})
}
