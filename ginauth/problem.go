package ginauth

import (
	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/internal/engine"
	"github.com/ginauth/ginauth/ginauth/problem"
)

// Problem is an error as the client sees it, in the form of RFC 9457 (application/problem+json). It is an error value
// too, and matches every copy of itself by its Code. Treat it as read-only.
type Problem = problem.Details

// FieldError is one field at fault: Field is its JSON name, with dots for fields of objects; Code names the rule that was
// broken, such as "required"; Detail is a sentence for people. It never holds the field's value.
type FieldError = problem.Field

// NewProblem returns an error that Fail answers with: a status, a code for programs and a sentence
// for people, which must hold neither input nor internals. Its Type is "about:blank"; set it to a
// page of your own where there is one.
func NewProblem(status int, code, detail string) *Problem { return problem.New(status, code, detail) }

// Invalid returns a 422 problem that names fields at fault, for the app's own rules.
func Invalid(fields ...FieldError) error { return engine.Invalid(fields...) }

// Fail answers a request with the problem that err is or wraps, and aborts its handlers.
// Any other error is answered as 500 with an id under which its cause is logged;
// the text of err is never sent. A client that has gone away is sent nothing. A copy of a gin.Context has no answer: the
// error is logged.
func Fail(c *gin.Context, err error) { engine.Fail(c, err) }
