package email_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestForgottenPasswordIsReset(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	device := a.verified(t)
	token := a.token(t, "/forgot")
	visitor := a.anyone()
	want(t, "reset", visitor.use("/reset", token, adaNew), http.StatusNoContent)

	if visitor.loggedIn() {
		t.Error("the reset logged in") // SEC-109
	}
	if device.loggedIn() {
		t.Error("a session of before the reset is alive") // SEC-77
	}
	if a.logsIn("ada@example.com", adaOld) || !a.logsIn("ada@example.com", adaNew) {
		t.Error("the new password is not the one")
	}
	wantProblem(t, "used again", visitor.use("/reset", token, adaNew+"!"), http.StatusGone, "link_invalid")

	notice := a.one(t) // SEC-111
	if notice.to != "Ada@Example.com" || !strings.Contains(notice.subject, "password") || linkPattern.MatchString(notice.plain+notice.html) {
		t.Errorf("the notice is %+v", notice)
	}
}

func TestResetInABrowser(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	a.verified(t)
	b := a.browser()
	if w := b.form("/forgot", url.Values{"email": {"ada@example.com"}}); w.Code != http.StatusAccepted || !strings.Contains(w.Body.String(), "<h1>Set a new password") {
		t.Fatalf("forgot: %d %s", w.Code, w.Body)
	}
	token := a.one(t).token(t)

	w := b.get("/reset?token=" + token) // SEC-114
	if w.Code != http.StatusSeeOther || !strings.HasPrefix(w.Header().Get("Location"), "/reset?page=") || w.Header().Get("Referrer-Policy") != "no-referrer" || strings.Contains(w.Body.String(), token) {
		t.Fatalf("landing: %d %v %s", w.Code, w.Header(), w.Body)
	}
	k := w.Result().Cookies()[0]
	if !k.HttpOnly || !k.Secure || k.SameSite != http.SameSiteLaxMode || k.Path != "/" || k.MaxAge != 900 || !strings.HasPrefix(k.Name, "__Host-") {
		t.Errorf("the cookie is %v", k)
	}
	page := w.Header().Get("Location")
	for range 3 { // SEC-85: looking at the page is free
		w = b.get(page)
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `name="password"`) || strings.Contains(w.Body.String(), token) || w.Header().Get("Referrer-Policy") != "same-origin" {
			t.Fatalf("page: %d %v %s", w.Code, w.Header(), w.Body)
		}
	}
	w = b.form(page, url.Values{"password": {"short"}})
	if w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), "at least 15") || !strings.Contains(w.Body.String(), "<form") {
		t.Errorf("a bad password: %d %s", w.Code, w.Body)
	}
	w = b.form(page, url.Values{"password": {adaNew}})
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "Your password is set") {
		t.Errorf("a good password: %d %s", w.Code, w.Body)
	}
	if len(b.cookies) != 1 || b.cookies["__Host-device"] == "" { // SEC-43
		t.Errorf("cookies are left: %v", b.cookies)
	}
	if !a.logsIn("ada@example.com", adaNew) {
		t.Error("the new password is not the one")
	}
}

func TestNewestLinkOnly(t *testing.T) { // SEC-107
	t.Parallel()
	a := newApp(t)
	a.verified(t)
	first := a.token(t, "/forgot")
	login := a.token(t, "/send")
	second := a.token(t, "/forgot")
	wantProblem(t, "the older link", a.anyone().use("/reset", first, adaNew), http.StatusGone, "link_invalid")
	want(t, "the newer link", a.anyone().use("/reset", second, adaNew), http.StatusNoContent)
	wantProblem(t, "a link of before the reset", a.anyone().use("/magic", login), http.StatusGone, "link_invalid")
	if n := a.count(t, `SELECT count(*) FROM ginauth.email_tokens`); n != 0 {
		t.Errorf("%d tokens are left", n)
	}
}

func TestLinksExpire(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		ask, use string
		life     time.Duration
	}{
		{"/forgot", "/reset", 30 * time.Minute},
		{"/send", "/magic", 10 * time.Minute},
		{"/resend", "/verify", 24 * time.Hour},
	} {
		t.Run(test.use[1:], func(t *testing.T) {
			t.Parallel()
			a := newApp(t)
			a.signUp(t)
			late := a.token(t, test.ask)
			a.clock.Advance(test.life)
			wantProblem(t, "at its end", a.anyone().use(test.use, late, adaOld), http.StatusGone, "link_invalid")
			early := a.token(t, test.ask)
			a.clock.Advance(test.life - time.Second)
			if w := a.anyone().use(test.use, early, adaOld); w.Code >= 300 {
				t.Errorf("a second before its end: %d %s", w.Code, w.Body)
			}
		})
	}
}

func TestLinksOfAChangeExpire(t *testing.T) {
	t.Parallel()
	for _, late := range []time.Duration{0, time.Second} {
		a := newApp(t)
		owner := a.verified(t)
		use := func(path, token string, life time.Duration) {
			t.Helper()
			a.clock.Advance(life - time.Second + late)
			if w := owner.use(path, token, adaOld); late == 0 && w.Code != http.StatusNoContent || late > 0 && w.Code != http.StatusGone {
				t.Errorf("%s, %s after the second before its end: %d %s", path, late, w.Code, w.Body)
			}
		}
		want(t, "change", owner.post("/email", `{"email":"new@example.com"}`), http.StatusAccepted)
		use("/confirm", a.one(t).token(t), time.Hour)
		if late > 0 {
			want(t, "reauthenticate", owner.post("/login", adaLogin), http.StatusOK)
			want(t, "change", owner.post("/email", `{"email":"new@example.com"}`), http.StatusAccepted)
			want(t, "confirm", owner.use("/confirm", a.one(t).token(t)), http.StatusNoContent)
		}
		use("/undo", a.one(t).token(t), 7*24*time.Hour)
	}
}

func TestPolicyHoldsForResets(t *testing.T) { // SEC-5
	t.Parallel()
	a := newApp(t)
	a.verified(t)
	token := a.token(t, "/forgot")
	for _, bad := range []string{"", "too short", "passwordpassword", "my name is ada@example.com"} {
		wantProblem(t, bad, a.anyone().use("/reset", token, bad), http.StatusUnprocessableEntity, "validation_failed")
	}
	want(t, "a good one, with the same link", a.anyone().use("/reset", token, adaNew), http.StatusNoContent)
}

func TestAResetEndsEverythingThatLetsIn(t *testing.T) { // SEC-186
	t.Parallel()
	a := newThieves(t)
	a.change(t, func(f *flows) { f.Pages.Forgot = "/forgotten" })
	owner := a.verified(t)
	w := owner.post("/keys", `{"name":"weekly"}`)
	want(t, "key", w, http.StatusCreated)
	_, rest, _ := strings.Cut(w.Body.String(), `"key":"`)
	key, _, _ := strings.Cut(rest, `"`)
	script := a.anyone()
	script.header = http.Header{"X-Api-Key": {key}}
	want(t, "the key before", script.get("/me"), http.StatusOK)
	want(t, "change", owner.post("/email", `{"email":"pending@example.com"}`), http.StatusAccepted)
	pending := a.mailTo(t, "pending@example.com").token(t)
	a.exec(t, `INSERT INTO ginauth.refresh_tokens (selector, id, user_id, digest, epoch, created_at, last_used_at, idle_timeout, expires_at)
		SELECT sha256('s'), gen_random_uuid(), id, sha256('d'), session_epoch, now(), now(), interval '1 day', now() + interval '9 years' FROM ginauth.users`)
	a.exec(t, `INSERT INTO ginauth.known_devices (key, user_id, epoch, last_used_at, expires_at)
		SELECT substr(sha256('d'), 1, 16), id, session_epoch, now(), now() + interval '9 years' FROM ginauth.users`)

	want(t, "reset", a.anyone().use("/reset", a.token(t, "/forgot"), adaNew), http.StatusNoContent)
	want(t, "the key after", script.get("/me"), http.StatusUnauthorized)
	want(t, "the session after", owner.get("/me"), http.StatusUnauthorized)
	wantProblem(t, "the pending change", owner.use("/confirm", pending, adaNew), http.StatusGone, "link_invalid")
	for _, left := range []string{
		`SELECT count(*) FROM ginauth.api_keys`, `SELECT count(*) FROM ginauth.known_devices WHERE key = substr(sha256('d'), 1, 16)`,
		`SELECT count(*) FROM ginauth.refresh_tokens AS t JOIN ginauth.users AS u ON u.id = t.user_id WHERE t.epoch = u.session_epoch`,
	} {
		if n := a.count(t, left); n != 0 {
			t.Errorf("%s: %d", left, n)
		}
	}
	if l := a.mailTo(t, "Ada@Example.com"); !strings.Contains(l.plain, "("+baseURL+"/forgotten)") || !strings.Contains(l.plain, "ends all API keys") {
		t.Errorf("the notice is\n%s", l.plain)
	}
}
