// Package problem has the errors that clients see, in the form of RFC 9457
// (application/problem+json). Apps use them under the names of package ginauth: ginauth.Problem,
// ginauth.FieldError and ginauth.NewProblem.
package problem

import (
	"net/http"
	"time"
)

// Details is an error as the client sees it. It is also an error value. Treat it as read-only.
type Details struct {
	// Type is a link that explains the code.
	Type string `json:"type" format:"uri-reference"`
	// Title is the status in words.
	Title string `json:"title"`
	// Status is the HTTP status code.
	Status int `json:"status" minimum:"400" maximum:"599"`
	// Code names the problem for programs. Codes are stable.
	Code string `json:"code"`
	// Detail is a sentence for people, without input or internals.
	Detail string `json:"detail"`
	// Errors are the fields at fault, if any.
	Errors []Field `json:"errors,omitempty"`
	// RequestID is the id of a 500's cause in the server's log.
	RequestID string `json:"request_id,omitempty"`

	// RetryAfter is the time in the header Retry-After, in whole seconds. Zero sends no such
	// header.
	RetryAfter time.Duration `json:"-"`
	// Allow is the header Allow: the methods of the route. Empty sends no such header.
	Allow string `json:"-"`
	// Challenge is the header WWW-Authenticate. If it is empty, a 401 has the challenges of the
	// route's backends.
	Challenge string `json:"-"`
} //	@name	ginauth.Problem

// Field is one field at fault. It never holds the field's value.
type Field struct {
	// Field is its JSON name, with dots for fields of objects.
	Field string `json:"field"`
	// Code names the rule that was broken, such as "required" or "too_short".
	Code string `json:"code"`
	// Detail is a sentence for people.
	Detail string `json:"detail"`
} //	@name	ginauth.FieldError

// New returns a problem with a status, a code for programs and a sentence for people, which must
// contain neither input nor internals. Its Type is "about:blank"; set it to the URL of a page about
// the code, if you have one.
func New(status int, code, detail string) *Details {
	return &Details{Type: "about:blank", Title: http.StatusText(status), Status: status, Code: code, Detail: detail}
}

// Error returns the code and the detail.
func (p *Details) Error() string { return p.Code + ": " + p.Detail }

// Is makes every copy of a problem match its sentinel.
func (p *Details) Is(target error) bool {
	other, ok := target.(*Details)
	return ok && other.Code == p.Code
}
