package ginauth_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ginauth/ginauth/ginauth"
)

const spa = "https://spa.example.org"

// fetched is a request as a browser sends it, whose site says what page made it.
func fetched(r *http.Request, site, origin, mode, dest string) *http.Request {
	r.Host = "api.example.com"
	for name, value := range map[string]string{"Sec-Fetch-Site": site, "Origin": origin, "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": dest} {
		if value != "" {
			r.Header.Set(name, value)
		}
	}
	return r
}

func warnings(log, about string) (n int) {
	for line := range strings.Lines(log) {
		if strings.Contains(line, about) && strings.Contains(line, `"level":"WARN"`) {
			n++
		}
	}
	return n
}

// A login whose cookie the browser is going to drop is in the log, once, with the remedy.
func TestLostCookiesAreReportedOnce(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		site, origin, mode string
		cookie             ginauth.Cookie
		want               string
	}{
		"another site":                {site: "cross-site", origin: spa, mode: "cors", want: "SameSiteNoneMode"},
		"another site, Strict":        {site: "cross-site", origin: spa, mode: "cors", cookie: ginauth.Cookie{SameSite: http.SameSiteStrictMode}, want: "SameSiteNoneMode"},
		"another site, old browser":   {origin: spa, want: "SameSiteNoneMode"},
		"declared":                    {site: "cross-site", origin: spa, mode: "cors", cookie: ginauth.Cookie{SameSite: http.SameSiteNoneMode}},
		"a sibling":                   {site: "same-site", origin: "https://www.example.com", mode: "cors"},
		"a sibling, old browser":      {origin: "https://www.example.com"},
		"the same origin":             {site: "same-origin", origin: "https://api.example.com", mode: "cors"},
		"no browser":                  {},
		"a form of a trusted site":    {site: "cross-site", origin: spa, mode: "navigate"}, // browsers keep a Lax cookie then
		"a domain":                    {cookie: ginauth.Cookie{Domain: "example.com"}},
		"a domain, and another host":  {cookie: ginauth.Cookie{Domain: "example.net"}, want: "Cookie.Domain is example.net"},
		"a domain that only ends so":  {cookie: ginauth.Cookie{Domain: "le.com"}, want: "Cookie.Domain is le.com"},
		"a domain below the one used": {cookie: ginauth.Cookie{Domain: "eu.api.example.com"}, want: "Cookie.Domain is eu.api.example.com"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := newApp(t, with(func(cfg *config) {
				cfg.Cookie, cfg.TrustedOrigins = tc.cookie, []string{spa, "https://www.example.com"}
			}))
			app.send(fetched(jsonRequest("/signup", ada), tc.site, tc.origin, tc.mode, "empty"))
			for range 3 {
				if w := app.send(fetched(jsonRequest("/login", adaIn), tc.site, tc.origin, tc.mode, "empty")); w.Code != http.StatusOK {
					t.Fatalf("%d %s", w.Code, w.Body)
				}
			}
			log := app.log.String()
			if n := warnings(log, "browsers drop"); tc.want == "" && n != 0 || tc.want != "" && (n != 1 || warnings(log, tc.want) != 1) {
				t.Errorf("%d warnings in %s", n, log)
			}
		})
	}
}

// SEC-53, SEC-83: with SameSite=None the session is used for trusted sites, and for others where Lax would have been sent.
func TestCrossSiteCookieServesTrustedSitesAlone(t *testing.T) {
	t.Parallel()
	app := newApp(t, with(func(cfg *config) {
		cfg.Cookie.SameSite, cfg.TrustedOrigins = http.SameSiteNoneMode, []string{spa}
	}))
	c := app.signUp(t, ada)
	for _, tc := range []struct {
		name, method, site, origin, mode, dest string
		want                                   int
	}{
		{"the front end", http.MethodGet, "cross-site", spa, "cors", "empty", 200},
		{"the front end, old browser", http.MethodGet, "", spa, "", "", 200},
		{"a page of the same site", http.MethodGet, "same-site", "https://www.example.com", "cors", "empty", 200},
		{"the same origin", http.MethodGet, "same-origin", "", "cors", "empty", 200},
		{"typed in", http.MethodGet, "none", "", "navigate", "document", 200},
		{"no browser", http.MethodGet, "", "", "", "", 200},
		{"a link of anybody's", http.MethodGet, "cross-site", "", "navigate", "document", 200},
		{"fetched by anybody", http.MethodGet, "cross-site", "https://evil.example", "cors", "empty", 401},
		{"fetched by anybody, old browser", http.MethodGet, "", "https://evil.example", "", "", 401},
		{"fetched by a sandbox", http.MethodGet, "cross-site", "null", "cors", "empty", 401},
		{"an image of anybody's", http.MethodGet, "cross-site", "", "no-cors", "image", 401},
		{"a script of anybody's", http.MethodGet, "cross-site", "", "no-cors", "script", 401},
		{"framed by anybody", http.MethodGet, "cross-site", "", "navigate", "iframe", 401},
		{"a socket of anybody's", http.MethodGet, "cross-site", "https://evil.example", "websocket", "websocket", 401},
		{"a form of anybody's", http.MethodPost, "cross-site", "https://evil.example", "navigate", "document", 403},
		{"a form of anybody's, old browser", http.MethodPost, "", "https://evil.example", "", "", 403},
	} {
		r := fetched(httptest.NewRequest(tc.method, "/user", nil), tc.site, tc.origin, tc.mode, tc.dest)
		if w := (&client{handler: app, value: c.value}).do(r); w.Code != tc.want {
			t.Errorf("%s: %d %s", tc.name, w.Code, w.Body)
		}
	}
}
