package email_test

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/store/storetest"
)

// accounts are addresses in every state that an answer could give away.
func (a *app) accounts(tb testing.TB) map[string]string {
	tb.Helper()
	states := map[string]string{"unknown": "unknown@example.com"}
	for state, change := range map[string]string{
		"unverified":  `verified_at = NULL`,
		"verified":    `verified_at = now()`,
		"disabled":    `disabled_at = now()`,
		"archived":    `disabled_at = now(), delete_after = '2050-01-01'`,
		"no password": `password_hash = NULL`,
	} {
		address := strings.ReplaceAll(state, " ", "-") + "@example.com"
		states[state] = address
		w := a.anyone().post("/signup", `{"name":"Ada","email":"`+address+`","password":"`+adaOld+`"}`)
		want(tb, state, w, http.StatusCreated)
		a.exec(tb, `UPDATE ginauth.users SET `+change+` WHERE email_canonical = $1`, address)
	}
	return states
}

// attempt is a request about an address, and whether an answer to it is expected at all.
type attempt struct {
	path, body string // with the address as %s
	form       bool
	status     int
}

// attempts are requests to every endpoint that takes an address, by who does not own it. The last one
// makes an account.
var attempts = []attempt{
	{"/forgot", `{"email":"%s"}`, false, http.StatusAccepted},
	{"/resend", `{"email":"%s"}`, false, http.StatusAccepted},
	{"/send", `{"email":"%s"}`, false, http.StatusAccepted},
	{"/email", `{"email":"%s"}`, false, http.StatusAccepted},
	{"/login", `{"email":"%s","password":"` + adaNew + `"}`, false, http.StatusUnauthorized},
	{"/login", `{"email":"%s","password":""}`, false, http.StatusUnprocessableEntity},
	{"/restore", `{"email":"%s","password":"` + adaNew + `"}`, false, http.StatusUnauthorized},
	{"/token/login", `{"email":"%s","password":"` + adaNew + `"}`, false, http.StatusUnauthorized},
	{"/token", `grant_type=password&password=wrong&username=%s`, true, http.StatusBadRequest},
	{"/quiet", `{"name":"Ada","email":"%s","password":"short"}`, false, http.StatusUnprocessableEntity},
	{"/quiet", `{"name":"Ada","email":"%s","password":"` + adaNew + `"}`, false, http.StatusAccepted},
}

// answer is all that the client sees, from a request by somebody else who is logged in.
func (a *app) answer(tb testing.TB, c *client, try attempt, address string) string {
	tb.Helper()
	request := jsonRequest
	if try.form {
		request = formRequest
	}
	w := c.do(request(try.path, strings.Replace(try.body, "%s", address, 1)))
	if w.Code != try.status {
		tb.Fatalf("%s for %s: %d %s", try.path, address, w.Code, w.Body)
	}
	var b strings.Builder
	_ = w.Header().Write(&b)
	return strconv.Itoa(w.Code) + "\n" + b.String() + w.Body.String()
}

func TestAnswersTellNothing(t *testing.T) { // SEC-29, SEC-30, SEC-31, SEC-36
	t.Parallel()
	a := newFull(t, storetest.NewDB(t))
	states := a.accounts(t)
	eve := a.anyone()
	want(t, "eve", eve.post("/signup", `{"name":"Eve","email":"eve@example.com","password":"`+adaOld+`"}`), http.StatusCreated)
	for _, try := range attempts {
		first := a.answer(t, eve, try, states["unknown"])
		for state, address := range states {
			if diff := cmp.Diff(first, a.answer(t, eve, try, address)); diff != "" {
				t.Errorf("%s, unknown and %s:\n%s", try.path, state, diff)
			}
		}
	}
}

// Who cannot come in is not told why, though they know the password.
func TestTheRightPasswordTellsNothingOfAClosedAccount(t *testing.T) { // SEC-29
	t.Parallel()
	a := newFull(t, storetest.NewDB(t))
	states := a.accounts(t)
	for path, closed := range map[string][]string{
		"/login": {"disabled", "archived", "no password"}, "/token/login": {"disabled", "archived", "no password"},
		"/token": {"disabled", "archived", "no password"}, "/restore": {"verified", "unverified", "disabled", "no password"},
	} {
		try := attempt{path, `{"email":"%s","password":"` + adaOld + `"}`, false, http.StatusUnauthorized}
		if path == "/token" {
			try = attempt{path, "grant_type=password&password=" + url.QueryEscape(adaOld) + "&username=%s", true, http.StatusBadRequest}
		}
		first := a.answer(t, a.anyone(), try, states["unknown"])
		for _, state := range closed {
			if diff := cmp.Diff(first, a.answer(t, a.anyone(), try, states[state])); diff != "" {
				t.Errorf("%s, unknown and %s:\n%s", path, state, diff)
			}
		}
	}
}

// What is asked of the database is the same text, whoever the address belongs to, so it cannot take
// another time but by chance.
func TestRequestsAskNothingAboutAccounts(t *testing.T) { // SEC-32, SEC-34
	t.Parallel()
	tracer := &recorder{}
	a := newAppOn(t, traced(t, storetest.NewDB(t), tracer))
	states := a.accounts(t)
	for _, path := range []string{"/forgot", "/resend", "/send"} {
		for state, address := range states {
			for _, again := range []string{"", ", again"} {
				tracer.clear()
				a.accepted(t, path, `{"email":"`+address+`"}`)
				if got := tracer.all(); len(got) != 1 || !strings.Contains(got[0], "INSERT INTO ginauth.outbox") || strings.Contains(got[0], "users") {
					t.Errorf("%s, %s%s: %q", path, state, again, got)
				}
			}
		}
	}
	a.deliver(t)
}

func TestQuietSignUp(t *testing.T) { // SEC-30
	t.Parallel()
	a := newApp(t)
	visitor := a.anyone()
	want(t, "free", visitor.post("/quiet", ada), http.StatusAccepted)
	if len(visitor.cookies) != 0 || visitor.loggedIn() {
		t.Errorf("the sign-up logged in: %v", visitor.cookies)
	}
	mail := a.one(t)
	if mail.to != "Ada@Example.com" {
		t.Errorf("the link went to %s", mail.to)
	}
	want(t, "verify", visitor.use("/verify", mail.token(t), adaOld), http.StatusNoContent)

	attacker := strings.Replace(ada, adaOld, adaNew, 1)
	want(t, "taken", visitor.post("/quiet", strings.Replace(attacker, "Ada@Example.com", "ADA@EXAMPLE.COM", 1)), http.StatusAccepted)
	mail = a.one(t)
	if mail.to != "Ada@Example.com" || !strings.Contains(mail.subject, "already have an account") || linkPattern.MatchString(mail.plain+mail.html) { // SEC-110
		t.Errorf("the owner got %+v", mail)
	}
	if a.logsIn("ada@example.com", adaNew) || !a.logsIn("ada@example.com", adaOld) {
		t.Error("the second sign-up changed the account")
	}
	wantProblem(t, "a bad password", visitor.post("/quiet", strings.Replace(ada, adaOld, "short", 1)), http.StatusUnprocessableEntity, "validation_failed")
}

func TestParallelQuietSignUpsMakeOneAccount(t *testing.T) { // SEC-150
	t.Parallel()
	a := newApp(t)
	if codes := together(16, func(int) int { return a.anyone().post("/quiet", ada).Code }); codes[http.StatusAccepted] != 16 {
		t.Errorf("%v", codes)
	}
	if n := a.count(t, `SELECT count(*) FROM ginauth.users`); n != 1 {
		t.Errorf("%d accounts", n)
	}
	if list := a.deliver(t); len(list) != 2 {
		t.Errorf("%d mails, want the link and the notice", len(list))
	}
}

func TestMailGoesToTheStoredAddress(t *testing.T) { // SEC-110
	t.Parallel()
	a := newApp(t)
	a.verified(t)
	for _, body := range []string{
		`{"email":["ada@example.com","eve@example.com"]}`, `{"email":"ada@example.com","email":"eve@example.com"}`,
	} {
		wantProblem(t, body, a.anyone().post("/forgot", body), http.StatusBadRequest, "malformed_body")
	}
	for _, address := range []string{
		"ada@example.com,eve@example.com", "ada@example.com eve@example.com", "Eve <ada@example.com>", `ada@example.com\r\nBcc: eve@example.com`,
		"\u212Aate@example.com", "ad\u0430@example.com", "ada\uFF20example.com", "ada@example.com\u3002evil.com",
	} {
		wantProblem(t, address, a.anyone().post("/forgot", `{"email":"`+address+`"}`), http.StatusUnprocessableEntity, "validation_failed")
	}
	a.accepted(t, "/forgot", `{"email":" ADA@EXAMPLE.com\t"}`)
	if mail := a.one(t); mail.to != "Ada@Example.com" || mail.header.Get("To") != "<Ada@Example.com>" {
		t.Errorf("the mail went to %q, %q", mail.to, mail.header.Get("To"))
	}
}

func TestAskingForMailIsLimitedWhetherOrNotThereIsAnAccount(t *testing.T) { // SEC-47, SEC-115
	t.Parallel()
	a := newApp(t, func(f *flows) {
		f.Config.Limits.InsecureUnlimited = false
		f.Config.Limits.SignUp.PerAddress = []ginauth.Rate{{Attempts: 100, Per: time.Hour}}
	})
	a.signUp(t)
	for _, path := range []string{"/forgot", "/send", "/resend", "/quiet"} {
		for _, name := range []string{"ada", "nobody"} {
			body := `{"email":"` + name + `@example.com"}`
			if path == "/quiet" {
				body = strings.ReplaceAll(ada, "Ada@", name+"@")
			}
			for i := range 7 {
				w := a.anyone().post(path, body)
				switch {
				case i < 5 && w.Code != http.StatusAccepted:
					t.Errorf("%s of %s, mail %d: %d %s", path, name, i+1, w.Code, w.Body)
				case i >= 5:
					wantProblem(t, path+" of "+name, w, http.StatusTooManyRequests, "too_many_attempts")
				}
			}
		}
	}
}

func traced(tb testing.TB, base *pgxpool.Pool, tracer pgx.QueryTracer) *pgxpool.Pool {
	tb.Helper()
	cfg := base.Config()
	cfg.ConnConfig.Tracer = tracer
	pool, err := pgxpool.NewWithConfig(context.Background(), cfg)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(pool.Close)
	return pool
}
