package flow

import (
	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/engine"
)

// RequestOrigin returns the client of a request, seen through the proxies of
// Options.TrustedProxies where Session covers the route.
func RequestOrigin(c *gin.Context) driver.Origin { return engine.RequestOrigin(c) }
