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

// SignIn begins a login for a user whom a handler of your own has authenticated by these methods,
// and returns its tokens. With InHeader or InCookie the access token is in the answer's header too, and there is no
// refresh token. The handler sends status and body. The login has all Scopes of f's Options; for
// fewer, make another Flow with New. SignIn returns ginauth.ErrInvalidCredentials for a user who is
// disabled or gone, ginauth.ErrCrossOrigin if another site would set the cookie,
// driver.ErrUnavailable in an outage, and another error when New did not make f. Call it before the
// answer begins.
func SignIn[U any](c *gin.Context, f *Flow[U], d Delivery, u U, methods ...driver.Method) (Answer, error) {
	if err := f.made(); err != nil {
		return Answer{}, fmt.Errorf("jwt.SignIn: %w", err)
	}
	if !d.valid() {
		return Answer{}, fmt.Errorf("jwt.SignIn: %w", errDelivery)
	}
	if err := driver.MethodsOf(methods...).Check(); err != nil {
		return Answer{}, fmt.Errorf("jwt.SignIn: %w", err)
	}
	account := f.cfg.Account(u)
	switch {
	case !canAnswer(c):
		return Answer{}, errors.New("jwt.SignIn: the answer has begun, or this is a copy of the request's context, which has none")
	case account.ID == "":
		return Answer{}, errors.New("jwt.SignIn: the user has no ID")
	case account.Disabled:
		return Answer{}, f.cfg.Engine().Worded(ginauth.ErrInvalidCredentials)
	case d == InCookie && f.check.Check(c.Request) != nil:
		return Answer{}, ginauth.ErrCrossOrigin
	}
	l := login[U]{user: u}
	err := f.begin(c, &l, password.Hash{}, driver.MethodsOf(methods...), f.o.Scopes, d == InBody)
	if errors.Is(err, driver.ErrNoUser) {
		err = f.explainNoUser(c, u, err)
	}
	if err != nil {
		return Answer{}, err
	}
	if err := f.place(c, d, l); err != nil {
		return Answer{}, err
	}
	f.began(c, l, "")
	return l.answer, nil
}

// explainNoUser finds out why a user was refused: the user may be deleted, or the store of refresh
// tokens does not have the user. The latter is a wrong set-up, which must not look like a refusal
// (SEC-190).
func (f *Flow[U]) explainNoUser(c *gin.Context, u U, refused error) error {
	if _, external := f.o.Refresh.(driver.External); external { // it knows every user except those who were shut out
		return f.cfg.Engine().Worded(fmt.Errorf("%w: %w", ginauth.ErrInvalidCredentials, refused))
	}
	known, err := f.cfg.FindUser(c.Request.Context(), f.cfg.Account(u).ID)
	switch {
	case errors.Is(err, driver.ErrNoUser) || err == nil && f.cfg.Account(known).Disabled:
		return f.cfg.Engine().Worded(fmt.Errorf("%w: %w", ginauth.ErrInvalidCredentials, refused))
	case err != nil:
		return err
	}
	return fmt.Errorf("%w: the Users of the Config, a %T, has the user %s, and Options.Refresh, a %T, does not know it: put both on one database",
		ginauth.ErrNotMounted, f.app.Users, f.cfg.Account(u).ID, f.o.Refresh)
}

// canAnswer says whether a header can still be set.
func canAnswer(c *gin.Context) bool { return route.Answers(c) && !c.Writer.Written() }
