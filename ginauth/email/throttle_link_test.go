package email_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
)

// linkPaths are where links lead.
var linkPaths = []string{"/verify", "/reset", "/magic", "/confirm", "/undo"}

// guessLink tries a token that nobody was sent.
func (a *app) guessLink(tb testing.TB, method, path string, header http.Header) *httptest.ResponseRecorder {
	tb.Helper()
	c := a.anyone()
	c.header = header
	path = c.land(tb, path, driver.NewToken().Reveal())
	if method == http.MethodPost {
		return c.form(path, nil)
	}
	return c.do(httptest.NewRequest(method, path, nil))
}

func TestGuessesAtLinksAreLimitedAndRecorded(t *testing.T) { // SEC-47, SEC-115
	t.Parallel()
	for _, path := range linkPaths {
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost} {
			t.Run(method+path, func(t *testing.T) {
				t.Parallel()
				a := newApp(t, func(f *flows) { f.Config.Limits = ginauth.Limits{} })
				for i := range 20 {
					if w := a.guessLink(t, method, path, nil); w.Code != http.StatusGone {
						t.Fatalf("guess %d: %d %s", i+1, w.Code, w.Body)
					}
				}
				if n := strings.Count(a.log.String(), `"authn_link_fail"`); n != 20 {
					t.Errorf("%d events, want 20", n)
				}
				w := a.guessLink(t, method, path, nil)
				if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") != "3" {
					t.Errorf("guess 21: %d %v", w.Code, w.Header())
				}
				w = a.guessLink(t, method, path, http.Header{"Accept": {"text/html"}, "Sec-Fetch-Site": {"same-origin"}})
				if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") != "3" || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
					t.Errorf("guess 22, in a browser: %d %v", w.Code, w.Header())
				}
				if n := strings.Count(a.log.String(), `"authn_link_fail"`); n != 20 {
					t.Errorf("%d events, want no more", n)
				}
				if !strings.Contains(a.log.String(), `"excess_rate_limit_exceeded"`) {
					t.Error("no event tells of the limit")
				}
			})
		}
	}
}

// The limit is one for all kinds and methods, and what looks nothing up is free.
func TestLinksShareOneBudget(t *testing.T) { // SEC-47, SEC-115
	t.Parallel()
	a := newApp(t, func(f *flows) { f.Config.Limits = ginauth.Limits{} })
	a.verified(t)
	token := a.token(t, "/forgot")
	for range 30 {
		b := a.browser()
		want(t, "landing", b.get("/reset?token="+driver.NewToken().Reveal()), http.StatusSeeOther)
		want(t, "no link at all", a.browser().get("/reset"), http.StatusGone)
	}
	for range 6 {
		for _, path := range linkPaths {
			a.guessLink(t, http.MethodGet, path, nil)
			a.guessLink(t, http.MethodPost, path, nil)
		}
	}
	late := a.browser()
	want(t, "landing", late.get("/reset?token="+token), http.StatusSeeOther)
	if w := late.get("/reset"); w.Code != http.StatusTooManyRequests || len(late.cookies) != 1 {
		t.Errorf("the owner, behind the same address: %d", w.Code)
	}
	elsewhere := httptest.NewRequest(http.MethodGet, "/reset", nil)
	elsewhere.RemoteAddr = "198.51.100.7:1234"
	want(t, "elsewhere", late.do(elsewhere), http.StatusOK)
	a.exec(t, `DELETE FROM ginauth.throttles`) // as a minute does
	want(t, "later", late.get("/reset"), http.StatusOK)
}
