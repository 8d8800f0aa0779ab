package email

import (
	"context"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/flow"
	"github.com/ginauth/ginauth/ginauth/internal/route"
)

// ResetPassword returns the handler of the link that sets a new password. A GET shows a page with a
// field. The POST takes the token, from the page's cookie or as JSON, and the password. It ends all
// sessions, logins by refresh tokens and API keys, because a user who resets has lost control of
// the account. It voids all other links except those that undo a change of address, restores an
// archived account, tells the owner by mail, forgets known browsers and wrong passwords, makes this
// browser known (see docs/throttling.md), and logs nobody in. It answers 204, or 422 for a password
// that the Policy of the Config refuses, which does not use the token up. Mount it for GET and
// POST, on a route that needs no login. It panics when f is nil, or when Options.Pages has no
// Reset.
func ResetPassword[U any](f *Flows[U]) gin.HandlerFunc {
	f.mounted("ResetPassword", "Reset")
	l := link[U]{Flows: f, kind: driver.MailReset, path: f.o.Pages.Reset, password: func(*gin.Context, U) bool { return true }}
	l.use, l.done = f.reset, l.finish
	h := l.handler("resetPassword", route.LoggedOut)
	return h.As(func(c *gin.Context) { h.Serve(c) })
}

// reset hashes for a good token only: a guess costs an index lookup.
//
//	@Summary		Set a new password
//	@Description	Takes the token of a mail that was asked for, and the new password. All sessions and API keys end; nobody is logged in.
//	@ID				resetPassword
//	@Tags			mail
//	@Accept			json,x-www-form-urlencoded
//	@Produce		application/problem+json
//	@Param			link	body	linkForm	true	"Token of the mail, unless the page's cookie has it, and password"
//	@Success		204
//	@Failure		400	{object}	ginauth.Problem	"malformed_body, link_cookie_missing"
//	@Failure		403	{object}	ginauth.Problem	"cross_origin"
//	@Failure		409	{object}	ginauth.Problem	"link_not_shown"
//	@Failure		410	{object}	ginauth.Problem	"link_invalid"
//	@Failure		413	{object}	ginauth.Problem	"body_too_large"
//	@Failure		415	{object}	ginauth.Problem	"unsupported_media_type"
//	@Failure		422	{object}	ginauth.Problem	"validation_failed"
//	@Failure		429	{object}	ginauth.Problem	"too_many_attempts"
//	@Failure		503	{object}	ginauth.Problem	"unavailable, busy"
//	@Router			/reset [post]
func (f *Flows[U]) reset(c *gin.Context, t found[U], plain string) (err error) {
	if plain == "" {
		return errNeedsPassword
	}
	account := f.cfg.Account(t.user)
	t.use.Hash, err = flow.HashNewPassword(c, f.cfg, plain, account.Identifier, account.Username)
	if err != nil {
		return err
	}
	u, err := f.o.Store.UseEmailToken(ginauth.AuditContext(c), t.use)
	if err != nil {
		return err
	}
	flow.LogEvent(c, driver.LoginPasswordReset, "user_id", f.cfg.Account(u).ID)
	// The guesses of others were about the old password (SEC-43).
	if err := flow.ForgetGuesses(context.WithoutCancel(c.Request.Context()), f.cfg, u); err != nil {
		f.app.Logger.WarnContext(c.Request.Context(), "email: guesses at a password that was reset still count", "error", err)
	}
	f.remember(c, u)
	return nil
}

// remember makes the browser known, so that strangers who guess passwords do not lock it out
// (SEC-43).
func (f *Flows[U]) remember(c *gin.Context, u U) {
	if err := flow.KnowBrowser(c, f.cfg, u); err != nil {
		f.app.Logger.WarnContext(c.Request.Context(), "email: the browser of a link was not remembered", "error", err)
	}
}
