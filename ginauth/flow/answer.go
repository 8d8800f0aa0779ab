package flow

import (
	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/engine"
)

// LogEvent writes a security event of the app or of a backend to the log, in the format of
// ginauth's own events: with the client's address and browser, method and route. Use kinds of the
// OWASP Logging Vocabulary if it has a matching one. The arguments are slog's; they must contain no
// secret and nothing that the user typed. To store an event in the table too, use a
// driver.EventLog.
func LogEvent(c *gin.Context, kind driver.EventKind, args ...any) { engine.LogEvent(c, kind, args...) }

// ProblemOf returns the problem that Fail would answer with: the one that err is or wraps, the one
// for a store's error, or a 500.
func ProblemOf(err error) ginauth.Problem { return engine.ProblemOf(err) }

// Reply answers with JSON that nothing may cache or interpret, as ginauth's own handlers do. On a
// copy of a gin.Context, which cannot answer, it only writes to the log.
func Reply(c *gin.Context, status int, body any) { engine.Reply(c, status, body) }

// PrefersHTML says whether the client prefers a page to JSON, by the weights of its Accept header
// (RFC 9110, 12.5.1). A client without a preference gets JSON.
func PrefersHTML(c *gin.Context) bool { return engine.PrefersHTML(c) }
