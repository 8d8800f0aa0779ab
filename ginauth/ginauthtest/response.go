package ginauthtest

import (
	"encoding/json"
	"net/http"
	"testing"
)

// shownBody is how much of a body a failure shows, in bytes.
const shownBody = 1000

// Response is what the app has answered. Its methods check it: what is wrong fails the test, which
// goes on, so that they may be called from any goroutine and from subtests.
type Response struct {
	// Code is the status, such as 200.
	Code int
	// Header are the header fields.
	Header http.Header
	// Body is the whole body.
	Body string
	// Path is the path of the page in the end, where Client.Page was sent on.
	Path string

	tb   testing.TB
	what string // method and path of the request
}

// Status checks the status.
func (r *Response) Status(want int) *Response {
	r.tb.Helper()
	if r.Code != want {
		r.fail("want %d %s", want, http.StatusText(want))
	}
	return r
}

// Problem checks that the answer is a problem document (RFC 9457) with that code, such as
// "unauthenticated". docs/problems.md lists the codes of ginauth.
func (r *Response) Problem(code string) *Response {
	r.tb.Helper()
	var p struct{ Code string }
	if r.Header.Get("Content-Type") != "application/problem+json" || json.Unmarshal([]byte(r.Body), &p) != nil || p.Code != code {
		r.fail("want the problem %q", code)
	}
	return r
}

// Redirect checks that the answer sends a browser on to that path or URL.
func (r *Response) Redirect(to string) *Response {
	r.tb.Helper()
	if got := r.Header.Get("Location"); r.Code < 300 || r.Code > 399 || got != to {
		r.fail("to %q, want a redirect to %q", got, to)
	}
	return r
}

// JSON decodes the body into a pointer.
func (r *Response) JSON(into any) *Response {
	r.tb.Helper()
	if err := json.Unmarshal([]byte(r.Body), into); err != nil {
		r.fail("%v", err)
	}
	return r
}

// Cookie returns what the answer sets of that name, nil for nothing. App.SessionCookie names that
// of the session.
func (r *Response) Cookie(name string) *http.Cookie {
	for _, c := range (&http.Response{Header: r.Header}).Cookies() {
		if c.Name == name {
			return c
		}
	}
	return nil
}

func (r *Response) fail(format string, args ...any) {
	r.tb.Helper()
	body := r.Body
	if len(body) > shownBody {
		body = body[:shownBody] + "…"
	}
	r.tb.Errorf("%s: %d %s, "+format+"\n%s", append([]any{r.what, r.Code, http.StatusText(r.Code)}, append(args, body)...)...)
}
