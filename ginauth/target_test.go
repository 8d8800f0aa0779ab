package ginauth_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
)

// raw sends a request line as it stands, and returns the answer.
func raw(t *testing.T, address, target string) *http.Response {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err = fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: app.example\r\nConnection: close\r\n\r\n", target); err != nil {
		t.Fatal(err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	return answer
}

// SEC-142: no redirect repeats a host that a client put into the request line.
func TestAHostInTheRequestLineIsRefused(t *testing.T) {
	t.Parallel()
	app := newApp(t, before(func(r *gin.Engine) { r.RedirectTrailingSlash = false }), routes(func(r *gin.Engine, _ config) {
		r.GET("/self", func(c *gin.Context) { c.Redirect(http.StatusFound, c.Request.URL.String()) })
	}), with(func(cfg *config) { cfg.Exclude = append(cfg.Exclude, "/self", "/schema/*any") }))
	server := httptest.NewServer(app)
	defer server.Close()
	address := strings.TrimPrefix(server.URL, "http://")
	for _, target := range []string{"http://evil.example/user/", "http://evil.example/self", "http://evil.example", "https://app.example/", "ftp://evil.example/x", "http:///self"} {
		answer := raw(t, address, target) //nolint:bodyclose // closed there
		if answer.StatusCode != http.StatusBadRequest || answer.Header.Get("Location") != "" {
			t.Errorf("%s: %s to %q", target, answer.Status, answer.Header.Get("Location"))
		}
	}
	if answer := raw(t, address, "/"); answer.StatusCode != http.StatusOK { //nolint:bodyclose // closed there
		t.Errorf("a path: %s", answer.Status)
	}
	// Tests of apps write whole URLs, and so do adapters of other servers.
	if w := app.send(httptest.NewRequest(http.MethodGet, "http://app.example/", nil)); w.Code != http.StatusOK {
		t.Errorf("a request that no server of net/http read: %d", w.Code)
	}
	elsewhere := httptest.NewRequest(http.MethodGet, "http://evil.example/", nil)
	elsewhere.Host = "app.example"
	if w := app.send(elsewhere); w.Code != http.StatusBadRequest || problemIn(t, w).Code != "absolute_form" {
		t.Errorf("another host than the request's: %d %s", w.Code, w.Body)
	}
}
