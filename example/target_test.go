package main

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// No answer sends a client to a host that the request line names.
func TestAHostInTheRequestLineIsNotRepeated(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	server := httptest.NewServer(a.engine)
	defer server.Close()
	for _, path := range []string{"/user/", "/login/", "/", "/nowhere", "/LOGIN", "//user"} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(server.URL, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = fmt.Fprintf(conn, "GET http://evil.example%s HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\nConnection: close\r\n\r\n", path)
		answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		if answer.StatusCode != http.StatusBadRequest || answer.Header.Get("Location") != "" {
			t.Errorf("%s: %s to %q", path, answer.Status, answer.Header.Get("Location"))
		}
		_ = answer.Body.Close()
		_ = conn.Close()
	}
}
