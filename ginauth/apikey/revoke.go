package apikey

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/flow"
	"github.com/ginauth/ginauth/ginauth/internal/route"
)

// Revoke returns the handler that ends the current user's key whose id is the route's parameter
// ":id". It answers 204, or 404 for a key of another user. A request that a key authenticated can
// end that key only, and another credential with scopes can end none: 403. Mount it with POST or
// DELETE. It panics when keys is nil, or when the Config has no Users.
func Revoke[U any](keys *Keys[U]) gin.HandlerFunc {
	keys.handles("Revoke")
	h := route.New(route.Info{Name: "revokeAPIKey", For: route.VerifiedUsers, ChecksScopes: true}, ginauth.With(func(c *gin.Context, u U) {
		if err := revoke(c, keys, keys.cfg.Account(u).ID); err != nil {
			ginauth.Fail(c, err)
			return
		}
		flow.Reply(c, http.StatusNoContent, nil)
	}))
	return h.As(func(c *gin.Context) { h.Serve(c) })
}

// @Summary		Revoke one of my API keys
// @Description	The key is no good any more at once. A request that was authenticated by a key can end that key alone.
// @ID				revokeAPIKey
// @Tags			api keys
// @Produce		application/problem+json
// @Param			id	path	string	true	"Id of the key"
// @Success		204
// @Failure		401	{object}	ginauth.Problem	"unauthenticated"
// @Failure		403	{object}	ginauth.Problem	"cross_origin, forbidden, session_required"
// @Failure		404	{object}	ginauth.Problem	"api_key_not_found"
// @Failure		503	{object}	ginauth.Problem	"unavailable"
// @Security		sessionCookie
// @Router			/api-keys/{id} [delete]
func revoke[U any](c *gin.Context, keys *Keys[U], user driver.UserID) error {
	if err := route.CheckMethod(c, http.MethodPost, http.MethodDelete); err != nil {
		return err
	}
	id := driver.APIKeyID(c.Param("id"))
	if own, byKey := used(c); !byKey || own.ID != id {
		if _, err := owner[U](c); err != nil {
			return err
		}
	}
	err := keys.o.Store.RevokeAPIKey(ginauth.AuditContext(c), user, id)
	if errors.Is(err, driver.ErrNoAPIKey) {
		return errKeyNotFound
	}
	if err != nil {
		return err
	}
	flow.LogEvent(c, driver.TokenRevoked, "user_id", user, "key_id", id)
	return nil
}

// RevokeAll returns the handler that ends all keys of the current user, for example after an
// intruder used the account. It answers 204, or 403 to a key or another credential with scopes.
// Mount it with POST or DELETE. It panics when keys is nil, or when the Config has no Users.
func RevokeAll[U any](keys *Keys[U]) gin.HandlerFunc {
	keys.handles("RevokeAll")
	h := route.New(route.Info{Name: "revokeAPIKeys", For: route.VerifiedUsers, ChecksScopes: true}, ginauth.With(func(c *gin.Context, _ U) {
		if err := revokeAll(c, keys); err != nil {
			ginauth.Fail(c, err)
			return
		}
		flow.Reply(c, http.StatusNoContent, nil)
	}))
	return h.As(func(c *gin.Context) { h.Serve(c) })
}

// @Summary		Revoke all my API keys
// @Description	None of the user's keys is any good any more at once.
// @ID				revokeAPIKeys
// @Tags			api keys
// @Produce		application/problem+json
// @Success		204
// @Failure		401	{object}	ginauth.Problem	"unauthenticated"
// @Failure		403	{object}	ginauth.Problem	"cross_origin, forbidden, session_required"
// @Failure		503	{object}	ginauth.Problem	"unavailable"
// @Security		sessionCookie
// @Router			/api-keys [delete]
func revokeAll[U any](c *gin.Context, keys *Keys[U]) error {
	if err := route.CheckMethod(c, http.MethodPost, http.MethodDelete); err != nil {
		return err
	}
	user, err := owner[U](c)
	if err != nil {
		return err
	}
	if err := keys.o.Store.RevokeUserAPIKeys(ginauth.AuditContext(c), user); err != nil {
		return err
	}
	flow.LogEvent(c, driver.TokenRevoked, "user_id", user, "keys", "all")
	return nil
}
