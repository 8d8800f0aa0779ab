package apikey

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/flow"
	"github.com/ginauth/ginauth/ginauth/internal/route"
)

// created is the only answer with a key. It is dropped as soon as it is written.
type created struct {
	driver.APIKey
	// Key is the secret. It is not shown again.
	Key string `json:"key"`
} //	@name	NewAPIKey

// Create returns the handler that makes a key for the current user from a Request, sent as JSON or,
// without scopes, as a form. It answers 201 with the key's driver.APIKey and, only this time, with
// the key itself; 409 when the user has the maximum of keys; and 403 when a key or another
// credential with scopes sent the request. Mount it with POST, behind
// ginauth.Require(ginauth.Fresh(10*time.Minute)), because a key outlives the session that made it.
// It panics when keys is nil, or when the Config has no Users.
func Create[U any](keys *Keys[U]) gin.HandlerFunc {
	keys.handles("Create")
	h := route.New(route.Info{Name: "createAPIKey", For: route.VerifiedUsers, ChecksScopes: true}, ginauth.With(func(c *gin.Context, _ U) {
		key, record, err := create(c, keys)
		if err != nil {
			ginauth.Fail(c, err)
			return
		}
		flow.Reply(c, http.StatusCreated, created{APIKey: record, Key: key.Reveal()})
	}))
	return h.As(func(c *gin.Context) { h.Serve(c) })
}

// @Summary		Make an API key
// @Description	The answer shows the key, which is not shown again.
// @ID				createAPIKey
// @Tags			api keys
// @Accept			json,x-www-form-urlencoded
// @Produce		json,application/problem+json
// @Param			key	body		Request	true	"Name, scopes and lifetime"
// @Success		201	{object}	created
// @Failure		400	{object}	ginauth.Problem	"malformed_body"
// @Failure		401	{object}	ginauth.Problem	"unauthenticated"
// @Failure		403	{object}	ginauth.Problem	"cross_origin, forbidden, session_required, reauthentication_required"
// @Failure		409	{object}	ginauth.Problem	"too_many_api_keys"
// @Failure		413	{object}	ginauth.Problem	"body_too_large"
// @Failure		415	{object}	ginauth.Problem	"unsupported_media_type"
// @Failure		422	{object}	ginauth.Problem	"validation_failed"
// @Failure		503	{object}	ginauth.Problem	"unavailable"
// @Security		sessionCookie
// @Router			/api-keys [post]
func create[U any](c *gin.Context, keys *Keys[U]) (Key, driver.APIKey, error) {
	if err := route.CheckMethod(c, http.MethodPost); err != nil {
		return Key{}, driver.APIKey{}, err
	}
	if _, err := owner[U](c); err != nil {
		return Key{}, driver.APIKey{}, err // before the body is read
	}
	var r Request
	if err := flow.Bind(c, &r); err != nil {
		return Key{}, driver.APIKey{}, err
	}
	return Issue(c, keys, r)
}
