package jwt

import (
	"errors"
	"fmt"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/route"
	"github.com/ginauth/ginauth/ginauth/password"
)

// SignIn begins a login for a user whom a handler of the app's own has authenticated, and returns its tokens. With
// InHeader or InCookie they are in the answer's header too, and there is no refresh token; status and body are the
// handler's to send. The login has all of f.Scopes: set fewer in f before. It returns ginauth.ErrInvalidCredentials for
// a user who is disabled or gone, ginauth.ErrCrossOrigin where another site would set the cookie,
// driver.ErrUnavailable when the store cannot be asked, and another error when f cannot work. Call it before the
// answer begins.
func SignIn[U driver.User](c *gin.Context, f Flow[U], d Delivery, u U) (Answer, error) {
	compiled, err := build(f)
	if err == nil && !d.valid() {
		err = errDelivery
	}
	if err != nil {
		return Answer{}, fmt.Errorf("jwt.SignIn: %w", err)
	}
	switch {
	case !canAnswer(c):
		return Answer{}, errors.New("jwt.SignIn: the answer has begun, or this is a copy of the request's context, which has none")
	case u.Account().ID == "":
		return Answer{}, errors.New("jwt.SignIn: the user has no ID")
	case u.Account().Disabled:
		return Answer{}, ginauth.ErrInvalidCredentials
	case d == InCookie && compiled.check.Check(c.Request) != nil:
		return Answer{}, ginauth.ErrCrossOrigin
	}
	l := login[U]{user: u}
	err = compiled.begin(c, &l, password.Hash{}, compiled.Scopes, d == InBody)
	if errors.Is(err, driver.ErrNoUser) {
		err = compiled.explainNoUser(c, u, err)
	}
	if err != nil {
		return Answer{}, err
	}
	if err := compiled.place(c, d, l); err != nil {
		return Answer{}, err
	}
	compiled.began(c, l)
	return l.answer, nil
}

// explainNoUser tells a user who is gone from one whom the store of refresh tokens does not know: a fault of the set-up,
// which must not look like a refusal (SEC-190).
func (f *flow[U]) explainNoUser(c *gin.Context, u U, refused error) error {
	known, err := f.Config.Users.FindUser(c.Request.Context(), u.Account().ID)
	switch {
	case errors.Is(err, driver.ErrNoUser) || err == nil && known.Account().Disabled:
		return fmt.Errorf("%w: %w", ginauth.ErrInvalidCredentials, refused)
	case err != nil:
		return err
	}
	return fmt.Errorf("%w: Flow.Config.Users, a %T, has the user %s, and Flow.Refresh, a %T, does not know it: have both on one database",
		ginauth.ErrNotMounted, f.Config.Users, u.Account().ID, f.Refresh)
}

// canAnswer says whether a header can still be set.
func canAnswer(c *gin.Context) bool { return route.Answers(c) && !c.Writer.Written() }
