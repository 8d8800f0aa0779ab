package account

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/engine"
	"github.com/ginauth/ginauth/ginauth/internal/route"
)

// RevokeSession returns the handler that ends one session of the current user, or one login by
// refresh tokens. The route's parameter ":id" is its id. It answers 204, and 404 for an id that is
// not the user's. For the session that sent the request it is a logout. Mount it with POST or
// DELETE. It panics where ListLogins returns ErrNotMounted.
func RevokeSession[U any](cfg *ginauth.Config[U]) gin.HandlerFunc {
	h := revoker("RevokeSession", cfg, (*engine.Mount).Manager, revokeSession)
	return h.As(func(c *gin.Context) { h.Serve(c) })
}

// @Summary		End one of my sessions
// @Description	Ending the session that asks is a logout.
// @ID				revokeSession
// @Tags			sessions
// @Produce		application/problem+json
// @Param			id	path	string	true	"Id of the session"
// @Success		204
// @Failure		401	{object}	ginauth.Problem	"unauthenticated"
// @Failure		403	{object}	ginauth.Problem	"cross_origin, forbidden"
// @Failure		404	{object}	ginauth.Problem	"session_not_found"
// @Failure		503	{object}	ginauth.Problem	"unavailable"
// @Security		sessionCookie
// @Router			/sessions/{id} [delete]
func revokeSession(c *gin.Context, st *engine.State, manager driver.Logins) error {
	id, user, current := driver.SessionID(c.Param("id")), st.Proof().Account.ID, st.LoginID()
	if id == current && st.Proof().Via == engine.SessionScheme {
		return st.SignOut(c)
	}
	err := manager.RevokeSession(ginauth.AuditContext(c), user, id)
	if tokens, ok := manager.(driver.RefreshTokens); ok && errors.Is(err, driver.ErrNoSession) {
		err = tokens.RevokeRefreshFamily(ginauth.AuditContext(c), user, id)
	}
	if errors.Is(err, driver.ErrNoSession) {
		return errSessionNotFound
	}
	if err == nil && id == current {
		st.SetUser(nil, driver.Account{})
	}
	return err
}

// RevokeOtherSessions returns the handler that ends all sessions and logins by refresh tokens of
// the current user, except the one that sent the request. It answers 204. Mount it with POST or
// DELETE. It panics where ListLogins returns ErrNotMounted.
func RevokeOtherSessions[U any](cfg *ginauth.Config[U]) gin.HandlerFunc {
	h := revoker("RevokeOtherSessions", cfg, (*engine.Mount).Manager, revokeOthers)
	return h.As(func(c *gin.Context) { h.Serve(c) })
}

// @Summary		End all my other sessions
// @Description	Ends all sessions of the current user but the one that asks.
// @ID				revokeOtherSessions
// @Tags			sessions
// @Produce		application/problem+json
// @Success		204
// @Failure		401	{object}	ginauth.Problem	"unauthenticated"
// @Failure		403	{object}	ginauth.Problem	"cross_origin, forbidden"
// @Failure		503	{object}	ginauth.Problem	"unavailable"
// @Security		sessionCookie
// @Router			/sessions/revoke-others [post]
func revokeOthers(c *gin.Context, st *engine.State, manager driver.Logins) error {
	return manager.RevokeUserSessions(ginauth.AuditContext(c), st.Proof().Account.ID, st.LoginID())
}

// RevokeAllSessions returns the handler that logs the current user out everywhere, including here.
// It answers 204. Mount it with POST or DELETE. If the sessions' store is not a driver.Logins,
// Users must be one, and a driver.Authority too, as store.DB is. It panics otherwise, and if only
// RetrieveUser knows whose a session is.
func RevokeAllSessions[U any](cfg *ginauth.Config[U]) gin.HandlerFunc {
	h := revoker("RevokeAllSessions", cfg, (*engine.Mount).Epochs, revokeAll)
	return h.As(func(c *gin.Context) { h.Serve(c) })
}

// @Summary		Log out everywhere
// @Description	Ends all sessions of the current user, the one that asks too.
// @ID				revokeAllSessions
// @Tags			sessions
// @Produce		application/problem+json
// @Success		204
// @Failure		401	{object}	ginauth.Problem	"unauthenticated"
// @Failure		403	{object}	ginauth.Problem	"cross_origin, forbidden"
// @Failure		503	{object}	ginauth.Problem	"unavailable"
// @Security		sessionCookie
// @Router			/sessions/revoke-all [post]
func revokeAll(c *gin.Context, st *engine.State, manager driver.Logins) error {
	if err := manager.RevokeUserSessions(ginauth.AuditContext(c), st.Proof().Account.ID, ""); err != nil {
		return err
	}
	if st.Proof().Via != engine.SessionScheme {
		st.SetUser(nil, driver.Account{})
		return nil
	}
	return st.SignOut(c)
}

func revoker[U any](name string, cfg *ginauth.Config[U], by func(*engine.Mount) driver.Logins, revoke func(*gin.Context, *engine.State, driver.Logins) error) *route.Handler {
	m := compileManager("account."+name, cfg, by)
	return route.New(route.Info{Name: lowerFirst(name), For: route.Users, ChecksScopes: true, Mount: m, Cookie: m.Cookie.Name}, func(c *gin.Context) {
		if err := route.CheckMethod(c, http.MethodPost, http.MethodDelete); err != nil {
			ginauth.Fail(c, err)
			return
		}
		st, manager, err := managed(c, by)
		if err != nil {
			ginauth.Fail(c, err)
			return
		}
		user, session := st.Proof().Account.ID, st.LoginID()
		if err := revoke(c, st, manager); err != nil {
			ginauth.Fail(c, err)
			return
		}
		st.Mount.Event(c, driver.SessionsRevoked, "user_id", user, "by_session", session)
		if st.Proof().Account.ID == "" || !m.SendOn(c) {
			m.Farewell(c)
		}
	})
}
