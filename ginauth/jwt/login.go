package jwt

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/flow"
	"github.com/ginauth/ginauth/ginauth/internal/route"
)

// Delivery says where Login puts the access token.
type Delivery int

// The places for the access token.
const (
	// InBody answers with an Answer, which includes the refresh token.
	InBody Delivery = iota
	// InHeader answers with the user, and the header "Authorization: Bearer …". There is no refresh
	// token.
	InHeader
	// InCookie answers with the user, and the cookie of Options.Cookie. There is no refresh token,
	// and the login ends with the access token, so give the Issuer a longer Lifetime.
	InCookie
)

var errDelivery = errors.New("there is no such Delivery: use InBody, InHeader or InCookie")

func (d Delivery) valid() bool { return d >= InBody && d <= InCookie }

// Login returns the handler that exchanges ginauth.Credentials, as JSON or a form, for a token. It
// answers 200, and 401 as ginauth.Login does. Mount it with POST on a route that needs no login. It
// panics when New did not make f, and for an unknown Delivery.
func Login[U any](f *Flow[U], d Delivery) gin.HandlerFunc {
	f.withPasswords("Login")
	if !d.valid() {
		panic(fmt.Sprintf("jwt.Login: %v", errDelivery)) //nolint:forbidigo // construction
	}
	h := post(f, "tokenLogin", route.LoggedOut, func(c *gin.Context) error { return f.serveLogin(c, d) })
	return h.As(func(c *gin.Context) { h.Serve(c) })
}

// @Summary		Log in for a token
// @Description	Answers with the tokens, or with the user and the token in the header Authorization or in a cookie, as the app has it.
// @ID				tokenLogin
// @Tags			tokens
// @Accept			json,x-www-form-urlencoded
// @Produce		json,application/problem+json
// @Param			credentials	body		ginauth.Credentials	true	"E-mail address and password"
// @Success		200			{object}	Answer
// @Failure		400			{object}	ginauth.Problem	"malformed_body"
// @Failure		401			{object}	ginauth.Problem	"invalid_credentials"
// @Failure		403			{object}	ginauth.Problem	"cross_origin"
// @Failure		405			{object}	ginauth.Problem	"method_not_allowed"
// @Failure		413			{object}	ginauth.Problem	"body_too_large"
// @Failure		415			{object}	ginauth.Problem	"unsupported_media_type"
// @Failure		422			{object}	ginauth.Problem	"validation_failed"
// @Failure		429			{object}	ginauth.Problem	"too_many_attempts"
// @Failure		503			{object}	ginauth.Problem	"unavailable, busy"
// @Router			/token/login [post]
func (f *Flow[U]) serveLogin(c *gin.Context, d Delivery) error {
	if d == InCookie && f.check.Check(c.Request) != nil {
		return ginauth.ErrCrossOrigin
	}
	var form ginauth.Credentials
	identifier, err := f.cfg.Engine().BindLogin(c, &form, func() (string, string) { return form.Email, form.Username })
	if err != nil {
		return err
	}
	l, err := f.logIn(c, identifier, form.Password, f.o.Scopes, d == InBody)
	if err != nil {
		return err
	}
	return f.deliver(c, d, l)
}

func (f *Flow[U]) deliver(c *gin.Context, d Delivery, l login[U]) error {
	if err := f.place(c, d, l); err != nil {
		return err
	}
	if d == InBody {
		flow.Reply(c, http.StatusOK, l.answer)
		return nil
	}
	flow.Reply(c, http.StatusOK, f.app.View(l.user))
	return nil
}

// place puts the token into the answer's header if the Delivery needs it.
func (f *Flow[U]) place(c *gin.Context, d Delivery, l login[U]) error {
	c.Header("Cache-Control", "no-store")
	switch d {
	case InHeader:
		c.Header(authorization, tokenType+" "+l.answer.AccessToken)
	case InCookie:
		return f.o.Cookie.set(c.Writer.Header(), l.answer.AccessToken, l.claims.ExpiresAt.Sub(l.claims.IssuedAt))
	case InBody:
	}
	return nil
}
