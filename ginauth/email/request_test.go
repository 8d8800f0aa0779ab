package email_test

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

// wantProblem fails the test unless what was asked is answered by the problem (RFC 9457).
func wantProblem(tb testing.TB, what string, w *httptest.ResponseRecorder, status int, code string) {
	tb.Helper()
	var p struct {
		Type, Title, Code, Detail string
		Status                    int
	}
	if got := w.Header().Get("Content-Type"); got != "application/problem+json" {
		tb.Fatalf("%s: %d with content type %q: %s", what, w.Code, got, w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		tb.Fatalf("%s: %v in %s", what, err, w.Body)
	}
	if p.Title != http.StatusText(p.Status) || !strings.HasSuffix(p.Type, "#"+p.Code) || p.Detail == "" {
		tb.Errorf("%s: the problem is incomplete: %+v", what, p)
	}
	if w.Code != status || p.Status != status || p.Code != code {
		tb.Errorf("%s: %d %s, want %d %s", what, w.Code, w.Body, status, code)
	}
}
