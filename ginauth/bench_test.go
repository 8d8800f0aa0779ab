package ginauth_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// discard is an answer that nobody reads.
type discard struct{ header http.Header }

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }
func (d *discard) WriteHeader(int)             {}

// BenchmarkProtectedRoute is GET /user with a live session: one statement, no write.
func BenchmarkProtectedRoute(b *testing.B) {
	app := newApp(b)
	token := app.signUp(b, ada).value
	r := httptest.NewRequest(http.MethodGet, "/user", nil)
	r.AddCookie(&http.Cookie{Name: cookie, Value: token})
	w := &discard{header: http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		clear(w.header)
		app.ServeHTTP(w, r)
	}
}

// BenchmarkExcludedRoute is a page that asks for nobody: no statement.
func BenchmarkExcludedRoute(b *testing.B) {
	app := newApp(b)
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	w := &discard{header: http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		clear(w.header)
		app.ServeHTTP(w, r)
	}
}
