package engine

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestTheHostOfARequestIsReadInOneWay(t *testing.T) {
	t.Parallel()
	for hostport, want := range map[string]string{
		"example.com": "example.com", "Example.COM:8080": "example.com", "example.com.": "example.com", "example.com.:443": "example.com", "example.com:": "example.com",
		"192.0.2.1:80": "192.0.2.1", "[::1]:8080": "::1", "[::1]": "::1", "::1": "::1", "[2001:DB8::1]:443": "2001:db8::1", "": "", ":8080": "",
	} {
		if got := hostname(hostport); got != want {
			t.Errorf("%q: %q, want %q", hostport, got, want)
		}
	}
}

func TestCookiesAskTheSameHost(t *testing.T) {
	t.Parallel()
	plain, wide := Cookie{localhostOnly: true}, Cookie{domain: "example.com"}
	for host, want := range map[string]struct{ allowed, covered bool }{
		"localhost:8080": {allowed: true}, "LOCALHOST.": {allowed: true}, "[::1]:8080": {allowed: true}, "::1": {allowed: true}, "127.0.0.1": {allowed: true},
		"example.com": {covered: true}, "API.Example.com.:443": {covered: true},
		"badexample.com": {}, "localhost.example.net": {}, "::2": {}, "": {},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Host = host
		if got := plain.allows(r); got != want.allowed {
			t.Errorf("%q: plain http is allowed: %t", host, got)
		}
		if got := wide.covers(r); got != want.covered {
			t.Errorf("%q: is covered: %t", host, got)
		}
	}
}
