package email

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/flow"
	"github.com/ginauth/ginauth/ginauth/internal/route"
)

// SignUp returns the handler that creates an account as ginauth.SignUp does, without showing
// whether the address had one: it answers 202 with the same words after the same work, and starts
// no session. The address of a new account gets the mail that leads to VerifyEmail. The owner of an
// existing account gets a mail about the attempt. It takes no username: a taken one would tell that
// an address was free before. Mount it with POST, on a route that needs no login. It panics when f
// is nil, when Options.Pages has no Verify, and with UsernameIdentifier.
func SignUp[U any](f *Flows[U]) gin.HandlerFunc {
	h := signUp("SignUp", f, func(context.Context, ginauth.Registration, *U) error { return nil })
	return h.As(func(c *gin.Context) { h.Serve(c) })
}

// SignUpWith is SignUp with your own payload, as ginauth.SignUpWith is. Fill runs before it is
// known whether the address is free. A value that must be unique among users must not be made from
// the address: see store.AfterCreate. It panics as SignUp does, and when fill is nil.
func SignUpWith[U any, F ginauth.Form](f *Flows[U], fill func(ctx context.Context, form F, u *U) error) gin.HandlerFunc {
	if fill == nil {
		panic("email.SignUpWith: fill is nil: use SignUp") //nolint:forbidigo // while routes are built
	}
	h := signUp("SignUpWith", f, fill)
	return h.As(func(c *gin.Context) { h.Serve(c) })
}

// @Summary		Sign up without telling whether the address has an account
// @Description	The answer is the same whether or not the address has an account. What happened is in the mail.
// @ID				signUpByMail
// @Tags			mail
// @Accept			json,x-www-form-urlencoded
// @Produce		json,application/problem+json
// @Param			registration	body		ginauth.Registration	true	"Name, e-mail address and password"
// @Success		202				{object}	accepted
// @Failure		400				{object}	ginauth.Problem	"malformed_body"
// @Failure		403				{object}	ginauth.Problem	"cross_origin"
// @Failure		413				{object}	ginauth.Problem	"body_too_large"
// @Failure		415				{object}	ginauth.Problem	"unsupported_media_type"
// @Failure		422				{object}	ginauth.Problem	"validation_failed"
// @Failure		429				{object}	ginauth.Problem	"too_many_attempts"
// @Failure		503				{object}	ginauth.Problem	"unavailable, busy"
// @Router			/signup/mail [post]
func signUp[U any, F ginauth.Form](constructor string, f *Flows[U], fill func(context.Context, F, *U) error) *route.Handler {
	f.mounted(constructor, "Verify")
	f.needsProofs(constructor)
	if f.app.Identifier == driver.UsernameIdentifier {
		panic("email." + constructor + ": a sign-up by mail cannot take a username, since a taken one would tell that an address was free: use ginauth.SignUp, or EitherIdentifier") //nolint:forbidigo // while routes are built
	}
	return route.New(route.Info{Mails: true, Enter: f.cfg.Engine().Enter, Name: "signUpByMail", For: route.LoggedOut}, func(c *gin.Context) {
		if err := register(c, f, fill); err != nil {
			ginauth.Fail(c, err)
			return
		}
		f.accept(c, driver.MailTaken)
	})
}

// register reveals the outcome only by mail: its event has no user.
func register[U any, F ginauth.Form](c *gin.Context, f *Flows[U], fill func(context.Context, F, *U) error) error {
	if err := route.CheckMethod(c, http.MethodPost); err != nil {
		return err
	}
	var form F
	n, err := flow.BindRegistration(c, f.cfg, &form)
	if err != nil {
		return err
	}
	switch {
	case n.Username != "":
		return ginauth.Invalid(ginauth.FieldError{Field: "username", Code: "unsupported", Detail: "a sign-up by mail takes no username"})
	case n.Canonical == "":
		return errInvalidEmail
	}
	if err := f.wanted(c, driver.MailTaken, n.Canonical); err != nil {
		return err
	}
	ctx := ginauth.AuditContext(c)
	created, err := f.o.Store.CreateUserAndMail(ctx, n, func(u *U) error { return fill(ctx, form, u) }, f.locale(c))
	if err != nil {
		return err
	}
	flow.LogEvent(c, driver.UserCreated, "created", created)
	return nil
}
