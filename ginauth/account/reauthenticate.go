package account

import (
	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/engine"
	"github.com/ginauth/ginauth/ginauth/internal/route"
)

// passwordForm is the payload of Reauthenticate.
type passwordForm struct {
	Password string `json:"password" binding:"required" format:"password"`
} //	@name	Password

// Reauthenticate returns the handler that checks the current user's password, as JSON or as a form,
// and makes the session Fresh under a new token. It answers 204, 401 invalid_credentials for a
// wrong password, and 403 session_required to a token or key, which cannot become fresh. Mount it
// with POST.
func Reauthenticate[U any](cfg *ginauth.Config[U]) gin.HandlerFunc {
	m := cfg.Engine().WithAccounts("account.Reauthenticate")
	h := route.New(route.Info{Name: "reauthenticate", For: route.Users, ChecksScopes: true, Mount: m, Cookie: m.Cookie.Name, Redirects: m.Pages.AfterLogin != ""}, func(c *gin.Context) {
		if err := reauthenticate(c, cfg); err != nil {
			ginauth.Fail(c, err)
			return
		}
		m.Done(c)
	})
	return h.As(func(c *gin.Context) { h.Serve(c) })
}

// @Summary		Prove who I am
// @Description	Takes the current user's password again, as routes that change credentials ask for.
// @ID				reauthenticate
// @Tags			account
// @Accept			json,x-www-form-urlencoded
// @Produce		application/problem+json
// @Param			password	body	passwordForm	true	"Password of the current user"
// @Success		204
// @Failure		400	{object}	ginauth.Problem	"malformed_body"
// @Failure		401	{object}	ginauth.Problem	"unauthenticated, invalid_credentials"
// @Failure		403	{object}	ginauth.Problem	"cross_origin, session_required"
// @Failure		413	{object}	ginauth.Problem	"body_too_large"
// @Failure		415	{object}	ginauth.Problem	"unsupported_media_type"
// @Failure		422	{object}	ginauth.Problem	"validation_failed"
// @Failure		429	{object}	ginauth.Problem	"too_many_attempts"
// @Failure		503	{object}	ginauth.Problem	"unavailable, busy"
// @Security		sessionCookie
// @Router			/reauthenticate [post]
func reauthenticate[U any](c *gin.Context, cfg *ginauth.Config[U]) error {
	m := cfg.Engine()
	st, err := m.StateFor(c)
	if err != nil {
		return err
	}
	if err := st.MayConfirm(c); err != nil {
		return err
	}
	var form passwordForm
	if err := engine.Bind(c, &form, nil); err != nil {
		return err
	}
	ctx, leave, err := m.EnterHasher(c)
	if err != nil {
		return err
	}
	defer leave()
	account := st.Proof().Account
	p, err := m.Prove(ctx, c, engine.Claim{Identifier: account.Identifier, Plain: form.Password, From: m.Edge.Lookup(), Owner: account})
	if err != nil {
		return err
	}
	if err := st.Confirm(c, driver.Methods(driver.ByPassword)); err != nil {
		return err
	}
	p.Settling(account.ID, true).Finish(ctx, st)
	m.Event(c, driver.LoginSucceeded, "user_id", account.ID)
	return nil
}
