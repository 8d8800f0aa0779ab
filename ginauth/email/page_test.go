package email_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/ginauth/ginauth/ginauth/driver"
)

const (
	grace     = `{"name":"Grace Hopper","email":"grace@example.com","password":"` + adaOld + `"}`
	graceMail = `{"email":"grace@example.com"}`
)

// tab is a page of a browser that other tabs share.
type tab struct {
	*client
	action string
	body   string
	status int
}

func (c *client) tab(tb testing.TB, page string) tab {
	tb.Helper()
	w := c.get(page)
	return tab{client: c, action: actionOf(w), body: w.Body.String(), status: w.Code}
}

func actionOf(w *httptest.ResponseRecorder) string {
	if found := regexp.MustCompile(`<form method="post" action="([^"]+)"`).FindStringSubmatch(w.Body.String()); found != nil {
		return found[1]
	}
	return ""
}

func (t tab) send() *httptest.ResponseRecorder {
	return t.form(t.action, url.Values{"password": {adaNew}})
}

// mailedTo asks for a mail and returns the token of its link.
func (a *app) mailedTo(tb testing.TB, path, body string) string {
	tb.Helper()
	a.accepted(tb, path, body)
	return a.one(tb).token(tb)
}

// two is an app with two accounts, whose addresses are proved.
func two(tb testing.TB) *app {
	tb.Helper()
	a := newApp(tb)
	a.signUp(tb)
	want(tb, "grace", a.anyone().post("/signup", grace), http.StatusCreated)
	a.exec(tb, `UPDATE ginauth.users SET verified_at = created_at`)
	return a
}

func TestEachTabActsOnTheAccountThatItShows(t *testing.T) { // SEC-187
	t.Parallel()
	for path, ask := range map[string]string{"/reset": "/forgot", "/magic": "/send"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			a := two(t)
			b := a.browser()
			adas := b.tab(t, b.land(t, path, a.mailedTo(t, ask, adaMail)))
			graces := b.tab(t, b.land(t, path, a.mailedTo(t, ask, graceMail)))
			if !strings.Contains(adas.body, "Ada@Example.com") || !strings.Contains(graces.body, "grace@example.com") || adas.action == graces.action {
				t.Fatalf("the pages are\n%s\n%s", adas.body, graces.body)
			}
			want(t, "ada's tab", adas.send(), http.StatusOK)
			if path == "/magic" {
				if w := b.get("/me"); !strings.Contains(w.Body.String(), "Ada@Example.com") {
					t.Errorf("ada's tab logged in %s", w.Body)
				}
			} else if !a.logsIn("ada@example.com", adaNew) || !a.logsIn("grace@example.com", adaOld) {
				t.Error("ada's tab set another password than hers")
			}
			want(t, "ada's tab, again", adas.send(), http.StatusBadRequest)
			want(t, "grace's tab", graces.send(), http.StatusOK)
		})
	}
}

func TestALinkThatIsNoGoodSpoilsNoOther(t *testing.T) { // SEC-187
	t.Parallel()
	a := two(t)
	old := a.mailedTo(t, "/forgot", adaMail)
	good := a.mailedTo(t, "/forgot", adaMail)
	b := a.browser()
	first := b.tab(t, b.land(t, "/reset", good))
	for _, other := range []string{old, driver.NewToken().Reveal()} {
		if second := b.tab(t, b.land(t, "/reset", other)); second.status != http.StatusGone || second.action != "" {
			t.Errorf("a link that is no good: %d %s", second.status, second.body)
		}
	}
	for _, cut := range []string{"", "x", good[:42]} {
		w := b.get("/reset?token=" + cut)
		want(t, "a link that was cut", b.get(w.Header().Get("Location")), http.StatusGone)
	}
	want(t, "the good one", first.send(), http.StatusOK)
}

// A form that says nothing of its page, as one that a stranger planted a link for, does nothing but show the page.
func TestAFormOfNoPageIsShownAgain(t *testing.T) { // SEC-187
	t.Parallel()
	a := two(t)
	b := a.browser()
	b.land(t, "/reset", a.mailedTo(t, "/forgot", adaMail))
	w := b.form("/reset", url.Values{"password": {adaNew}})
	if w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), "Ada@Example.com") {
		t.Errorf("a form of no page: %d %s", w.Code, w.Body)
	}
	if a.logsIn("ada@example.com", adaNew) {
		t.Error("it set the password")
	}
	want(t, "the page that was shown then", b.form(actionOf(w), url.Values{"password": {adaNew}}), http.StatusOK)
	a.deliver(t)

	c := a.anyone()
	c.land(t, "/reset", a.mailedTo(t, "/forgot", adaMail))
	wantProblem(t, "a program", c.use("/reset", "", adaOld), http.StatusConflict, "link_not_shown")
}

func TestAPlantedLinkTakesNobodysForm(t *testing.T) { // SEC-187
	t.Parallel()
	a := two(t)
	victim := a.browser()
	page := victim.tab(t, victim.land(t, "/magic", a.mailedTo(t, "/send", adaMail)))
	planted := a.mailedTo(t, "/send", graceMail)
	victim.land(t, "/magic", planted)
	for name := range victim.cookies { // as from a sibling domain, where the prefix __Host- does not forbid it
		victim.cookies[name] = planted
	}
	w := page.send()
	if w.Code != http.StatusBadRequest || victim.loggedIn() {
		t.Errorf("the victim is logged in by a stranger's link: %d %s", w.Code, w.Body)
	}
}

func TestABrowserWithoutCookiesIsToldSo(t *testing.T) { // SEC-187
	t.Parallel()
	a := two(t)
	token := a.mailedTo(t, "/forgot", adaMail)
	b := a.browser()
	page := b.land(t, "/reset", token)
	blocked := a.browser()
	for name, w := range map[string]*httptest.ResponseRecorder{
		"the page": blocked.get(page), "the form": blocked.form(page, url.Values{"password": {adaNew}}),
	} {
		if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "cookies") || strings.Contains(w.Body.String(), "not good any more") {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	wantProblem(t, "a program", a.anyone().get(page), http.StatusBadRequest, "link_cookie_missing")
	want(t, "where there are cookies", b.form(page, url.Values{"password": {adaNew}}), http.StatusOK)
}

func TestLinksDoNotFillABrowsersCookies(t *testing.T) {
	t.Parallel()
	a := two(t)
	b := a.browser()
	for range 30 {
		b.land(t, "/reset", driver.NewToken().Reveal())
	}
	page := b.land(t, "/reset", a.mailedTo(t, "/forgot", adaMail))
	if len(b.cookies) > 5 {
		t.Errorf("%d cookies", len(b.cookies))
	}
	want(t, "the newest", b.form(page, url.Values{"password": {adaNew}}), http.StatusOK)
}

// A form that is sent without a referrer has the Origin null, and is refused where the browser sends no Sec-Fetch-Site.
func TestPagesWithFormsTellTheirOwnSiteTheirAddress(t *testing.T) { // SEC-114
	t.Parallel()
	a := two(t)
	old := a.anyone()
	old.header = http.Header{"Accept": {"text/html"}}
	w := old.get("/reset?token=" + a.mailedTo(t, "/forgot", adaMail))
	policy := func(what string, w *httptest.ResponseRecorder, want string) {
		if got := w.Header()["Referrer-Policy"]; len(got) != 1 || got[0] != want {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	policy("the link", w, "no-referrer")
	page := w.Header().Get("Location")
	policy("its page", old.get(page), "same-origin")
	policy("a form with a fault", old.form(page, url.Values{"password": {"short"}}), "same-origin")
	policy("a bad link", old.get("/reset?page="), "same-origin")
	policy("a mail on its way", old.form("/forgot", url.Values{"email": {"ada@example.com"}}), "same-origin")
	for _, method := range []string{http.MethodPost, http.MethodPut} {
		policy(method+" with a token in the address", old.do(httptest.NewRequest(method, "/reset?token=x", nil)), "no-referrer")
	}
	old.header.Set("Origin", baseURL)
	r := formRequest(page, "password="+url.QueryEscape(adaNew))
	r.Host = "app.example.com"
	want(t, "an old browser's form", old.do(r), http.StatusOK)
}
