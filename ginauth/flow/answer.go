package flow

import (
	"github.com/gin-gonic/gin"
	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/engine"
)

// LogEvent writes a security event of the app's own, or of a backend, to the log, beside those of the
// library: with the client's address and browser, method and route. Kinds are those of the OWASP
// Logging Vocabulary where it has one. The arguments are slog's; they must hold no secret and
// nothing that the user typed. What has to be in the table too, a driver.EventLog records.
func LogEvent(c *gin.Context, kind driver.EventKind, args ...any) { engine.LogEvent(c, kind, args...) }

// ProblemOf returns what Fail would answer to err with: the problem that err is or wraps, that of a store's error, or
// a 500.
func ProblemOf(err error) ginauth.Problem { return engine.ProblemOf(err) }

// Reply answers with JSON that nothing may cache or interpret, as the library's own handlers do. On a copy of a gin.Context,
// which has no answer, it does nothing but tell the log.
func Reply(c *gin.Context, status int, body any) { engine.Reply(c, status, body) }

// PrefersHTML says whether the client wants a page rather than JSON, by the weights of its Accept header (RFC 9110, 12.5.1).
// A client that does not care gets JSON.
func PrefersHTML(c *gin.Context) bool { return engine.PrefersHTML(c) }
