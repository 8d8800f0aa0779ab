// Package requesttest sends requests to an http.Handler and reads the problems that it answers, for the tests of this
// module. Apps have package ginauthtest.
package requesttest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// JSON is a POST of JSON, as a script sends it.
func JSON(path, body string) *http.Request { return posted(path, "application/json", body) }

// Form is a POST of a form, without what browsers add to it.
func Form(path, body string) *http.Request {
	return posted(path, "application/x-www-form-urlencoded", body)
}

func posted(path, contentType, body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	return r
}

// Send returns what h answers to r.
func Send(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// Follow sends a request of JSON with the cookies that the answer before has set, and returns the answer.
func Follow(h http.Handler, before *httptest.ResponseRecorder, method, path, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if before != nil {
		for _, k := range before.Result().Cookies() {
			r.AddCookie(k)
		}
	}
	return Send(h, r)
}

// Problem is a problem document (RFC 9457) as clients see it.
type Problem struct {
	Type, Title, Code, Detail string
	Status                    int
	Errors                    []struct{ Field, Code, Detail string }
	RequestID                 string `json:"request_id"`
}

// ProblemIn returns the problem that was answered. It fails the test unless the problem is complete and one of the
// library's own.
func ProblemIn(tb testing.TB, w *httptest.ResponseRecorder) (p Problem) {
	tb.Helper()
	if got := w.Header().Get("Content-Type"); got != "application/problem+json" {
		tb.Fatalf("%d with content type %q: %s", w.Code, got, w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		tb.Fatalf("%v in %s", err, w.Body)
	}
	if p.Status != w.Code || p.Title != http.StatusText(w.Code) || !strings.HasSuffix(p.Type, "#"+p.Code) || p.Detail == "" {
		tb.Fatalf("status %d with %+v", w.Code, p)
	}
	return p
}

// WantProblem fails the test unless what was asked is answered by the problem.
func WantProblem(tb testing.TB, what string, w *httptest.ResponseRecorder, status int, code string) {
	tb.Helper()
	if p := ProblemIn(tb, w); w.Code != status || p.Code != code {
		tb.Errorf("%s: %d %s, want %d %s", what, w.Code, w.Body, status, code)
	}
}
