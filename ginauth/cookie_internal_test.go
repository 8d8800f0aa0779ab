package ginauth

import (
	"net/http"
	"strings"
	"testing"
)

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

// SEC-53: a browser is known to one host, so its cookie has no Domain.
func TestTheCookieOfAKnownBrowserIsOfOneHost(t *testing.T) {
	t.Parallel()
	if got := (Cookie{Domain: "example.com", Name: "sid"}).withDefaults().compileBrowser().Name; got != "__Host-device" {
		t.Errorf("the cookie is called %s", got)
	}
}
