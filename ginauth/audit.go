package ginauth

import (
	"context"

	"github.com/gin-gonic/gin"
	"github.com/ginauth/ginauth/ginauth/internal/engine"
)

// AuditContext returns the request's context with its Cause. Give it to the methods of a store that change an
// account, so that the events they write say who did it and from where:
//
//	err := db.DisableUser(ginauth.AuditContext(c), id)
func AuditContext(c *gin.Context) context.Context { return engine.AuditContext(c) }
