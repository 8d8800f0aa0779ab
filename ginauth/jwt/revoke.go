package jwt

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/flow"
	"github.com/ginauth/ginauth/ginauth/internal/route"
	"github.com/ginauth/ginauth/ginauth/refresh"
)

// Revoke returns the revocation endpoint of RFC 7009. It takes a refresh token or an access token,
// ends the login of that token, and answers 200, also for an unknown token. In an outage it answers
// 503, and the login may still be alive. Stateless backends accept access tokens of an ended login
// until they expire. Mount it with POST on a route that needs no login. It panics when New did not
// make f.
func Revoke[U any](f *Flow[U]) gin.HandlerFunc {
	f.mounted("Revoke")
	h := post(f, "tokenRevoke", route.Everyone, f.serveRevoke)
	return h.As(func(c *gin.Context) { h.Serve(c) })
}

// @Summary		Give tokens back
// @Description	Ends the login that a refresh token or an access token belongs to (RFC 7009). Answers the same for an unknown token.
// @ID				tokenRevoke
// @Tags			tokens
// @Accept			x-www-form-urlencoded
// @Produce		json,application/problem+json
// @Param			token	formData	string	true	"Refresh token or access token"
// @Success		200
// @Failure		400	{object}	oauthError		"invalid_request"
// @Failure		405	{object}	ginauth.Problem	"method_not_allowed"
// @Failure		503	{object}	ginauth.Problem	"unavailable"
// @Router			/revoke [post]
func (f *Flow[U]) serveRevoke(c *gin.Context) error {
	form, err := bindForm(c)
	if err != nil {
		return err
	}
	if form.Token == "" {
		return errNoToken
	}
	if err := f.revoke(c, form.Token); err != nil {
		return err
	}
	flow.Reply(c, http.StatusOK, struct{}{})
	return nil
}

// Logout returns the handler that clears the cookie of Options.Cookie and ends the login of the
// token in it. It answers 204, with a cookie and without one; 503 when the store cannot be asked.
// Mount it with POST. It panics when New did not make f.
func Logout[U any](f *Flow[U]) gin.HandlerFunc {
	f.mounted("Logout")
	h := post(f, "tokenLogout", route.Everyone, f.serveLogout)
	return h.As(func(c *gin.Context) { h.Serve(c) })
}

// @Summary		Log out of a token in a cookie
// @Description	Ends the login that the cookie's token belongs to, and clears the cookie.
// @ID				tokenLogout
// @Tags			tokens
// @Produce		application/problem+json
// @Success		204
// @Failure		403	{object}	ginauth.Problem	"cross_origin"
// @Failure		405	{object}	ginauth.Problem	"method_not_allowed"
// @Failure		503	{object}	ginauth.Problem	"unavailable"
// @Router			/token/logout [post]
func (f *Flow[U]) serveLogout(c *gin.Context) error {
	if f.check.Check(c.Request) != nil {
		return ginauth.ErrCrossOrigin
	}
	found := c.Request.CookiesNamed(f.o.Cookie.name())
	for _, cookie := range found[:min(len(found), maxLogoutCookies)] {
		if err := f.revokeAccess(c, cookie.Value); err != nil {
			return err
		}
	}
	f.o.Cookie.clear(c.Writer.Header())
	c.Header("Cache-Control", "no-store")
	c.Status(http.StatusNoContent)
	return nil
}

// maxLogoutCookies limits the work that planted cookies of the same name can cause.
const maxLogoutCookies = 4

func (f *Flow[U]) revoke(c *gin.Context, token string) error {
	opaque, ok := refresh.Parse(token)
	if !ok || f.o.Refresh == nil {
		return f.revokeAccess(c, token)
	}
	family, err := f.o.Refresh.RevokeRefreshToken(ginauth.AuditContext(c), opaque.Key().In(driver.Realm(c.Request.Context())))
	return revoked(c, family.UserID, family.ID, err)
}

// revokeAccess ends the login that a valid access token names. Any other token ends nothing.
func (f *Flow[U]) revokeAccess(c *gin.Context, token string) error {
	claims, err := f.verifier.Verify(c.Request.Context(), token)

	switch {
	case errors.Is(err, ginauth.ErrBadCredentials) || err == nil && (f.o.Refresh == nil || claims.Session == ""):
		return nil
	case err != nil:
		return err
	}
	user := driver.UserID(claims.Subject)
	return revoked(c, user, claims.Session, f.o.Refresh.RevokeRefreshFamily(ginauth.AuditContext(c), user, claims.Session))
}

func revoked(c *gin.Context, user driver.UserID, session driver.SessionID, err error) error {
	if errors.Is(err, driver.ErrNoSession) {
		return nil
	}
	if err == nil {
		flow.LogEvent(c, driver.TokenRevoked, "user_id", user, "session", session)
	}
	return err
}
