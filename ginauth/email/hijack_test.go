package email_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// An attacker signs up with ada's address before she does, and leaves what would let them back in.
func TestFirstProofWipesWhatAnEarlierOwnerLeft(t *testing.T) { // SEC-113
	t.Parallel()
	for name, prove := range map[string]func(*testing.T, *app){
		"reset": func(t *testing.T, a *app) {
			t.Helper()
			want(t, "reset", a.anyone().use("/reset", a.token(t, "/forgot"), adaNew), http.StatusNoContent)
		},
		"magic": func(t *testing.T, a *app) {
			t.Helper()
			want(t, "magic", a.anyone().use("/magic", a.token(t, "/send")), http.StatusOK)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t)
			attacker := a.signUp(t)
			a.exec(t, `INSERT INTO ginauth.api_keys (digest, id, user_id, name, start, created_at)
				SELECT sha256('key'), gen_random_uuid(), id, 'backdoor', 'gak_', now() FROM ginauth.users`)
			a.exec(t, `INSERT INTO ginauth.refresh_tokens (selector, id, user_id, digest, epoch, created_at, last_used_at, idle_timeout, expires_at)
				SELECT sha256('s'), gen_random_uuid(), id, sha256('d'), 0, now(), now(), interval '1 day', now() + interval '9 years' FROM ginauth.users`)
			want(t, "change", attacker.post("/email", `{"email":"attacker@example.com"}`), http.StatusAccepted)
			sent := a.one(t).token(t)
			want(t, "change", attacker.post("/email", `{"email":"queued@example.com"}`), http.StatusAccepted)
			a.exec(t, `UPDATE ginauth.outbox SET due_at = due_at + interval '1 minute' WHERE kind = 'change'`)

			prove(t, a)
			if attacker.loggedIn() {
				t.Error("the attacker's session is alive")
			}
			if a.logsIn("ada@example.com", adaOld) {
				t.Error("the attacker's password is good")
			}
			wantProblem(t, "the attacker's pending change", attacker.use("/confirm", sent, adaOld), http.StatusGone, "link_invalid")
			for _, left := range []string{
				`SELECT count(*) FROM ginauth.api_keys`, `SELECT count(*) FROM ginauth.outbox WHERE kind = 'change'`,
				`SELECT count(*) FROM ginauth.email_tokens`, `SELECT count(*) FROM ginauth.users WHERE verified_at IS NULL`,
				`SELECT count(*) FROM ginauth.refresh_tokens AS t JOIN ginauth.users AS u ON u.id = t.user_id WHERE t.epoch = u.session_epoch`,
			} {
				if n := a.count(t, left); n != 0 {
					t.Errorf("%s: %d", left, n)
				}
			}
		})
	}
}

func TestVerifyingNeedsTheAccountToo(t *testing.T) { // SEC-113
	t.Parallel()
	a := newApp(t)
	device := a.signUp(t)
	token := a.token(t, "/resend")
	stranger := a.anyone()
	wantProblem(t, "a stranger", stranger.use("/verify", token), http.StatusForbidden, "proof_required")
	wantProblem(t, "a wrong password", stranger.use("/verify", token, adaNew), http.StatusUnauthorized, "invalid_credentials")
	other := a.anyone()
	want(t, "sign-up", other.post("/signup", `{"name":"Grace","email":"grace@example.com","password":"nanoseconds are short wires"}`), http.StatusCreated)
	wantProblem(t, "another account", other.use("/verify", token), http.StatusForbidden, "proof_required")
	if a.count(t, `SELECT count(*) FROM ginauth.users WHERE verified_at IS NOT NULL`) != 0 {
		t.Fatal("an address is verified")
	}

	want(t, "the owner's device", device.use("/verify", token), http.StatusNoContent)
	if !device.loggedIn() || !a.logsIn("ada@example.com", adaOld) {
		t.Error("verifying cost the owner the session or the password")
	}
	a.accepted(t, "/resend", adaMail)
	a.none(t, "verified already")
}

func TestVerifyingInABrowser(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	a.signUp(t)
	b := a.browser()
	page := b.land(t, "/verify", a.token(t, "/resend"))
	if w := b.get(page); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `name="password"`) || !strings.Contains(w.Body.String(), "Ada@Example.com") {
		t.Errorf("page: %d %s", w.Code, w.Body)
	}
	want(t, "a wrong password", b.form(page, url.Values{"password": {adaNew}}), http.StatusUnauthorized)
	want(t, "the right one", b.form(page, url.Values{"password": {adaOld}}), http.StatusOK)
	if n := a.count(t, `SELECT count(*) FROM ginauth.users WHERE verified_at IS NOT NULL`); n != 1 {
		t.Error("the address is not verified")
	}
	if w := b.get("/verify"); w.Code != http.StatusGone || strings.Contains(w.Body.String(), "<form") {
		t.Errorf("page of a used link: %d %s", w.Code, w.Body)
	}
}

func TestDisabledUsersGetNoMailAndNoWayIn(t *testing.T) { // SEC-25, SEC-76
	t.Parallel()
	a := newApp(t)
	owner := a.signUp(t)
	tokens := a.links(t, owner)
	a.exec(t, `UPDATE ginauth.users SET disabled_at = now()`)
	for path, token := range tokens {
		wantProblem(t, path, a.anyone().use(path, token, adaNew), http.StatusGone, "link_invalid")
	}
	for _, path := range []string{"/forgot", "/send", "/resend"} {
		a.accepted(t, path, adaMail)
		a.none(t, path)
	}
	want(t, "sign-up", a.anyone().post("/quiet", ada), http.StatusAccepted)
	a.none(t, "sign-up")
	if n := a.count(t, `SELECT count(*) FROM ginauth.outbox`); n != 0 {
		t.Errorf("%d mails are queued", n)
	}
}

func TestAMagicLinkAnswersWithTheUser(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	a.signUp(t)
	w := a.anyone().use("/magic", a.token(t, "/send"))
	want(t, "magic", w, http.StatusOK)
	if !strings.Contains(w.Body.String(), `"email":"Ada@Example.com"`) {
		t.Errorf("%s", w.Body)
	}
}
