package email_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/ginauth/ginauth/ginauth"
)

// A stranger asks for mails that are never sent, so that the owner gets none either.
func TestMailsThatNobodyGetsDoNotKeepTheOwnerFromAReset(t *testing.T) { // SEC-43, SEC-47
	t.Parallel()
	a := newApp(t, func(f *flows) { f.Config.Limits = ginauth.Limits{} })
	a.verified(t)
	for range 6 {
		a.anyone().post("/resend", adaMail)
	}
	a.none(t, "of a verified address")
	a.accepted(t, "/forgot", adaMail)
	if mail := a.one(t); mail.to != "Ada@Example.com" {
		t.Errorf("the mail went to %s", mail.to)
	}
}

// What is left to a stranger is to have the owner's links sent, which are good.
func TestEachKindOfMailIsLimited(t *testing.T) { // SEC-47, SEC-115
	t.Parallel()
	a := newApp(t, func(f *flows) { f.Config.Limits = ginauth.Limits{} })
	a.verified(t)
	accepted := map[string]int{}
	sent := 0
	for range 8 {
		for _, path := range []string{"/forgot", "/send", "/resend"} {
			if a.anyone().post(path, adaMail).Code == http.StatusAccepted {
				accepted[path]++
			}
		}
		sent += len(a.deliver(t))
	}
	if accepted["/forgot"] != 5 || accepted["/send"] != 5 || accepted["/resend"] != 5 || sent != 10 {
		t.Errorf("%v were accepted and %d mails sent, want 5 each and 10", accepted, sent)
	}
}

// Who logs in by mail only gives the password for what matters, and must get that far while a stranger guesses.
func TestAMagicLoginMakesTheBrowserKnown(t *testing.T) { // SEC-43
	t.Parallel()
	a := newApp(t, func(f *flows) { f.Config.Limits = ginauth.Limits{} })
	a.verified(t)
	owner := a.anyone()
	want(t, "magic", owner.use("/magic", a.token(t, "/send")), http.StatusOK)
	device := owner.cookies["__Host-device"]
	if device == "" {
		t.Fatal("there is no device cookie")
	}
	a.lock(t, "ada@example.com")
	wantProblem(t, "a stranger", a.anyone().post("/login", adaLogin), http.StatusTooManyRequests, "too_many_attempts")
	want(t, "the owner", owner.post("/reauthenticate", `{"password":"`+adaOld+`"}`), http.StatusNoContent)

	devices := `SELECT count(*) FROM ginauth.known_devices`
	before := a.count(t, devices)
	for range 2 { // and the list of devices is not flooded, which would let others fall out of it
		want(t, "magic, again", owner.use("/magic", a.token(t, "/send")), http.StatusOK)
	}
	if after := a.count(t, devices); after != before || owner.cookies["__Host-device"] != device {
		t.Errorf("one browser is %d devices", after-before+1)
	}
}

// A device is one of its user's, whoever logs in there.
func TestAMagicLoginOnAnothersDeviceIsItsOwn(t *testing.T) { // SEC-43
	t.Parallel()
	a := newApp(t, func(f *flows) { f.Config.Limits = ginauth.Limits{} })
	a.verified(t)
	shared := a.anyone()
	want(t, "sign-up", shared.post("/signup", `{"name":"Grace","email":"grace@example.com","password":"nanoseconds are short wires"}`), http.StatusCreated)
	hers := shared.cookies["__Host-device"]
	want(t, "magic", shared.use("/magic", a.token(t, "/send")), http.StatusOK)
	if mine := shared.cookies["__Host-device"]; mine == "" || mine == hers {
		t.Error("the device is still another user's alone")
	}
	if n := a.count(t, `SELECT count(*) FROM ginauth.throttles WHERE failures > 0`); n != 0 {
		t.Error("the login counts as a guess")
	}
	a.lock(t, "ada@example.com")
	want(t, "the owner", shared.post("/login", adaLogin), http.StatusOK)
}

// Apps that log in without cookies, as for tokens, are known by nothing: a hundred guesses of a stranger must not shut
// their owner out for longer than it takes to reset the password.
func TestResetEndsALockForClientsWithoutCookies(t *testing.T) { // SEC-43
	t.Parallel()
	a := newApp(t, func(f *flows) { f.Config.Limits = ginauth.Limits{} })
	a.verified(t)
	a.lock(t, "ada@example.com")
	a.lock(t, "grace@example.com")
	if w := a.anyone().use("/reset", a.token(t, "/forgot"), adaNew); w.Code != http.StatusNoContent {
		t.Fatalf("reset: %d %s", w.Code, w.Body)
	}
	wantProblem(t, "another's lock", a.anyone().post("/login", strings.ReplaceAll(adaLogin, "ada@", "grace@")), http.StatusTooManyRequests, "too_many_attempts")
	if w := a.anyone().post("/login", strings.ReplaceAll(adaLogin, adaOld, adaNew)); w.Code != http.StatusOK {
		t.Errorf("after the reset: %d %s", w.Code, w.Body)
	}
}

// lock guesses until only known devices get in, as 100 guesses do.
func (a *app) lock(tb testing.TB, address string) {
	tb.Helper()
	wrong := `{"email":"` + address + `","password":"wrong horse battery staple"}`
	if w := a.anyone().post("/login", wrong); w.Code != http.StatusUnauthorized {
		tb.Fatalf("%d %s", w.Code, w.Body)
	}
	a.exec(tb, `UPDATE ginauth.throttles SET failures = 100, until = until + interval '100 days', expires_at = expires_at + interval '99 days'
		WHERE failures = 1`)
}
