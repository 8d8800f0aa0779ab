package engine

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"sync"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
)

func (m *Mount) logger() *slog.Logger {
	if m.Log == nil {
		return slog.Default()
	}
	return m.Log
}

// Event writes one security event to the log. It never holds what the user typed.
func (m *Mount) Event(c *gin.Context, kind driver.EventKind, args ...any) {
	cause, method := causeOf(c, m), ""
	if c.Request != nil {
		method = c.Request.Method
	}
	args = append([]any{
		"event", string(kind), "method", method, "route", c.FullPath(), "operation", cause.Operation,
		"ip", cause.Origin.Addr.String(), "user_agent", cause.Origin.UserAgent,
	}, args...)
	if cause.RequestID != "" {
		args = append(args, "request_id", cause.RequestID)
	}
	m.logger().Log(requestContext(c), level(kind), "ginauth: security event", args...)
}

// level makes failures warnings, and the use of a replaced token within its grace, which may be theft.
func level(kind driver.EventKind) slog.Level {
	if kind.Outcome() == driver.Failure || kind == driver.TokenUsedInGrace {
		return slog.LevelWarn
	}
	return slog.LevelInfo
}

// identifierKey makes failed identifiers comparable within one process and unreadable
// outside it: people type passwords into the wrong field (SEC-165).
var identifierKey = sync.OnceValue(func() []byte {
	key := make([]byte, sha256.Size)
	_, _ = rand.Read(key) // never fails
	return key
})

func hideIdentifier(s string) string {
	mac := hmac.New(sha256.New, identifierKey())
	mac.Write([]byte(s))
	return hex.EncodeToString(mac.Sum(nil)[:8])
}

// LogEvent writes a security event of the app's own, or of a backend, to the log, beside those of the
// library: with the client's address and browser, method and route. Kinds are those of the OWASP
// Logging Vocabulary where it has one. The arguments are slog's; they must hold no secret and
// nothing that the user typed. What has to be in the table too, a driver.EventLog records.
func LogEvent(c *gin.Context, kind driver.EventKind, args ...any) {
	m := &unmounted
	if st := Attached(c); st != nil {
		m = st.Mount
	}
	m.Event(c, kind, args...)
}
