package proxy

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// SEC-141
func TestClientAddressIsThePeerUnlessAProxyIsTrusted(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, peer, want string
		forwarded        []string
		trusted          []string
	}{
		{name: "no proxy", peer: "203.0.113.7:1", want: "203.0.113.7"},
		{name: "a lying client", peer: "203.0.113.7:1", forwarded: []string{"6.6.6.6"}, want: "203.0.113.7"},
		{name: "a trusted proxy", peer: "10.0.0.1:1", forwarded: []string{"6.6.6.6, 198.51.100.2"}, trusted: []string{"10.0.0.0/8"}, want: "198.51.100.2"},
		{name: "two trusted proxies", peer: "10.0.0.1:1", forwarded: []string{"6.6.6.6", "198.51.100.2, 10.9.9.9"}, trusted: []string{"10.0.0.0/8"}, want: "198.51.100.2"},
		{name: "a port", peer: "10.0.0.1:1", forwarded: []string{"6.6.6.6, 198.51.100.2:443"}, trusted: []string{"10.0.0.0/8"}, want: "198.51.100.2"},
		{name: "v6", peer: "10.0.0.1:1", forwarded: []string{"2001:db8::2"}, trusted: []string{"10.0.0.0/8"}, want: "2001:db8::2"},
		{name: "v6 in brackets", peer: "10.0.0.1:1", forwarded: []string{"[2001:db8::2]"}, trusted: []string{"10.0.0.0/8"}, want: "2001:db8::2"},
		{name: "v6 and a port", peer: "10.0.0.1:1", forwarded: []string{"[2001:db8::2]:443"}, trusted: []string{"10.0.0.0/8"}, want: "2001:db8::2"},
		{name: "garbage from a proxy", peer: "10.0.0.1:1", forwarded: []string{"nonsense"}, trusted: []string{"10.0.0.0/8"}, want: "10.0.0.1"},
		{name: "only proxies", peer: "10.0.0.1:1", forwarded: []string{"10.0.0.2"}, trusted: []string{"10.0.0.0/8"}, want: "10.0.0.2"},
		{name: "mapped v4", peer: "[::ffff:203.0.113.7]:1", want: "203.0.113.7"},
		{name: "a zone", peer: "[fe80::1%eth0]:1", want: "fe80::1"},
		{name: "a unix socket", peer: "@", want: "invalid IP"},
		{name: "a proxy on an unnamed unix socket", peer: "@", forwarded: []string{"198.51.100.2"}, trusted: []string{"10.0.0.0/8"}, want: "invalid IP"},
		{name: "a proxy on a unix socket", peer: "@", forwarded: []string{"6.6.6.6, 198.51.100.2"}, trusted: []string{"unix"}, want: "198.51.100.2"},
		{name: "two proxies, one on a unix socket", peer: "@", forwarded: []string{"6.6.6.6, 198.51.100.2, 10.9.9.9"}, trusted: []string{"unix", "10.0.0.0/8"}, want: "198.51.100.2"},
		{name: "a silent proxy on a unix socket", peer: "@", trusted: []string{"unix"}, want: "invalid IP"},
		{name: "a client while unix sockets are trusted", peer: "203.0.113.7:1", forwarded: []string{"6.6.6.6"}, trusted: []string{"unix"}, want: "203.0.113.7"},
	} {
		trusted, err := Parse(tc.trusted)
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = tc.peer
		for _, value := range tc.forwarded {
			r.Header.Add("X-Forwarded-For", value)
		}
		if got := trusted.Origin(r).Addr.String(); got != tc.want {
			t.Errorf("%s: %s, want %s", tc.name, got, tc.want)
		}
	}
}

func TestProxiesAreNetworks(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "10.0.0.1", "0.0.0.0/0", "::/0", "proxy.example", "unix:/run/app.sock", "UNIX"} {
		if _, err := Parse([]string{bad}); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

// SEC-143, SEC-162
func TestUserAgentIsShortAndPrintable(t *testing.T) {
	t.Parallel()
	got := Printable("evil\r\nSet-Cookie: a\x1b[31m\xff\u00e9" + strings.Repeat("x", 1000))
	if len(got) > driver.MaxUserAgent || strings.ContainsFunc(got, func(r rune) bool { return r < ' ' || r > '~' }) {
		t.Errorf("user agent %q", got)
	}
}
