package ginauth_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/flow"
	"github.com/ginauth/ginauth/ginauth/internal/built"
)

// A proxy that no setting names makes all its clients one: the log says so, once, and how to mend it.
func TestUnnamedProxyIsReportedOnce(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		peer    string
		trusted []string
		want    string // in the one warning
	}{
		"loopback":            {peer: "127.0.0.1:9", want: "127.0.0.1/32"},
		"loopback, v6":        {peer: "[::1]:9", want: "::1/128"},
		"private":             {peer: "10.1.2.3:9", want: "10.1.2.3/32"},
		"mapped":              {peer: "[::ffff:192.168.1.1]:9", want: "192.168.1.1/32"},
		"another is named":    {peer: "10.1.2.3:9", trusted: []string{"192.168.0.0/16"}, want: "10.1.2.3/32"},
		"unique local":        {peer: "[fd00::1]:9", want: "fd00::1/128"},
		"shared":              {peer: "100.64.0.9:9", want: "100.64.0.9/32"},
		"a unix socket":       {peer: "@", want: "unix"},
		"named":               {peer: "10.1.2.3:9", trusted: []string{"10.0.0.0/8"}},
		"a named unix socket": {peer: "@", trusted: []string{"unix"}},
		"a stranger":          {peer: "203.0.113.9:9"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := newApp(t, with(func(cfg *config) { cfg.TrustedProxies = tc.trusted }), routes(func(r *gin.Engine, cfg config) {
				r.Group("/inner", ginauth.Session(built.Config(cfg))).GET("/user", ginauth.Me(built.Config(cfg)))
			}))
			send := func(path, forwarded string) {
				r := httptest.NewRequest(http.MethodGet, path, nil)
				r.RemoteAddr = tc.peer
				if forwarded != "" {
					r.Header.Set("X-Forwarded-For", forwarded)
				}
				app.send(r)
			}
			send("/user", "")
			if log := app.log.String(); strings.Contains(log, "X-Forwarded-For") {
				t.Errorf("without a proxy: %s", log)
			}
			for range 3 {
				send("/user", "198.51.100.1")
				send("/", "198.51.100.2")
				send("/inner/user", "198.51.100.3")
			}
			var lines []string
			for line := range strings.Lines(app.log.String()) {
				if strings.Contains(line, "X-Forwarded-For") {
					lines = append(lines, line)
				}
			}
			switch {
			case tc.want == "" && len(lines) > 0, tc.want != "" && len(lines) != 1:
				t.Errorf("%d warnings: %s", len(lines), lines)
			case tc.want == "":
			case !strings.Contains(lines[0], tc.want) || !strings.Contains(lines[0], "Options.TrustedProxies") || !strings.Contains(lines[0], "SetTrustedProxies") || !strings.Contains(lines[0], `"level":"WARN"`):
				t.Error(lines[0])
			}
		})
	}
}

// SEC-141: behind a unix socket that is named, clients are told apart; behind another, they are one.
func TestClientsBehindAUnixSocket(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		trusted []string
		want    string
	}{
		"named":     {[]string{"unix"}, "198.51.100.7"},
		"not named": {nil, "invalid IP"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seen := ""
			app := newApp(t, with(func(cfg *config) { cfg.TrustedProxies, cfg.Exclude = tc.trusted, append(cfg.Exclude, "/origin") }), routes(func(r *gin.Engine, _ config) {
				r.GET("/origin", func(c *gin.Context) { seen = flow.RequestOrigin(c).Addr.String() })
			}))
			socket := filepath.Join(t.TempDir(), "s")
			listener, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", socket)
			if err != nil {
				t.Fatal(err)
			}
			server := &http.Server{Handler: app, ReadHeaderTimeout: time.Minute}
			t.Cleanup(func() { _ = server.Close() })
			go func() { _ = server.Serve(listener) }()
			transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return (&net.Dialer{}).DialContext(ctx, "unix", socket)
			}}
			t.Cleanup(transport.CloseIdleConnections)
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://app.example/origin", nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("X-Forwarded-For", "6.6.6.6, 198.51.100.7")
			w, err := transport.RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			_ = w.Body.Close()
			if seen != tc.want {
				t.Errorf("the client is %s, want %s", seen, tc.want)
			}
		})
	}
}
