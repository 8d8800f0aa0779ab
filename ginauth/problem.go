package ginauth

import (
	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/internal/engine"
	"github.com/ginauth/ginauth/ginauth/problem"
)

// Problem is an error as the client sees it, in the form of RFC 9457 (application/problem+json). It
// is also an error value and matches every copy of itself by its Code. Treat it as read-only.
type Problem = problem.Details

// FieldError is one field at fault. Field is its JSON name, with dots for fields of objects; Code
// names the broken rule, such as "required"; Detail is a sentence for people. It never holds the
// field's value.
type FieldError = problem.Field

// NewProblem returns an error for Fail to answer with: a status, a code for programs and a sentence
// for people, which must contain neither input nor internals. Its Type is "about:blank"; set it to
// the URL of a page about the code, if you have one.
func NewProblem(status int, code, detail string) *Problem { return problem.New(status, code, detail) }

// Invalid returns a 422 problem that names the fields at fault, for the app's own rules.
func Invalid(fields ...FieldError) error { return engine.Invalid(fields...) }

// Fail answers a request with the problem that err is or wraps, and aborts its handlers. Any other
// error gets a 500 with an id, and the log has the cause under that id; the text of err is never
// sent. If the client has gone away, nothing is sent. On a copy of a gin.Context, which cannot
// answer, the error is only logged.
func Fail(c *gin.Context, err error) { engine.Fail(c, err) }
