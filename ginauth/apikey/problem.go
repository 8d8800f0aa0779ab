package apikey

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/problempage"
)

var (
	errKeyNotFound     error = problempage.New(http.StatusNotFound, "api_key_not_found", "You have no such API key.")
	errTooMany         error = problempage.New(http.StatusConflict, "too_many_api_keys", "You have as many API keys as you may have. Revoke one first.")
	errSessionRequired error = problempage.New(http.StatusForbidden, "session_required", "An API key cannot do this. Log in instead.")
)

// usedKey is the key under which Backend leaves the driver.APIKey of a request.
type usedKey struct{}

func used(c *gin.Context) (driver.APIKey, bool) {
	v, _ := c.Get(usedKey{})
	r, ok := v.(driver.APIKey)
	return r, ok
}
