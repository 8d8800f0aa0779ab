package ginauth_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gin-contrib/sessions"
	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/account"
	"github.com/ginauth/ginauth/ginauth/internal/built"
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

// A problem that the app shows with its form is sent again by that form, whose Origin would be null without a referrer.
func TestPagesOfProblemsTellTheirOwnSiteTheirAddress(t *testing.T) { // SEC-114
	t.Parallel()
	app := newApp(t, browsing, with(func(cfg *config) {
		cfg.Render = func(c *gin.Context, p *ginauth.Problem) { c.String(p.Status, "<form method=post>") }
	}))
	for path, want := range map[string]string{"/login": "same-origin", "/login?token=secret": "no-referrer"} {
		w := app.send(formRequest(path, "email=ada@example.com&password=wrong"))
		if got := w.Header()["Referrer-Policy"]; w.Code != http.StatusUnauthorized || len(got) != 1 || got[0] != want {
			t.Errorf("%s: %d, %q, want %q", path, w.Code, got, want)
		}
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

// What a script asks for is not sent to a page, whatever it accepts; neither is who does not want HTML.
func TestOnlyWhoBrowsesIsSentToPages(t *testing.T) {
	t.Parallel()
	app := newApp(t, browsing, routes(func(r *gin.Engine, cfg config) {
		r.POST("/user", account.UpdateProfile(built.Config(cfg)))
		r.POST("/revoke", account.RevokeOtherSessions(built.Config(cfg)))
		r.POST("/delete", account.DeleteAccountAfter(built.Config(cfg), time.Hour))
	}))
	app.signUp(t, ada)
	try := func(accept, mode string, redirected bool) {
		t.Helper()
		c := &client{handler: app}
		send := func(method, path, body string) {
			t.Helper()
			r := formRequest(path, body)
			r.Method = method
			r.Header.Set("Accept", accept)
			if mode != "" {
				r.Header.Set("Sec-Fetch-Mode", mode)
			}
			if w := c.do(r); (w.Code == http.StatusSeeOther) != redirected {
				t.Errorf("%s %s with %q, %q: %d %s", method, path, accept, mode, w.Code, w.Header().Get("Location"))
			}
		}
		send(http.MethodGet, "/user", "")
		send(http.MethodPost, "/login", "email=ada@example.com&password=correct+horse+battery+staple")
		send(http.MethodPost, "/user", "name=Ada")
		send(http.MethodPost, "/revoke", "")
		send(http.MethodPost, "/logout", "")
	}
	const browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
	try(browser, "", true)
	try(browser, "navigate", true)
	for _, mode := range []string{"cors", "no-cors", "same-origin", "websocket", "Navigate", "x"} {
		try(browser, mode, false)
	}
	try("TEXT/HTML", "navigate", true)
	try("application/json;q=0.4, text/html;q=0.5", "", true)
	try("text/html;q=0", "navigate", false)
	try("text/html;q=0.4, application/json;q=0.5", "", false)
	try("text/html;q=0.4, */*", "navigate", false)
}

// A proxy that removes a prefix, as http.StripPrefix does: what browsers see has it, and what the app sees has not.
func TestPagesStayBehindThePrefixThatAProxyRemoves(t *testing.T) {
	t.Parallel()
	app := newApp(t, browsing, with(func(cfg *config) { cfg.BaseURL = "https://example.com/my/app" }))
	app.signUp(t, ada)
	public := &client{handler: http.StripPrefix("/my/app", app)}
	leads := func(w *httptest.ResponseRecorder, to string) {
		t.Helper()
		if got := w.Header().Get("Location"); w.Code != http.StatusSeeOther || got != to {
			t.Errorf("%d to %q, not to %q", w.Code, got, to)
		}
		for _, set := range w.Header().Values("Set-Cookie") {
			if !strings.Contains(set, "; Path=/;") {
				t.Errorf("the cookie is %s", set)
			}
		}
	}
	get := func(path string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Header.Set("Accept", "text/html")
		return public.do(r)
	}
	leads(get("/my/app/user?tab=a%2Fb"), "/my/app/login?next=%2Fmy%2Fapp%2Fuser%3Ftab%3Da%252Fb")
	leads(public.do(formRequest("/my/app/logout", "")), "/my/app/")
	for next, to := range map[string]string{
		"":                            "/my/app/user",
		"/my/app/user?tab=a%2Fb":      "/my/app/user?tab=a%2Fb",
		"/my/app":                     "/my/app",
		"/my/app?x":                   "/my/app?x",
		"/user":                       "/my/app/user", // of another app on the host
		"/my/application":             "/my/app/user",
		"/my/app/../other":            "/my/app/user",
		"/my/app/%2e%2E/other":        "/my/app/user",
		"/my/app/..;/x":               "/my/app/..;/x",
		"/MY/APP/user":                "/my/app/user",
		"https://example.com/my/app/": "/my/app/user",
		"//my/app/x":                  "/my/app/user",
	} {
		leads(public.do(formRequest("/my/app/login", "email=ada@example.com&password=correct+horse+battery+staple&next="+url.QueryEscape(next))), to)
	}
	if w := get("/my/app/user"); w.Code != http.StatusOK {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestABaseURLThatCannotWorkIsRefused(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{
		"/app", "example.com/app", "https://example.com/app/", "https://example.com/", "http://example.com/app", "https://example.com/app?x", "https://example.com/a//b",
		"https://example.com/a/../b", "https://example.com//evil.example", "https://u:p@example.com/app", "https://example.com/a b", "javascript:alert(1)", "https://example.com/app#",
	} {
		cfg := config{RetrieveUser: func(*gin.Context, sessions.Session) (user, error) { return user{}, nil }, BaseURL: bad}
		if _, err := ginauth.New(cfg); err == nil || !strings.Contains(err.Error(), "BaseURL") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
