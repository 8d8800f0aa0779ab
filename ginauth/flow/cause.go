package flow

import (
	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/engine"
)

// RequestOrigin returns the client of a request. If Session covers the route, it looks through the
// proxies of Options.TrustedProxies.
func RequestOrigin(c *gin.Context) driver.Origin { return engine.RequestOrigin(c) }
