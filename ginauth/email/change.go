package email

import (
	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/flow"
	"github.com/ginauth/ginauth/ginauth/internal/route"
)

// ConfirmEmailChange returns the handler of the link that confirms an account's new address. A GET
// shows a page with a button. The POST takes the token, from the page's cookie or as JSON. The user
// must also be logged in to the account, or send its password: otherwise a stranger could trick
// somebody into confirming an address for the stranger's account. The former address, if it was
// proved, gets a mail with a link that undoes the change. The owner's session in this browser
// continues under a new token, and other sessions are kept, because the password has not changed.
// It answers 204, or 409 when another account has taken the address. Mount it for GET and POST; its
// route is open. It panics when f is nil, or when Options.Pages lacks Change or Undo.
func ConfirmEmailChange[U any](f *Flows[U]) gin.HandlerFunc {
	f.mounted("ConfirmEmailChange", "Change", "Undo")
	l := link[U]{Flows: f, kind: driver.MailChange, path: f.o.Pages.Change, password: f.notSignedIn}
	l.use, l.done = f.confirmChange, l.finish
	h := l.handler("confirmEmailChange", route.Everyone)
	return h.As(func(c *gin.Context) { h.Serve(c) })
}

// @Summary		Confirm my new address
// @Description	Takes the token of a mail to the new address, from who is logged in to the account or sends its password.
// @ID				confirmEmailChange
// @Tags			mail
// @Accept			json,x-www-form-urlencoded
// @Produce		application/problem+json
// @Param			link	body	linkForm	true	"Token of the mail, unless the page's cookie has it, and password"
// @Success		204
// @Failure		400	{object}	ginauth.Problem	"malformed_body, link_cookie_missing"
// @Failure		401	{object}	ginauth.Problem	"invalid_credentials"
// @Failure		403	{object}	ginauth.Problem	"cross_origin, proof_required"
// @Failure		409	{object}	ginauth.Problem	"email_taken, link_not_shown"
// @Failure		410	{object}	ginauth.Problem	"link_invalid"
// @Failure		413	{object}	ginauth.Problem	"body_too_large"
// @Failure		415	{object}	ginauth.Problem	"unsupported_media_type"
// @Failure		429	{object}	ginauth.Problem	"too_many_attempts"
// @Failure		503	{object}	ginauth.Problem	"unavailable, busy"
// @Router			/email/confirm [post]
func (f *Flows[U]) confirmChange(c *gin.Context, t found[U], plain string) error {
	if err := f.proves(c, t, plain); err != nil {
		return err
	}
	if err := f.renew(c, t.user); err != nil {
		return err
	}
	u, err := f.o.Store.UseEmailToken(ginauth.AuditContext(c), t.use)
	if err == nil {
		flow.LogEvent(c, driver.UserEmailChanged, "user_id", f.cfg.Account(u).ID)
	}
	return err
}

// UndoEmailChange returns the handler of the link that restores an account's former address. A GET
// shows a page with a button. The POST takes the token, from the page's cookie or as JSON. The
// person who changed the address may know the password, so the password is removed, with all
// sessions, API keys and links; the owner sets a new password by ForgotPassword. An archived
// account is restored. An account that a stranger has made with the former address, and never
// verified, loses the address. It answers 204. Mount it for GET and POST, on a route that needs no
// login. It panics when f is nil, or when Options.Pages has no Undo.
func UndoEmailChange[U any](f *Flows[U]) gin.HandlerFunc {
	f.mounted("UndoEmailChange", "Undo")
	l := link[U]{Flows: f, kind: driver.MailUndo, path: f.o.Pages.Undo}
	l.use, l.done = f.undoChange, l.finish
	h := l.handler("undoEmailChange", route.Everyone)
	return h.As(func(c *gin.Context) { h.Serve(c) })
}

// @Summary		Get my account back
// @Description	Takes the token of the mail that told the former address. All sessions end, and the password is removed.
// @ID				undoEmailChange
// @Tags			mail
// @Accept			json,x-www-form-urlencoded
// @Produce		application/problem+json
// @Param			link	body	linkForm	true	"Token of the mail, unless the page's cookie has it, and password"
// @Success		204
// @Failure		400	{object}	ginauth.Problem	"malformed_body, link_cookie_missing"
// @Failure		403	{object}	ginauth.Problem	"cross_origin"
// @Failure		409	{object}	ginauth.Problem	"email_taken, link_not_shown"
// @Failure		410	{object}	ginauth.Problem	"link_invalid"
// @Failure		413	{object}	ginauth.Problem	"body_too_large"
// @Failure		415	{object}	ginauth.Problem	"unsupported_media_type"
// @Failure		429	{object}	ginauth.Problem	"too_many_attempts"
// @Failure		503	{object}	ginauth.Problem	"unavailable"
// @Router			/email/undo [post]
func (f *Flows[U]) undoChange(c *gin.Context, t found[U], _ string) error {
	u, err := f.o.Store.UseEmailToken(ginauth.AuditContext(c), t.use)
	if err == nil {
		flow.LogEvent(c, driver.UserEmailChangeUndone, "user_id", f.cfg.Account(u).ID)
	}
	return err
}
