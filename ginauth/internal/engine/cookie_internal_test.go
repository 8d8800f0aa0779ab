package engine

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// SEC-53
func TestCookieDefaultsToTheStrictPrefix(t *testing.T) {
	t.Parallel()
	k := NewCookie("session", "", http.SameSiteLaxMode, false)
	h := http.Header{}
	k.Set(h, driver.NewToken().Reveal(), 0)
	attributes := strings.SplitN(h.Get("Set-Cookie"), "; ", 2)
	if want := "Path=/; HttpOnly; Secure; SameSite=Lax"; attributes[1] != want || !strings.HasPrefix(attributes[0], "__Host-session=") {
		t.Errorf("Set-Cookie: %s; want attributes %s", h.Get("Set-Cookie"), want)
	}
	h = http.Header{}
	k.Clear(h)
	if want := "__Host-session=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax"; h.Get("Set-Cookie") != want {
		t.Errorf("Set-Cookie: %s; want %s", h.Get("Set-Cookie"), want)
	}
}

// SEC-54
func TestInsecureLocalhostChangesTheName(t *testing.T) {
	t.Parallel()
	k := NewCookie("session", "", http.SameSiteLaxMode, true)
	if header := k.header("x", 0); header != "session=x; Path=/; HttpOnly; SameSite=Lax" {
		t.Errorf("Set-Cookie: %s", header)
	}
	for host, want := range map[string]bool{
		"localhost": true, "localhost:8080": true, "app.localhost:1": true, "LOCALHOST": true, "127.0.0.1:8080": true, "127.1.2.3": true,
		"[::1]:8080": true, "[::1]": true, "example.com": false, "localhost.evil.example": false, "192.168.0.1:8080": false, "": false,
		"evil-localhost": false, "0.0.0.0": false, "[::]:80": false, "[::ffff:127.0.0.1]:80": true, "127.0.0.1.evil.example": false,
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Host = host
		if got := k.allows(r); got != want {
			t.Errorf("host %q: allowed = %v, want %v", host, got, want)
		}
	}
}

// SEC-53: never "__Host-" with a Domain, and SameSite=None is Partitioned.
func TestDeclaredCookiesKeepTheirAttributes(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, domain string
		sameSite     http.SameSite
		want         string
	}{
		{
			"session", "example.com", http.SameSiteLaxMode,
			"__Secure-session=; Path=/; Domain=example.com; Max-Age=0; HttpOnly; Secure; SameSite=Lax",
		},
		{
			"session", "", http.SameSiteNoneMode,
			"__Host-session=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=None; Partitioned",
		},
		{
			"sid", "example.com", http.SameSiteNoneMode,
			"__Secure-sid=; Path=/; Domain=example.com; Max-Age=0; HttpOnly; Secure; SameSite=None; Partitioned",
		},
	} {
		if got := NewCookie(tc.name, tc.domain, tc.sameSite, false).header("", -1); got != tc.want {
			t.Errorf("Set-Cookie: %s; want %s", got, tc.want)
		}
	}
}

// SEC-56, SEC-57
func TestCookieIsReadOnlyWhenThereIsOne(t *testing.T) {
	t.Parallel()
	k := NewCookie("session", "", http.SameSiteLaxMode, false)
	token := driver.NewToken().Reveal()
	for name, tc := range map[string]struct {
		header string
		sent   int
		ok     bool
	}{
		"none":    {"other=" + token, 0, false},
		"one":     {"a=b; __Host-session=" + token, 1, true},
		"two":     {"__Host-session=" + token + "; __Host-session=" + token, 2, false},
		"quoted":  {`__Host-session="` + token + `"`, 1, false},
		"garbage": {"__Host-session=garbage", 1, false},
		"case":    {"__host-session=" + token, 0, false},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Cookie", tc.header)
		if _, sent, ok := k.read(r); sent != tc.sent || ok != tc.ok {
			t.Errorf("%s: sent %d, ok %v; want %d, %v", name, sent, ok, tc.sent, tc.ok)
		}
	}
}
