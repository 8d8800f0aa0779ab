package jwt

import (
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
)

// Delivery is where Login puts the access token.
type Delivery int

// The places that a client can find its token in.
const (
	// InBody answers with an Answer, which holds the refresh token too.
	InBody Delivery = iota
	// InHeader answers with the user, and the header "Authorization: Bearer …". There is no refresh token.
	InHeader
	// InCookie answers with the user, and Flow.Cookie. There is no refresh token: the login ends with
	// the access token, so give the Issuer a longer Lifetime.
	InCookie
)

// Login returns the handler that exchanges ginauth.Credentials, as JSON or a form, for a token. It
// answers 200, and 401 as ginauth.Login does. Mount it with POST on a route that needs no login. It panics when the
// flow cannot work.
func Login[U ginauth.User](f Flow[U], d Delivery) gin.HandlerFunc {
	compiled := compile("Login", f)
	if d < InBody || d > InCookie {
		panic(fmt.Sprintf("jwt.Login: there is no Delivery %d: use InBody, InHeader or InCookie", d)) //nolint:forbidigo // construction
	}
	return post("tokenLogin", func(c *gin.Context) error {
		if d == InCookie && compiled.check.Check(c.Request) != nil {
			return ginauth.ErrCrossOrigin
		}
		var form ginauth.Credentials
		if err := ginauth.Bind(c, &form); err != nil {
			return err
		}
		l, err := compiled.logIn(c, form.Email, form.Password, compiled.Scopes, d == InBody)
		if err != nil {
			return err
		}
		return compiled.deliver(c, d, l)
	})
}

func (f *flow[U]) deliver(c *gin.Context, d Delivery, l login[U]) error {
	switch d {
	case InBody:
		ginauth.Reply(c, http.StatusOK, l.answer)
		return nil
	case InHeader:
		c.Header("Authorization", bearer+" "+l.answer.AccessToken)
	case InCookie:
		if err := f.Cookie.set(c.Writer.Header(), l.answer.AccessToken, l.claims.ExpiresAt.Sub(l.claims.IssuedAt)); err != nil {
			return err
		}
	}
	ginauth.Reply(c, http.StatusOK, f.Config.View(l.user))
	return nil
}
