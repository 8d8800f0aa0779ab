package authtest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// Problem is a problem document (RFC 9457) as clients of the library see it.
type Problem struct {
	Type, Title, Code, Detail string
	Status                    int
	Errors                    []struct{ Field, Code, Detail string }
	RequestID                 string `json:"request_id"`
}

// ProblemIn returns the problem that was answered. It fails the test unless that is complete, and one
// of the library's own.
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
