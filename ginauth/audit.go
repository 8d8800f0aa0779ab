package ginauth

import (
	"context"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/internal/engine"
)

// AuditContext returns the request's context with its Cause. Pass it to the store methods that
// change an account. The events that they write then say who made the change, and from where:
//
//	err := db.DisableUser(ginauth.AuditContext(c), id)
func AuditContext(c *gin.Context) context.Context { return engine.AuditContext(c) }
