package ginauth

import (
	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/route"
)

// passwordForm is what Reauthenticate takes.
type passwordForm struct {
	Password string `json:"password" binding:"required" format:"password"`
} //	@name	Password

// Reauthenticate returns the handler that takes the current user's password, as JSON or as a
// form, and makes the session Fresh, under a new token. It answers 204, and 401
// invalid_credentials for a wrong password, and 403 session_required to a token or key, which this cannot
// make fresh. Mount it with POST.
func Reauthenticate[U any](cfg *Config[U]) gin.HandlerFunc {
	m := cfg.accounts("Reauthenticate")
	h := route.New(route.Info{Name: "reauthenticate", For: route.Users, ChecksScopes: true, Mount: m, Cookie: m.cookie.name, Redirects: m.pages.AfterLogin != ""}, func(c *gin.Context) {
		if err := reauthenticate(c, cfg); err != nil {
			Fail(c, err)
			return
		}
		if !m.sendOn(c) {
			noContent(c)
		}
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
// @Failure		400	{object}	Problem	"malformed_body"
// @Failure		401	{object}	Problem	"unauthenticated, invalid_credentials"
// @Failure		403	{object}	Problem	"cross_origin, session_required"
// @Failure		413	{object}	Problem	"body_too_large"
// @Failure		415	{object}	Problem	"unsupported_media_type"
// @Failure		422	{object}	Problem	"validation_failed"
// @Failure		429	{object}	Problem	"too_many_attempts"
// @Failure		503	{object}	Problem	"unavailable, busy"
// @Security		sessionCookie
// @Router			/reauthenticate [post]
func reauthenticate[U any](c *gin.Context, cfg *Config[U]) error {
	m := cfg.m
	st, err := m.stateFor(c)
	if err != nil {
		return err
	}
	if _, err := st.currentUser(c); err != nil {
		return err
	}
	if st.proof.via != sessionScheme {
		return errSessionRequired // a token or key has no freshness to renew
	}
	var form passwordForm
	if err := Bind(c, &form); err != nil {
		return err
	}
	ctx, leave, err := m.enterHasher(c)
	if err != nil {
		return err
	}
	defer leave()
	account := st.proof.account
	p, err := m.prove(ctx, c, claim{identifier: account.Identifier, plain: form.Password, from: &lookup[U]{cfg: cfg}, owner: account})
	if err != nil {
		return err
	}
	if err := st.rotate(c, driver.SessionChange{Authenticated: true}); err != nil {
		return err
	}
	m.recordSession(AuditContext(c), driver.LoginSucceeded, account.ID, st.digest)
	p.settling(account.ID, true).finish(ctx, st)
	m.event(c, driver.LoginSucceeded, "user_id", account.ID)
	return nil
}
