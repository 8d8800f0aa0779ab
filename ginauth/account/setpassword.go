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

// newPasswordForm is the payload of SetPassword.
type newPasswordForm struct {
	NewPassword string `json:"new_password" binding:"required" format:"password"`
} //	@name	NewPassword

// SetPassword returns the handler that sets the first password of a user who has none, such as
// after a login by a link or an identity provider. It needs a login within the last 10 minutes, and
// otherwise works like ChangePassword. It answers 204, 403 reauthentication_required after an older
// login, and 409 password_exists if the user has a password. Mount it with POST. It panics if Users
// is not a driver.Accounts or cannot end the sessions.
func SetPassword[U any](cfg *ginauth.Config[U]) gin.HandlerFunc {
	const name = "account.SetPassword"
	m := cfg.Engine().WithAccounts(name)
	users := passwordStore[U](name, m)
	h := route.New(route.Info{Name: "setPassword", For: route.Users, ChecksScopes: true, ChangesPassword: true, Mount: m, Cookie: m.Cookie.Name, Guards: []string{engine.FreshName(engine.FreshFor)}}, func(c *gin.Context) {
		if err := setPassword(c, cfg, users); err != nil {
			ginauth.Fail(c, err)
			return
		}
		m.Done(c)
	})
	return h.As(func(c *gin.Context) { h.Serve(c) })
}

// @Summary		Set my first password
// @Description	For users without a password. Ends all other sessions of the user. This one gets a new cookie.
// @ID				setPassword
// @Tags			account
// @Accept			json,x-www-form-urlencoded
// @Produce		application/problem+json
// @Param			password	body	newPasswordForm	true	"The new password"
// @Success		204
// @Failure		400	{object}	ginauth.Problem	"malformed_body"
// @Failure		401	{object}	ginauth.Problem	"unauthenticated"
// @Failure		403	{object}	ginauth.Problem	"cross_origin, forbidden, reauthentication_required"
// @Failure		409	{object}	ginauth.Problem	"password_exists"
// @Failure		413	{object}	ginauth.Problem	"body_too_large"
// @Failure		415	{object}	ginauth.Problem	"unsupported_media_type"
// @Failure		422	{object}	ginauth.Problem	"validation_failed"
// @Failure		503	{object}	ginauth.Problem	"unavailable, busy"
// @Security		sessionCookie
// @Router			/password [post]
func setPassword[U any](c *gin.Context, cfg *ginauth.Config[U], users driver.Accounts[U]) error {
	m := cfg.Engine()
	st, auth, err := m.FreshOwner(c, http.MethodPost)
	if err != nil {
		return err
	}
	var form newPasswordForm
	if err := bindNewPassword(c, m, &form, &form.NewPassword, auth.Account); err != nil {
		return err
	}
	ctx, leave, err := m.EnterHasher(c)
	if err != nil {
		return err
	}
	defer leave()
	hash, err := m.HashPassword(ctx, form.NewPassword)
	if err != nil {
		return err
	}
	// A body may come long after the session was checked. Whoever ended the session since then may
	// also have removed the password (SEC-184, SEC-185).
	if _, err := st.Recheck(c, c); err != nil {
		return err
	}
	by := st.By(c) // the session's public name before it gets a new token
	err = st.ChangePassword(c, users.SetPassword, driver.PasswordChange{UserID: auth.Account.ID, New: hash})
	if errors.Is(err, driver.ErrNoUser) {
		return fmt.Errorf("%w: %w", errPasswordExists, err)
	}
	if err == nil {
		m.PasswordChanged(c, st, auth.Account, by)
	}
	return err
}
