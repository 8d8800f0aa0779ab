package jwt

import (
	"errors"
	"fmt"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/flow"
	"github.com/ginauth/ginauth/ginauth/internal/route"
	"github.com/ginauth/ginauth/ginauth/refresh"
)

// Refresh returns the handler that exchanges a refresh token for a new one and a new access token.
// It is Token for the grant type refresh_token alone, which may be left out. The old token is
// refused from then on; within Options.RefreshGrace it gets the same successor. A later use of the
// old token ends the login, because two parties have its tokens; the event is authn_token_reuse.
// Mount it with POST on a route that needs no login. It panics when New did not make f, and when f
// has NoRefresh set.
func Refresh[U any](f *Flow[U]) gin.HandlerFunc {
	f.mounted("Refresh")
	if f.o.Refresh == nil {
		panic("jwt.Refresh: the flow has NoRefresh set, so there is nothing to refresh") //nolint:forbidigo // construction
	}
	h := post(f, "tokenRefresh", route.LoggedOut, f.serveRefresh)
	return h.As(func(c *gin.Context) { h.Serve(c) })
}

// @Summary		Refresh tokens
// @Description	Exchanges a refresh token, which is good for one use, for a new one and a new access token.
// @ID				tokenRefresh
// @Tags			tokens
// @Accept			x-www-form-urlencoded
// @Produce		json,application/problem+json
// @Param			refresh_token	formData	string	true	"Refresh token"
// @Param			scope			formData	string	false	"Some of the scopes, with blanks between them"
// @Success		200	{object}	Answer
// @Failure		400	{object}	oauthError		"invalid_request, invalid_grant, invalid_scope, unsupported_grant_type"
// @Failure		405	{object}	ginauth.Problem	"method_not_allowed"
// @Failure		429	{object}	ginauth.Problem	"too_many_attempts"
// @Failure		503	{object}	ginauth.Problem	"unavailable"
// @Router			/refresh [post]
func (f *Flow[U]) serveRefresh(c *gin.Context) error {
	form, err := bindForm(c)
	if err != nil {
		return err
	}
	if form.GrantType != "" && form.GrantType != "refresh_token" {
		return errUnknownGrant
	}
	return f.refreshGrant(c, form)
}

func (f *Flow[U]) refreshGrant(c *gin.Context, form tokenForm) error {
	switch {
	case f.o.Refresh == nil:
		return errUnknownGrant
	case form.RefreshToken == "":
		return errMissingFields
	}
	token, ok := refresh.Parse(form.RefreshToken)
	if !ok {
		return f.unknownToken(c)
	}
	l, err := f.renewed(c, token, form.Scope)
	if errors.Is(err, driver.ErrTokenReused) { // rotating it ends the login
		if _, err = f.rotate(c, token); err == nil {
			err = errInvalidGrant
		}
		return err
	}
	if err != nil {
		return err
	}
	successor, err := f.rotate(c, token)
	if err != nil {
		return err
	}
	l.answer.RefreshToken = successor.Reveal()
	sendAnswer(c, l.answer)
	return nil
}

// unknownToken refuses a token that belongs to no login, with 429 if the client sends many
// (SEC-47).
func (f *Flow[U]) unknownToken(c *gin.Context) error {
	return flow.ThrottleBadCredentials(c, f.cfg, errInvalidGrant)
}

// renewed makes the answer to a valid token, except for its successor. Everything that can fail is
// tried before the token is replaced, so that a client may repeat its request at any time
// (SEC-100).
func (f *Flow[U]) renewed(c *gin.Context, token refresh.Token, asked string) (l login[U], err error) {
	family, err := f.o.Refresh.FindRefreshFamily(c.Request.Context(), token.Key().In(driver.Realm(c.Request.Context())))
	if errors.Is(err, driver.ErrNoSession) {
		return l, f.unknownToken(c)
	}
	if err != nil {
		return l, err
	}
	scopes, err := narrow(family.Scopes, asked)
	if err != nil {
		return l, err
	}
	l.user, err = f.cfg.FindUser(c.Request.Context(), family.UserID)
	if errors.Is(err, driver.ErrNoUser) || err == nil && f.cfg.Account(l.user).Disabled {
		return l, errInvalidGrant
	}
	if err != nil {
		return l, err
	}
	g := Grant{Session: family.ID, Scopes: scopes, AuthenticatedAt: family.CreatedAt, Methods: family.Methods, SecondFactor: family.SecondFactor}
	if g.Extra, err = f.extra(c, l.user); err != nil {
		return l, err
	}
	return l, f.issue(c, &l, g)
}

// rotate returns the one successor of a token. Parallel requests get the same one.
func (f *Flow[U]) rotate(c *gin.Context, token refresh.Token) (refresh.Token, error) {
	realm := driver.Realm(c.Request.Context())
	next, seal := token.Next()
	r := driver.RefreshRotation{Key: token.Key().In(realm), Next: next.Key().In(realm).Digest, Seal: seal, Grace: max(f.o.RefreshGrace, 0)}
	rotated, err := f.o.Refresh.RotateRefreshToken(ginauth.AuditContext(c), r)
	switch {
	case errors.Is(err, driver.ErrTokenReused):
		flow.LogEvent(c, driver.TokenReused, "user_id", rotated.UserID, "session", rotated.ID)
		return next, errInvalidGrant
	case errors.Is(err, driver.ErrNoSession):
		return next, errInvalidGrant
	case err != nil:
		return next, err
	}
	if rotated.Elsewhere {
		flow.LogEvent(c, driver.TokenUsedInGrace, "user_id", rotated.UserID, "session", rotated.ID)
	}
	successor := token.Open(rotated.Seal)
	if successor.Key().In(realm).Digest != rotated.Digest {
		return next, fmt.Errorf("refreshing: the stored seal of login %s holds another token", rotated.ID)
	}
	return successor, nil
}
