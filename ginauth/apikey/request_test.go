package apikey_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// jsonRequest is a POST of JSON, as a script sends it.
func jsonRequest(path, body string) *http.Request { return posted(path, "application/json", body) }

// formRequest is a POST of a form.
func formRequest(path, body string) *http.Request {
	return posted(path, "application/x-www-form-urlencoded", body)
}

func posted(path, contentType, body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	return r
}

// send returns what h answers to r.
func send(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// answeredProblem is a problem document (RFC 9457) as clients see it.
type answeredProblem struct {
	Type, Title, Code, Detail string
	Status                    int
	Errors                    []struct{ Field, Code, Detail string }
	RequestID                 string `json:"request_id"`
}

// problemIn returns the problem that was answered. It fails the test unless that is complete, and one
// of the library's own.
func problemIn(tb testing.TB, w *httptest.ResponseRecorder) (p answeredProblem) {
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

// wantProblem fails the test unless what was asked is answered by the problem.
func wantProblem(tb testing.TB, what string, w *httptest.ResponseRecorder, status int, code string) {
	tb.Helper()
	if p := problemIn(tb, w); w.Code != status || p.Code != code {
		tb.Errorf("%s: %d %s, want %d %s", what, w.Code, w.Body, status, code)
	}
}
