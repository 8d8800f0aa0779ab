package main

import (
	"fmt"
	"io"
	"log/slog"
	"runtime/debug"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
)

// logRequests lets Gin measure and slog write, without the query: links from mails have their token there.
func logRequests(log *slog.Logger) gin.HandlerFunc {
	return gin.LoggerWithConfig(gin.LoggerConfig{Output: io.Discard, SkipQueryString: true, Formatter: func(p gin.LogFormatterParams) string {
		log.Info("request", "method", p.Method, "path", p.Path, "status", p.StatusCode, "took", p.Latency)
		return ""
	}})
}

// recoverPanics keeps the headers, and with them the cookies, out of the log.
func recoverPanics(log *slog.Logger) gin.HandlerFunc {
	return gin.CustomRecoveryWithWriter(nil, func(c *gin.Context, cause any) {
		log.Error("panic", "cause", cause, "stack", string(debug.Stack()))
		ginauth.Fail(c, fmt.Errorf("panic: %v", cause))
	})
}
