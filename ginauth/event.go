package ginauth

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"sync"

	"github.com/gin-gonic/gin"
)

// Security events, in the words of the OWASP Logging Vocabulary where it has one.
const (
	eventSignUp          = "user_created"
	eventLogin           = "authn_login_success"
	eventLoginFailed     = "authn_login_fail"
	eventLoginFailMax    = "authn_login_fail_max"
	eventRateExceeded    = "excess_rate_limit_exceeded"
	eventBadCredentials  = "authn_credentials_fail"
	eventDenied          = "authz_fail"
	eventLogout          = "authn_logout"
	eventCrossOrigin     = "malicious_csrf"
	eventDuplicateCookie = "malicious_duplicate_cookie"
	eventTokenReuse      = "authn_token_reuse"
	eventSessionsRevoked = "session_revoked"
	eventSessionsEvicted = "session_evicted"
	eventPasswordChanged = "authn_password_change"
	eventUserUpdated     = "user_updated"
	eventUserArchived    = "user_archived"
	eventUserRestored    = "user_restored"
	eventUserDeleted     = "user_deleted"
	eventUserExported    = "sensitive_read"
)

var eventLevels = map[string]slog.Level{
	eventLoginFailed: slog.LevelWarn, eventCrossOrigin: slog.LevelWarn, eventDuplicateCookie: slog.LevelWarn,
	eventTokenReuse: slog.LevelWarn, eventBadCredentials: slog.LevelWarn, eventDenied: slog.LevelWarn,
	eventLoginFailMax: slog.LevelWarn, eventRateExceeded: slog.LevelWarn,
}

func (m *mount) logger() *slog.Logger {
	if m.log == nil {
		return slog.Default()
	}
	return m.log
}

// RecordEvent writes a security event of the app's own, or of a backend, beside those of the
// library: with the client's address and browser, method and route. Names are those of the OWASP
// Logging Vocabulary where it has one. The arguments are slog's; they must hold no secret and
// nothing that the user typed.
func RecordEvent(c *gin.Context, name string, args ...any) {
	m := &unmounted
	if st := attached(c); st != nil {
		m = st.m
	}
	m.event(c, name, args...)
}

// event writes one security event. It never holds what the user typed.
func (m *mount) event(c *gin.Context, name string, args ...any) {
	origin := m.proxies.origin(c.Request)
	args = append([]any{
		"event", name, "method", c.Request.Method, "route", c.FullPath(),
		"ip", origin.Addr.String(), "user_agent", origin.UserAgent,
	}, args...)
	if id := c.Writer.Header().Get("X-Request-Id"); id != "" {
		args = append(args, "request_id", requestID(c))
	}
	m.logger().Log(c.Request.Context(), eventLevels[name], "ginauth: security event", args...)
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
