package apikey

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/internal/route"
)

// Revoke returns the handler that ends the key of the current user whose id is the route's parameter
// ":id". It answers 204, and 404 for a key that is not theirs. A request that was authenticated
// by a key can end that key and no other. Mount it with POST or DELETE. It panics when cfg or keys
// is invalid.
//
//	@Summary		Revoke one of my API keys
//	@Description	The key is no good any more at once. A request that was authenticated by a key can end that key alone.
//	@ID				revokeAPIKey
//	@Tags			api keys
//	@Produce		application/problem+json
//	@Param			id	path	string	true	"Id of the key"
//	@Success		204
//	@Failure		401	{object}	ginauth.Problem	"unauthenticated"
//	@Failure		403	{object}	ginauth.Problem	"cross_origin, session_required"
//	@Failure		404	{object}	ginauth.Problem	"api_key_not_found"
//	@Failure		503	{object}	ginauth.Problem	"unavailable"
//	@Security		sessionCookie
//	@Router			/api-keys/{id} [delete]
func Revoke[U ginauth.User](cfg ginauth.Config[U], keys Keys[U]) gin.HandlerFunc {
	keys = compileHandler("Revoke", cfg, keys)
	h := route.New(route.Info{Name: "revokeAPIKey"}, ginauth.With(func(c *gin.Context, u U) {
		if err := revoke(c, keys, u.Account().ID); err != nil {
			ginauth.Fail(c, err)
			return
		}
		ginauth.Reply(c, http.StatusNoContent, nil)
	}))
	return h.As(func(c *gin.Context) { h.Serve(c) })
}

func revoke[U ginauth.User](c *gin.Context, keys Keys[U], user ginauth.UserID) error {
	if c.Request.Method != http.MethodPost && c.Request.Method != http.MethodDelete {
		c.Header("Allow", "POST, DELETE")
		return errRevokeMethod
	}
	id := ID(c.Param("id"))
	if own, byKey := used(c); byKey && own.ID != id {
		return errSessionRequired
	}
	err := keys.Store.RevokeAPIKey(ginauth.AuditContext(c), user, id)
	if errors.Is(err, ErrNoKey) {
		return errKeyNotFound
	}
	if err != nil {
		return err
	}
	ginauth.LogEvent(c, ginauth.EventTokenRevoked, "user_id", user, "key_id", id)
	return nil
}
