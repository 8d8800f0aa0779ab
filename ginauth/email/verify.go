package email

import (
	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/flow"
	"github.com/ginauth/ginauth/ginauth/internal/route"
)

// VerifyEmail returns the handler of the link that proves the address of a new account. A GET shows
// a page with a button. The POST takes the token, from the page's cookie or as JSON. The user must
// also be logged in to the account, or send its password: otherwise you could confirm the account
// of a stranger who has signed up with your address. The session continues under a new token. It
// answers 204. Mount it for GET and POST; its route is open. It panics when f is nil, or when
// Options.Pages has no Verify.
func VerifyEmail[U any](f *Flows[U]) gin.HandlerFunc {
	f.mounted("VerifyEmail", "Verify")
	f.needsProofs("VerifyEmail")
	l := link[U]{Flows: f, kind: driver.MailVerify, path: f.o.Pages.Verify, password: f.notSignedIn}
	l.use, l.done = f.verify, l.finish
	h := l.handler("verifyEmail", route.Everyone)
	return h.As(func(c *gin.Context) { h.Serve(c) })
}

// @Summary		Confirm my address
// @Description	Takes the token of a verification mail, from who is logged in to the account or sends its password.
// @ID				verifyEmail
// @Tags			mail
// @Accept			json,x-www-form-urlencoded
// @Produce		application/problem+json
// @Param			link	body	linkForm	true	"Token of the mail, unless the page's cookie has it, and password"
// @Success		204
// @Failure		400	{object}	ginauth.Problem	"malformed_body, link_cookie_missing"
// @Failure		401	{object}	ginauth.Problem	"invalid_credentials"
// @Failure		403	{object}	ginauth.Problem	"cross_origin, proof_required"
// @Failure		409	{object}	ginauth.Problem	"link_not_shown"
// @Failure		410	{object}	ginauth.Problem	"link_invalid"
// @Failure		413	{object}	ginauth.Problem	"body_too_large"
// @Failure		415	{object}	ginauth.Problem	"unsupported_media_type"
// @Failure		429	{object}	ginauth.Problem	"too_many_attempts"
// @Failure		503	{object}	ginauth.Problem	"unavailable, busy"
// @Router			/verify [post]
func (f *Flows[U]) verify(c *gin.Context, t found[U], plain string) error {
	if err := f.proves(c, t, plain); err != nil {
		return err
	}
	if err := f.renew(c, t.user); err != nil {
		return err
	}
	u, err := f.o.Store.UseEmailToken(ginauth.AuditContext(c), t.use)
	if err == nil {
		flow.LogEvent(c, driver.UserVerified, "user_id", f.cfg.Account(u).ID)
	}
	return err
}
