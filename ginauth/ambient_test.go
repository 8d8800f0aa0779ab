package ginauth_test

import (
	"net/http"
	"testing"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/internal/built"
)

// SEC-182: what may come along by itself is under the origin check; bearer tokens and what is declared are not.
func TestCredentialsThatMayComeAlongAreUnderTheOriginCheck(t *testing.T) {
	t.Parallel()
	in := func(header string) ginauth.Scheme {
		return ginauth.Scheme{Name: "a", Type: "apiKey", In: "header", Parameter: header}
	}
	declared := in("X-Key")
	declared.SentOnPurpose = true
	custom := ginauth.Scheme{Name: "a", Type: "http", HTTP: "hmac", SentOnPurpose: true}
	for name, test := range map[string]struct {
		schemes []ginauth.Scheme
		ambient bool
	}{
		"Basic":               {[]ginauth.Scheme{{Name: "a", Type: "http", HTTP: "basic"}}, true},
		"Digest":              {[]ginauth.Scheme{{Name: "a", Type: "http", HTTP: "Digest"}}, true},
		"Negotiate":           {[]ginauth.Scheme{{Name: "a", Type: "http", HTTP: "negotiate"}}, true},
		"a header of a proxy": {[]ginauth.Scheme{in("X-Forwarded-User")}, true},
		"a certificate":       {[]ginauth.Scheme{in("X-Client-Cert")}, true},
		"a cookie":            {[]ginauth.Scheme{{Name: "a", Type: "apiKey", In: "cookie", Parameter: "token"}}, true},
		"a cookie that says bearer": {[]ginauth.Scheme{{
			Name: "a", Type: "apiKey", In: "cookie", Parameter: "token", HTTP: "bearer",
		}}, true},
		"a header that says bearer": {[]ginauth.Scheme{{Name: "a", Type: "apiKey", In: "header", Parameter: "X-User", HTTP: "bearer"}}, true},
		"bearer":                    {[]ginauth.Scheme{bearer}, false},
		"BEARER":                    {[]ginauth.Scheme{{Name: "a", Type: "http", HTTP: "BEARER"}}, false},
		"oauth2":                    {[]ginauth.Scheme{{Name: "a", Type: "oauth2", TokenURL: "/token"}}, false},
		"declared":                  {[]ginauth.Scheme{declared}, false},
		"a scheme of one's own":     {[]ginauth.Scheme{custom}, false},
		"bearer and Basic":          {[]ginauth.Scheme{bearer, {Name: "a", Type: "http", HTTP: "basic"}}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var backends []ginauth.Backend[user]
			for _, s := range test.schemes {
				backends = append(backends, &keys{scheme: s, find: findKey})
			}
			r := api(config{Logger: quiet, TrustedOrigins: []string{"https://app.example"}}, backends...)
			form := plainForm("/change", "a=b")
			form.Header.Set("Sec-Fetch-Site", "cross-site")
			form.Header.Set("Origin", "https://evil.example")
			if w := send(r, form); (w.Code == http.StatusForbidden && problemIn(t, w).Code == "cross_origin") != test.ambient {
				t.Errorf("a form of another site: %d %s", w.Code, w.Body)
			}
			form.Header.Set("Origin", "https://app.example")
			if w := send(r, form); w.Code == http.StatusForbidden {
				t.Errorf("a form of a trusted site: %d", w.Code)
			}
			if w := ask(r, http.MethodPost, "/change"); w.Code == http.StatusForbidden {
				t.Errorf("a request of a program: %d", w.Code)
			}
		})
	}
}

func TestWhatBrowsersSendCannotBeDeclaredSentOnPurpose(t *testing.T) {
	t.Parallel()
	for _, s := range []ginauth.Scheme{
		{Name: "a", Type: "http", HTTP: "Basic", SentOnPurpose: true},
		{Name: "a", Type: "http", HTTP: "digest", SentOnPurpose: true},
		{Name: "a", Type: "http", HTTP: "NTLM", SentOnPurpose: true},
		{Name: "a", Type: "apiKey", In: "cookie", Parameter: "token", SentOnPurpose: true},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%+v was accepted", s)
				}
			}()
			ginauth.Authenticate(built.Config(config{Logger: quiet}), &keys{scheme: s, find: findKey})
		}()
	}
}
