package email

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/flow"
	"github.com/ginauth/ginauth/ginauth/internal/route"
)

// ChangeEmail returns the handler that takes the Address that the current user wants, as JSON or a
// form, and sends a link to ConfirmEmailChange to it. Nothing changes until that link is used. It
// answers 202, whether or not the address is free, and 403 reauthentication_required unless the
// user has proved who they are within the last 10 minutes. Credentials with scopes get 403
// forbidden. Mount it with POST. It panics when f is nil, or when Options.Pages lacks Change or
// Undo.
func ChangeEmail[U any](f *Flows[U]) gin.HandlerFunc {
	f.mounted("ChangeEmail", "Change", "Undo")
	h := route.New(route.Info{Mails: true, Enter: f.cfg.Engine().Enter, Name: "changeEmail", For: route.Users, ChecksScopes: true}, func(c *gin.Context) {
		if err := f.askChange(c); err != nil {
			ginauth.Fail(c, err)
			return
		}
		f.accept(c, driver.MailChange)
	})
	return h.As(func(c *gin.Context) { h.Serve(c) })
}

// @Summary		Change my address
// @Description	Sends a link to the new address; until it is used nothing changes.
// @ID				changeEmail
// @Tags			mail
// @Accept			json,x-www-form-urlencoded
// @Produce		json,application/problem+json
// @Param			address	body		Address	true	"The new address"
// @Success		202		{object}	accepted
// @Failure		400		{object}	ginauth.Problem	"malformed_body"
// @Failure		401		{object}	ginauth.Problem	"unauthenticated"
// @Failure		403		{object}	ginauth.Problem	"cross_origin, forbidden, reauthentication_required"
// @Failure		413		{object}	ginauth.Problem	"body_too_large"
// @Failure		415		{object}	ginauth.Problem	"unsupported_media_type"
// @Failure		422		{object}	ginauth.Problem	"validation_failed"
// @Failure		429		{object}	ginauth.Problem	"too_many_attempts"
// @Failure		503		{object}	ginauth.Problem	"unavailable"
// @Security		sessionCookie
// @Router			/email [post]
func (f *Flows[U]) askChange(c *gin.Context) error {
	if err := route.CheckMethod(c, http.MethodPost); err != nil {
		return err
	}
	auth, err := flow.CurrentOwner(c, freshness)
	if err != nil {
		return err
	}
	o, err := f.bindAddress(c, driver.MailChange)
	if err != nil {
		return err
	}
	if _, err := ginauth.Recheck[U](c); err != nil { // the body may come long after the first check
		return err
	}
	o.UserID = auth.Account.ID
	if err := f.o.Store.QueueMail(c.Request.Context(), o); err != nil {
		return err
	}
	flow.LogEvent(c, driver.MailRequested, "kind", string(driver.MailChange), "user_id", auth.Account.ID)
	return nil
}
