package ginauth_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
)

var browsing = with(func(cfg *config) {
	cfg.Pages = ginauth.Pages{Login: "/login", AfterLogin: "/user", AfterLogout: "/"}
})

func TestPageAskedForComesAfterTheLogin(t *testing.T) {
	t.Parallel()
	app := newApp(t, browsing)
	app.signUp(t, ada)
	r := httptest.NewRequest(http.MethodGet, "/user?tab=a%26b", nil)
	r.Header.Set("Accept", "text/html,*/*")
	w := app.send(r)
	if got := w.Header().Get("Location"); w.Code != http.StatusSeeOther || got != "/login?next=%2Fuser%3Ftab%3Da%2526b" {
		t.Errorf("%d %q", w.Code, got)
	}
	back := url.QueryEscape("/user?tab=a%26b")
	w = app.send(formRequest("/login", "email=ada@example.com&password=correct+horse+battery+staple&next="+back))
	if got := w.Header().Get("Location"); w.Code != http.StatusSeeOther || got != "/user?tab=a%26b" {
		t.Errorf("%d %q", w.Code, got)
	}
	w = app.send(httptest.NewRequest(http.MethodGet, "/user", nil))
	if w.Code != http.StatusUnauthorized {
		t.Errorf("an API client got %d", w.Code)
	}
}

// SEC-134
func TestNextStaysOnThisSite(t *testing.T) {
	t.Parallel()
	app := newApp(t, browsing)
	app.signUp(t, ada)
	for _, next := range []string{"https://evil.example", "//evil.example", `/\evil.example`, "/\t/evil.example", "javascript:alert(1)", "", "user"} {
		body := "email=ada@example.com&password=correct+horse+battery+staple&next=" + url.QueryEscape(next)
		r := formRequest("/login?next="+url.QueryEscape(next), body)
		r.Header.Set("Referer", "https://evil.example/")
		if w := app.send(r); w.Header().Get("Location") != "/user" {
			t.Errorf("%q led to %d %q", next, w.Code, w.Header().Get("Location"))
		}
	}
}

func TestLogoutLeadsToItsPage(t *testing.T) {
	t.Parallel()
	app := newApp(t, browsing)
	c := app.signUp(t, ada)
	w := c.do(formRequest("/logout", ""))
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/" || c.value != "" {
		t.Errorf("%d %q", w.Code, w.Header().Get("Location"))
	}
}

func TestRenderShowsAProblemTheAppsOwnWay(t *testing.T) {
	t.Parallel()
	app := newApp(t, browsing, with(func(cfg *config) {
		cfg.Render = func(c *gin.Context, p *ginauth.Problem) {
			if c.NegotiateFormat(gin.MIMEJSON, gin.MIMEHTML) == gin.MIMEHTML {
				c.Data(p.Status, "text/html; charset=utf-8", []byte("<p>"+p.Code+" "+c.PostForm("email")))
			}
		}
	}))
	w := app.send(formRequest("/login", "email=ada%40example.com&password=wrong"))
	if w.Code != http.StatusUnauthorized || w.Body.String() != "<p>invalid_credentials ada@example.com" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := app.send(jsonRequest("/login", adaIn)); w.Code != http.StatusUnauthorized || problemIn(t, w).Code != "invalid_credentials" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// SEC-139
func TestEveryAnswerOfTheLibraryCarriesItsHeaders(t *testing.T) {
	t.Parallel()
	app := newApp(t, browsing)
	c := app.signUp(t, ada)
	foreign := jsonRequest("/login", adaIn)
	foreign.Header.Set("Sec-Fetch-Site", "cross-site")
	for name, w := range map[string]*httptest.ResponseRecorder{
		"sign-up": app.send(jsonRequest("/signup", grace)), "conflict": app.send(jsonRequest("/signup", ada)), "login": app.send(jsonRequest("/login", adaIn)),
		"wrong password": app.send(jsonRequest("/login", strings.ReplaceAll(adaIn, "horse", "cow"))), "bad body": app.send(jsonRequest("/login", "[")),
		"me": c.get("/user"), "nobody": app.send(httptest.NewRequest(http.MethodGet, "/user", nil)), "cross-origin": app.send(foreign),
		"browser login": app.send(formRequest("/login", "email=ada@example.com&password=correct+horse+battery+staple")), "logout": c.post("/logout", ""),
	} {
		h := w.Header()
		for key, want := range map[string]string{
			"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
			"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'", "Cross-Origin-Resource-Policy": "same-origin",
		} {
			if h.Get(key) != want {
				t.Errorf("%s: %s is %q", name, key, h.Get(key))
			}
		}
		if vary := strings.Join(h.Values("Vary"), ", "); vary != "Cookie, Accept" {
			t.Errorf("%s: Vary %q", name, vary)
		}
	}
}
