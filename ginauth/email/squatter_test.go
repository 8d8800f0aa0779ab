package email_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ginauth/ginauth/ginauth/account"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store"
	"github.com/ginauth/ginauth/store/storetest"
)

// squat signs up with ada's address, leaves a key, and archives the account, again and again.
func (a *thieves) squat(t *testing.T) *client {
	t.Helper()
	squatter := a.signUp(t)
	want(t, "key", squatter.post("/keys", `{"name":"backdoor"}`), http.StatusCreated)
	want(t, "change", squatter.post("/email", `{"email":"`+thiefMail+`"}`), http.StatusAccepted)
	want(t, "archive", squatter.post("/user/archive", ""), http.StatusOK)
	want(t, "restore", squatter.post("/restore", adaLogin), http.StatusOK)
	want(t, "archive", squatter.post("/user/archive", ""), http.StatusOK)
	return squatter
}

func TestASquatterWhoArchivesHoldsNoAddress(t *testing.T) { // SEC-185
	t.Parallel()
	for name, takeOver := range map[string]func(*testing.T, *thieves) *client{
		"reset": func(t *testing.T, a *thieves) *client {
			t.Helper()
			owner := a.anyone()
			want(t, "reset", owner.use("/reset", a.token(t, "/forgot"), adaNew), http.StatusNoContent)
			want(t, "login", owner.post("/login", strings.Replace(adaLogin, adaOld, adaNew, 1)), http.StatusOK)
			return owner
		},
		"magic": func(t *testing.T, a *thieves) *client {
			t.Helper()
			owner := a.anyone()
			want(t, "magic", owner.use("/magic", a.token(t, "/send")), http.StatusOK)
			return owner
		},
		"quiet sign-up": func(t *testing.T, a *thieves) *client {
			t.Helper()
			want(t, "sign-up", a.anyone().post("/quiet", strings.Replace(ada, adaOld, adaNew, 1)), http.StatusAccepted)
			if l := a.one(t); l.to != "Ada@Example.com" || !strings.Contains(l.plain, "forgot password") {
				t.Fatalf("the owner got %+v", l)
			}
			owner := a.anyone()
			want(t, "reset", owner.use("/reset", a.token(t, "/forgot"), adaNew), http.StatusNoContent)
			want(t, "login", owner.post("/login", strings.Replace(adaLogin, adaOld, adaNew, 1)), http.StatusOK)
			return owner
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newThieves(t)
			squatter := a.squat(t)
			owner := takeOver(t, a)
			if !owner.loggedIn() || squatter.loggedIn() {
				t.Error("it is not the owner's account now")
			}
			wantProblem(t, "the squatter's restore", squatter.post("/restore", adaLogin), http.StatusUnauthorized, "invalid_credentials")
			if a.logsIn("ada@example.com", adaOld) {
				t.Error("the squatter's password is good")
			}
			for _, left := range []string{
				`SELECT count(*) FROM ginauth.api_keys`, `SELECT count(*) FROM ginauth.email_tokens`, `SELECT count(*) FROM ginauth.outbox WHERE kind = 'change'`,
				`SELECT count(*) FROM ginauth.users WHERE verified_at IS NULL OR disabled_at IS NOT NULL OR delete_after IS NOT NULL`,
				`SELECT count(*) FROM ginauth.events WHERE detail ? 'first_proof' AND detail ? 'restored' HAVING count(*) <> 1`,
			} {
				if n := a.count(t, `SELECT COALESCE((`+left+`), 0)`); n != 0 {
					t.Errorf("%s: %d", left, n)
				}
			}
			a.clock.Advance(365 * 24 * time.Hour)
			a.sweep(t)
			if n := a.count(t, `SELECT count(*) FROM ginauth.users`); n != 1 {
				t.Error("the account was deleted after all")
			}
		})
	}
}

// An owner who archived the account, or whose account a thief has archived, gets it back by the mailbox too.
func TestALinkRestoresAnArchivedAccount(t *testing.T) {
	t.Parallel()
	for path, ask := range map[string]string{"/reset": "/forgot", "/magic": "/send"} {
		a := newThieves(t)
		owner := a.verified(t)
		want(t, "archive", owner.post("/user/archive", ""), http.StatusOK)
		if w := a.anyone().use(path, a.token(t, ask), adaNew); w.Code >= 300 {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
		if n := a.count(t, `SELECT count(*) FROM ginauth.users WHERE disabled_at IS NULL AND delete_after IS NULL`); n != 1 {
			t.Errorf("%s did not restore the account", path)
		}
		if n := a.count(t, `SELECT count(*) FROM ginauth.events WHERE detail ? 'restored'`); n != 1 {
			t.Errorf("%s: %d events tell of it", path, n)
		}
	}
}

// An app clears what a squatter wrote into columns of its own, in the transaction of the first proof.
func TestTheFirstProofLetsTheAppClearItsOwn(t *testing.T) { // SEC-113
	t.Parallel()
	for path, ask := range map[string]string{"/reset": "/forgot", "/magic": "/send", "/verify": "/resend"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			a := newThieves(t)
			var told []driver.Event
			clear := func(ctx context.Context, tx pgx.Tx, e driver.Event) error {
				if !e.FirstProof() {
					return nil
				}
				_, err := tx.Exec(ctx, `UPDATE ginauth.users SET name = '' WHERE id = $1`, string(e.User))
				return err
			}
			b := newAppOn(t, a.pool, func(f *flows) {
				db := store.New[user](a.pool, store.WithNow(a.clock.Now), store.OnEvent(clear),
					store.AfterEvent(func(_ context.Context, e driver.Event) { told = append(told, e) }))
				f.Store, f.Config.Users = db, db
			})
			b.inbox = a.inbox
			b.change(t, func(f *flows) { f.Sender = a.inbox.sender() })
			squatter := b.signUp(t)
			token := b.token(t, ask)
			told = nil
			if path == "/verify" { // whoever has the account has the mailbox
				want(t, path, squatter.use(path, token), http.StatusNoContent)
				if n := b.count(t, `SELECT count(*) FROM ginauth.users WHERE name = 'Ada Lovelace'`); n != 1 || firstProofs(told) != 0 {
					t.Errorf("the owner's name is gone: %v", told)
				}
				return
			}
			w := b.anyone().use(path, token, adaNew)
			if w.Code >= 300 || strings.Contains(w.Body.String(), "Lovelace") {
				t.Errorf("%d %s", w.Code, w.Body)
			}
			if n := b.count(t, `SELECT count(*) FROM ginauth.users WHERE name = ''`); n != 1 {
				t.Error("the squatter's name is still there")
			}
			if firstProofs(told) != 1 {
				t.Errorf("AfterEvent heard of %v", told)
			}
			told = nil
			if w := b.anyone().use(path, b.mailedAgain(t, ask), adaNew); w.Code >= 300 || firstProofs(told) != 0 {
				t.Errorf("the second link: %d %v", w.Code, told)
			}
		})
	}
}

func firstProofs(list []driver.Event) (n int) {
	for _, e := range list {
		if e.FirstProof() {
			n++
		}
	}
	return n
}

// mailedAgain is token where notices may come along.
func (a *app) mailedAgain(tb testing.TB, path string) string {
	tb.Helper()
	a.deliver(tb)
	return a.token(tb, path)
}

func TestASquatterDoesNotLearnWhereTheOwnerIs(t *testing.T) { // SEC-185
	t.Parallel()
	a := newFull(t, storetest.NewDB(t))
	a.GET("/events", account.Events(a.cfg))
	squatter := a.signUp(t)
	owner := a.anyone()
	owner.header = http.Header{"User-Agent": {"Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"}}
	for _, path := range []string{"/login", "/token/login", "/restore"} {
		wantProblem(t, path, owner.post(path, strings.Replace(adaLogin, adaOld, adaNew, 1)), http.StatusUnauthorized, "invalid_credentials")
	}
	tellsNothing := func(when string) {
		for _, path := range []string{"/events", "/export"} {
			body := squatter.get(path).Body.String()
			if !strings.Contains(body, "authn_login_fail") || strings.Contains(body, "Firefox") {
				t.Errorf("%s, %s:\n%s", when, path, body)
			}
		}
	}
	tellsNothing("under the owner's address")
	want(t, "change", squatter.post("/email", `{"email":"`+thiefMail+`"}`), http.StatusAccepted)
	want(t, "confirm", squatter.use("/confirm", a.mailTo(t, thiefMail).token(t)), http.StatusNoContent)
	tellsNothing("under an address of their own")

	// Whose address is proved sees who guesses.
	guesser := a.anyone()
	guesser.header = http.Header{"User-Agent": {"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/120.0.0.0 Safari/537.36"}}
	wantProblem(t, "a guess", guesser.post("/login", `{"email":"`+thiefMail+`","password":"`+adaNew+`"}`), http.StatusUnauthorized, "invalid_credentials")
	for _, path := range []string{"/events", "/export"} {
		if body := squatter.get(path).Body.String(); !strings.Contains(body, "Chrome") {
			t.Errorf("%s says nothing of who guesses:\n%s", path, body)
		}
	}
}
