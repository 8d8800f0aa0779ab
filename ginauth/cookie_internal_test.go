package ginauth

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
	k := Cookie{}.withDefaults().compile()
	h := http.Header{}
	k.set(h, driver.NewToken().Reveal(), 0)
	attributes := strings.SplitN(h.Get("Set-Cookie"), "; ", 2)
	if want := "Path=/; HttpOnly; Secure; SameSite=Lax"; attributes[1] != want || !strings.HasPrefix(attributes[0], "__Host-session=") {
		t.Errorf("Set-Cookie: %s; want attributes %s", h.Get("Set-Cookie"), want)
	}
	h = http.Header{}
	k.clear(h)
	if want := "__Host-session=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax"; h.Get("Set-Cookie") != want {
		t.Errorf("Set-Cookie: %s; want %s", h.Get("Set-Cookie"), want)
	}
}

// SEC-54
func TestInsecureLocalhostChangesTheName(t *testing.T) {
	t.Parallel()
	k := Cookie{InsecureLocalhost: true}.withDefaults().compile()
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

// SEC-54, SEC-55
func TestUnsafeCookiesAreRefused(t *testing.T) {
	t.Parallel()
	for name, k := range map[string]Cookie{
		"SameSite=None": {SameSite: http.SameSiteNoneMode}, "no SameSite": {SameSite: http.SameSiteDefaultMode}, "a prefix": {Name: "__Host-x"},
		"a prefix of another kind": {Name: "__Secure-x"}, "a blank": {Name: "a b"}, "a semicolon": {Name: "a;b"}, "a long name": {Name: strings.Repeat("n", 65)},
	} {
		if k.withDefaults().validate(false) == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	for name, k := range map[string]Cookie{
		"SameSite=None without TLS": {SameSite: http.SameSiteNoneMode, InsecureLocalhost: true}, "a domain without TLS": {Domain: "example.com", InsecureLocalhost: true},
		"a public suffix": {Domain: "com"}, "another one": {Domain: "co.uk"}, "a shared host": {Domain: "github.io"}, "a dot in front": {Domain: ".example.com"},
		"a dot behind": {Domain: "example.com."}, "a port": {Domain: "example.com:443"}, "a scheme": {Domain: "https://example.com"}, "an address": {Domain: "192.0.2.1"},
		"a v6 address": {Domain: "2001:db8::1"}, "capitals": {Domain: "Example.com"}, "an attribute": {Domain: "example.com; Path=/x"}, "one label": {Domain: "intranet"},
		"a wildcard": {Domain: "*.example.com"}, "a long label": {Domain: strings.Repeat("n", 64) + ".com"}, "an empty label": {Domain: "a..example.com"},
	} {
		if k.withDefaults().validate(true) == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	for _, k := range []Cookie{
		{Name: "sid", SameSite: http.SameSiteStrictMode},
		{SameSite: http.SameSiteNoneMode},
		{Domain: "example.com"},
		{Domain: "shop.example.co.uk", SameSite: http.SameSiteNoneMode},
		{Domain: "xn--bcher-kva.example"},
	} {
		if err := k.withDefaults().validate(true); err != nil {
			t.Error(err)
		}
	}
}

// SEC-53: never "__Host-" with a Domain, and SameSite=None is Partitioned. The device is one of its host.
func TestDeclaredCookiesKeepTheirAttributes(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		k               Cookie
		session, device string
	}{
		{
			Cookie{Domain: "example.com"},
			"__Secure-session=; Path=/; Domain=example.com; Max-Age=0; HttpOnly; Secure; SameSite=Lax",
			"__Host-device=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax",
		},
		{
			Cookie{SameSite: http.SameSiteNoneMode},
			"__Host-session=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=None; Partitioned",
			"__Host-device=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=None; Partitioned",
		},
		{
			Cookie{Domain: "example.com", Name: "sid", SameSite: http.SameSiteNoneMode},
			"__Secure-sid=; Path=/; Domain=example.com; Max-Age=0; HttpOnly; Secure; SameSite=None; Partitioned",
			"__Host-device=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=None; Partitioned",
		},
	} {
		k := tc.k.withDefaults()
		if got := k.compile().header("", -1); got != tc.session {
			t.Errorf("Set-Cookie: %s; want %s", got, tc.session)
		}
		if got := k.compileBrowser().header("", -1); got != tc.device {
			t.Errorf("Set-Cookie: %s; want %s", got, tc.device)
		}
	}
}

// SEC-56, SEC-57
func TestCookieIsReadOnlyWhenThereIsOne(t *testing.T) {
	t.Parallel()
	k := Cookie{}.withDefaults().compile()
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
