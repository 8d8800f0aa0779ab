package apikey

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/flow"
	"github.com/ginauth/ginauth/ginauth/internal/route"
)

// List returns the handler that answers 200 with the current user's keys, a list of driver.APIKey,
// the newest first. It includes expired keys until they are deleted. It answers 403 to a key or
// another credential with scopes. It panics when keys is nil, or when the Config has no Users.
func List[U any](keys *Keys[U]) gin.HandlerFunc {
	keys.handles("List")
	h := route.New(route.Info{Name: "apiKeys", For: route.VerifiedUsers, ChecksScopes: true}, ginauth.With(func(c *gin.Context, _ U) {
		records, err := list(c, keys)
		if err != nil {
			ginauth.Fail(c, err)
			return
		}
		flow.Reply(c, http.StatusOK, records)
	}))
	return h.As(func(c *gin.Context) { h.Serve(c) })
}

// @Summary		List my API keys
// @Description	Returns the keys of the current user, the newest first, without the secrets.
// @ID				apiKeys
// @Tags			api keys
// @Produce		json,application/problem+json
// @Success		200	{array}		driver.APIKey
// @Failure		401	{object}	ginauth.Problem	"unauthenticated"
// @Failure		403	{object}	ginauth.Problem	"forbidden, session_required"
// @Failure		503	{object}	ginauth.Problem	"unavailable"
// @Security		sessionCookie
// @Router			/api-keys [get]
func list[U any](c *gin.Context, keys *Keys[U]) ([]driver.APIKey, error) {
	user, err := owner[U](c)
	if err != nil {
		return nil, err
	}
	records, err := keys.o.Store.UserAPIKeys(c.Request.Context(), user)
	if err != nil {
		return nil, err
	}
	return append([]driver.APIKey{}, records...), nil // JSON "[]" if there are none, not "null"
}
