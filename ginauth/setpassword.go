package ginauth

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/route"
)

// newPasswordForm is what SetPassword takes.
type newPasswordForm struct {
	NewPassword string `json:"new_password" binding:"required" format:"password"`
} //	@name	NewPassword

// SetPassword returns the handler for the first password of a user who came without one, such as by a
// link or an identity provider. It asks for a login within the last 10 minutes, and otherwise does what
// ChangePassword does. It answers 204, 403 reauthentication_required after an older login, and 409
// password_exists to a user who has a password. Mount it with POST. It panics when Users is no driver.Accounts or cannot end the sessions.
func SetPassword[U any](cfg *Config[U]) gin.HandlerFunc {
	const name = "SetPassword"
	m := cfg.accounts(name)
	users := passwordStore[U](name, m)
	h := route.New(route.Info{Name: "setPassword", For: route.Users, ChecksScopes: true, Mount: m, Cookie: m.cookie.name, Guards: []string{Fresh(freshFor).name}}, func(c *gin.Context) {
		if err := setPassword(c, cfg, users); err != nil {
			Fail(c, err)
			return
		}
		m.done(c)
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
// @Failure		400	{object}	Problem	"malformed_body"
// @Failure		401	{object}	Problem	"unauthenticated"
// @Failure		403	{object}	Problem	"cross_origin, forbidden, reauthentication_required"
// @Failure		409	{object}	Problem	"password_exists"
// @Failure		413	{object}	Problem	"body_too_large"
// @Failure		415	{object}	Problem	"unsupported_media_type"
// @Failure		422	{object}	Problem	"validation_failed"
// @Failure		503	{object}	Problem	"unavailable, busy"
// @Security		sessionCookie
// @Router			/password [post]
func setPassword[U any](c *gin.Context, cfg *Config[U], users driver.Accounts[U]) error {
	m := cfg.m
	st, auth, err := m.freshOwner(c, http.MethodPost)
	if err != nil {
		return err
	}
	var form newPasswordForm
	if err := bindAll(c, &form, func() []FieldError { return checkPassword(cfg.o.Policy, form.NewPassword, auth.Account) }); err != nil {
		return err
	}
	ctx, leave, err := m.enterHasher(c)
	if err != nil {
		return err
	}
	defer leave()
	hash, err := cfg.o.Passwords.Hash(ctx, form.NewPassword)
	if err != nil {
		return hashing(err)
	}
	// A body may come long after the session was looked at, and whoever ended it has removed the password (SEC-184, SEC-185).
	if _, err := st.recheck(c, c); err != nil {
		return err
	}
	by := st.by(c) // the session's before it gets a new token
	err = st.changePassword(c, users.SetPassword, driver.PasswordChange{UserID: auth.Account.ID, New: hash})
	if errors.Is(err, driver.ErrNoUser) {
		return fmt.Errorf("%w: %w", errPasswordExists, err)
	}
	if err == nil {
		m.passwordChanged(c, st, auth, by)
	}
	return err
}
