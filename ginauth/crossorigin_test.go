package ginauth_test

import (
	"net/http"
	"testing"

	"github.com/ginauth/ginauth/ginauth"
)

// SEC-83, SEC-86, SEC-88, SEC-91
func TestUnsafeRequestsFromOtherOriginsAreRefused(t *testing.T) {
	t.Parallel()
	app := newApp(t, with(func(cfg *config) { cfg.TrustedOrigins = []string{"https://app.example:8443"} }))
	for _, path := range []string{"/signup", "/login", "/logout", "/nowhere"} {
		for _, tc := range []struct {
			name, site, origin string
			refused            bool
		}{
			{"not a browser", "", "", false},
			{"same origin", "same-origin", "https://example.com", false},
			{"typed in", "none", "", false},
			{"own host, old browser", "", "https://example.com", false},
			{"own host without TLS, old browser", "", "http://example.com", false}, // SEC-88: left to SameSite and HSTS
			{"cross-site", "cross-site", "https://evil.example", true},
			{"sibling host", "same-site", "https://a.example.com", true},
			{"null origin", "", "null", true},
			{"foreign, old browser", "", "https://evil.example", true},
			{"own host, other port", "", "https://example.com:444", true},
			{"trusted", "cross-site", "https://app.example:8443", false},
			{"trusted without TLS", "cross-site", "http://app.example:8443", true},
			{"trusted, other port", "cross-site", "https://app.example", true},
			{"trusted as a suffix", "cross-site", "https://evil-app.example:8443", true},
			{"trusted as a prefix", "cross-site", "https://app.example:8443.evil.example", true},
			{"trusted as user name", "cross-site", "https://app.example:8443@evil.example", true},
			{"odd case", "Same-Origin", "https://evil.example", true},
		} {
			r := jsonRequest(path, `{}`)
			if tc.site != "" {
				r.Header.Set("Sec-Fetch-Site", tc.site)
			}
			if tc.origin != "" {
				r.Header.Set("Origin", tc.origin)
			}
			w := app.send(r)
			if (w.Code == http.StatusForbidden) != tc.refused {
				t.Errorf("%s, %s: %d", path, tc.name, w.Code)
			}
			if tc.refused && problemIn(t, w).Code != "cross_origin" {
				t.Errorf("%s, %s: %s", path, tc.name, w.Body)
			}
		}
	}
}

// SEC-86
func TestTrustedOriginsMustBeExact(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "app.example", "http://app.example", "HTTP://app.example", "ws://app.example", "https://app.example/", "https://*.app.example", "https://app.example?x", "*", "null"} {
		cfg := config{Users: newUnusedDB(), TrustedOrigins: []string{bad}}
		if _, err := ginauth.New(cfg); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}
