package email

import (
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/flow"
	"github.com/ginauth/ginauth/ginauth/internal/accept"
	"github.com/ginauth/ginauth/ginauth/internal/route"
)

// Address is the payload of the handlers that send a mail. If users have usernames, Email may be
// one; the mail then goes to the address of that user.
type Address struct {
	Email string `json:"email" binding:"required" example:"ada@example.com"`
}

// accepted is the same answer for every request.
type accepted struct {
	Detail string `json:"detail"`
} //	@name	Accepted

// onItsWay reveals nothing about an account.
var onItsWay = accepted{Detail: "If there is something to send, a mail is on its way."}

// ForgotPassword returns the handler that takes an Address, as JSON or a form, and sends the owner
// of the account a link to ResetPassword. It answers 202 with the same words after the same work,
// whether or not there is an account, because accounts are only looked up when the mail is sent.
// Mount it with POST, on a route that needs no login. It panics when f is nil, or when
// Options.Pages has no Reset.
func ForgotPassword[U any](f *Flows[U]) gin.HandlerFunc {
	f.mounted("ForgotPassword", "Reset")
	h := f.forgotPassword()
	return h.As(func(c *gin.Context) { h.Serve(c) })
}

// @Summary		Forgot my password
// @Description	The answer is the same whether or not the address has an account.
// @ID				forgotPassword
// @Tags			mail
// @Accept			json,x-www-form-urlencoded
// @Produce		json,application/problem+json
// @Param			address	body		Address	true	"Address of the account"
// @Success		202		{object}	accepted
// @Failure		400		{object}	ginauth.Problem	"malformed_body"
// @Failure		403		{object}	ginauth.Problem	"cross_origin"
// @Failure		413		{object}	ginauth.Problem	"body_too_large"
// @Failure		415		{object}	ginauth.Problem	"unsupported_media_type"
// @Failure		422		{object}	ginauth.Problem	"validation_failed"
// @Failure		429		{object}	ginauth.Problem	"too_many_attempts"
// @Failure		503		{object}	ginauth.Problem	"unavailable"
// @Router			/forgot [post]
func (f *Flows[U]) forgotPassword() *route.Handler {
	return f.asks("forgotPassword", route.LoggedOut, driver.MailReset)
}

// ResendVerification returns the handler that takes an Address, as JSON or a form, and sends a link
// to VerifyEmail, unless the account is verified. It answers as ForgotPassword does. Mount it with
// POST, on a route that needs no login. It panics when f is nil, or when Options.Pages has no
// Verify.
func ResendVerification[U any](f *Flows[U]) gin.HandlerFunc {
	f.mounted("ResendVerification", "Verify")
	f.needsProofs("ResendVerification")
	h := f.resendVerification()
	return h.As(func(c *gin.Context) { h.Serve(c) })
}

// @Summary		Send me the verification mail again
// @Description	The answer is the same whether or not the address has an account.
// @ID				resendVerification
// @Tags			mail
// @Accept			json,x-www-form-urlencoded
// @Produce		json,application/problem+json
// @Param			address	body		Address	true	"Address of the account"
// @Success		202		{object}	accepted
// @Failure		400		{object}	ginauth.Problem	"malformed_body"
// @Failure		403		{object}	ginauth.Problem	"cross_origin"
// @Failure		413		{object}	ginauth.Problem	"body_too_large"
// @Failure		415		{object}	ginauth.Problem	"unsupported_media_type"
// @Failure		422		{object}	ginauth.Problem	"validation_failed"
// @Failure		429		{object}	ginauth.Problem	"too_many_attempts"
// @Failure		503		{object}	ginauth.Problem	"unavailable"
// @Router			/verify/resend [post]
func (f *Flows[U]) resendVerification() *route.Handler {
	return f.asks("resendVerification", route.Everyone, driver.MailVerify)
}

// SendMagicLink returns the handler that takes an Address, as JSON or a form, and sends the owner
// of the account a link to MagicLink. It answers as ForgotPassword does. Mount it with POST, on a
// route that needs no login. It panics when f is nil, or when Options.Pages has no Login.
func SendMagicLink[U any](f *Flows[U]) gin.HandlerFunc {
	f.mounted("SendMagicLink", "Login")
	f.needsProofs("SendMagicLink")
	h := f.sendMagicLink()
	return h.As(func(c *gin.Context) { h.Serve(c) })
}

// @Summary		Send me a link that logs me in
// @Description	The answer is the same whether or not the address has an account.
// @ID				sendMagicLink
// @Tags			mail
// @Accept			json,x-www-form-urlencoded
// @Produce		json,application/problem+json
// @Param			address	body		Address	true	"Address of the account"
// @Success		202		{object}	accepted
// @Failure		400		{object}	ginauth.Problem	"malformed_body"
// @Failure		403		{object}	ginauth.Problem	"cross_origin"
// @Failure		413		{object}	ginauth.Problem	"body_too_large"
// @Failure		415		{object}	ginauth.Problem	"unsupported_media_type"
// @Failure		422		{object}	ginauth.Problem	"validation_failed"
// @Failure		429		{object}	ginauth.Problem	"too_many_attempts"
// @Failure		503		{object}	ginauth.Problem	"unavailable"
// @Router			/magic/send [post]
func (f *Flows[U]) sendMagicLink() *route.Handler {
	return f.asks("sendMagicLink", route.LoggedOut, driver.MailLogin)
}

func (f *Flows[U]) asks(operation string, audience route.Audience, k driver.MailKind) *route.Handler {
	return route.New(route.Info{Mails: true, Enter: f.cfg.Engine().Enter, Name: operation, For: audience}, func(c *gin.Context) {
		if err := f.ask(c, k); err != nil {
			ginauth.Fail(c, err)
			return
		}
		f.accept(c, k)
	})
}

func (f *Flows[U]) ask(c *gin.Context, k driver.MailKind) error {
	o, err := f.bindAddress(c, k)
	if err != nil {
		return err
	}
	if err := f.o.Store.QueueMail(c.Request.Context(), o); err != nil {
		return err
	}
	flow.LogEvent(c, driver.MailRequested, "kind", string(k))
	return nil
}

// bindAddress reads an Address and counts the mail to it.
func (f *Flows[U]) bindAddress(c *gin.Context, k driver.MailKind) (o driver.MailOrder, err error) {
	if err := route.CheckMethod(c, http.MethodPost); err != nil {
		return o, err
	}
	var form Address
	if err := flow.Bind(c, &form); err != nil {
		return o, err
	}
	o.Email = strings.Trim(form.Email, " \t")
	if strings.Contains(o.Email, "@") || k == driver.MailChange {
		o.Email, o.Canonical, err = f.cfg.Engine().Names.Address(o.Email)
	} else {
		o.Canonical, err = f.cfg.Engine().Names.Canonical(o.Email)
	}
	if err != nil {
		return o, errInvalidEmail
	}
	o.Kind, o.Locale = k, f.locale(c)
	return o, f.wanted(c, k, o.Canonical)
}

// wanted counts a mail to that address, whether or not it has an account (SEC-115). Each kind is
// counted separately: strangers who ask for other mails must not use up the reset that the owner
// needs (SEC-43).
func (f *Flows[U]) wanted(c *gin.Context, k driver.MailKind, canonical string) error {
	limit := f.app.Limits.Mail
	limit.PerIdentifier = slices.Clone(limit.PerIdentifier)
	for i := range limit.PerIdentifier {
		limit.PerIdentifier[i].Attempts = f.cfg.Engine().Names.Share(limit.PerIdentifier[i].Attempts)
	}
	return flow.Throttle(c, f.cfg, "mail "+string(k), canonical, limit)
}

func (f *Flows[U]) accept(c *gin.Context, k driver.MailKind) {
	if flow.PrefersHTML(c) {
		f.show(c, http.StatusAccepted, Page{Kind: k, Step: StepSent})
		return
	}
	flow.Reply(c, http.StatusAccepted, onItsWay)
}

// locale returns one of the locales of Texts, never text that the client sent.
func (f *Flows[U]) locale(c *gin.Context) string {
	if f.o.Locale != nil {
		if l := f.o.Locale(c); len(l) <= maxLocale && !hasControl(l) {
			return l
		}
		return ""
	}
	for _, tag := range accept.Names(c.Request.Header.Values("Accept-Language")) {
		for ; tag != "" && len(tag) <= maxLocale; tag = parent(tag) {
			if i := slices.IndexFunc(f.locales, func(l string) bool { return strings.EqualFold(l, tag) }); i >= 0 {
				return f.locales[i]
			}
		}
	}
	return ""
}
