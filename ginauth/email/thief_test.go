package email_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/account"
	"github.com/ginauth/ginauth/ginauth/apikey"
	"github.com/ginauth/ginauth/ginauth/email"
)

const thiefMail = "thief@example.org"

// thieves is an app in which a fresh session can do all that ginauth offers.
type thieves struct{ *app }

// deeds are what whoever has a fresh session can do, by the name of the handler. Each leaves the account to the undo link.
var deeds = map[string]func(*testing.T, *thieves, *client){
	"account.DeleteAccount": func(t *testing.T, _ *thieves, c *client) {
		t.Helper()
		w := c.do(httptest.NewRequest(http.MethodDelete, "/user", nil))
		if want(t, "delete", w, http.StatusOK); !strings.Contains(w.Body.String(), `"delete_after"`) {
			t.Errorf("it does not say when: %s", w.Body)
		}
	},
	"account.DeleteAccountAfter": func(t *testing.T, _ *thieves, c *client) {
		t.Helper()
		want(t, "archive", c.post("/user/archive", ""), http.StatusOK)
	},
	"account.RestoreAccount": func(t *testing.T, a *thieves, c *client) {
		t.Helper()
		want(t, "archive", c.post("/user/archive", ""), http.StatusOK)
		want(t, "restore", a.anyone().post("/restore", `{"email":"`+thiefMail+`","password":"`+adaOld+`"}`), http.StatusOK)
	},
	"account.ChangePassword": func(t *testing.T, _ *thieves, c *client) {
		t.Helper()
		want(t, "change", c.post("/password/change", `{"current_password":"`+adaOld+`","new_password":"`+adaNew+`"}`), http.StatusNoContent)
		want(t, "archive", c.post("/user/archive", ""), http.StatusOK)
	},
	"account.SetPassword": func(t *testing.T, a *thieves, c *client) {
		t.Helper()
		a.exec(t, `UPDATE ginauth.users SET password_hash = NULL`)
		want(t, "set", c.post("/password", `{"new_password":"`+adaNew+`"}`), http.StatusNoContent)
	},
	"account.UpdateProfile": func(t *testing.T, _ *thieves, c *client) {
		t.Helper()
		want(t, "profile", c.do(method(http.MethodPatch, "/user", `{"name":"Mallory"}`)), http.StatusOK)
	},
	"account.Reauthenticate": func(t *testing.T, _ *thieves, c *client) {
		t.Helper()
		want(t, "reauthenticate", c.post("/reauthenticate", `{"password":"`+adaOld+`"}`), http.StatusNoContent)
	},
	"account.RevokeOtherSessions": func(t *testing.T, _ *thieves, c *client) {
		t.Helper()
		want(t, "revoke", c.post("/sessions/revoke", ""), http.StatusNoContent)
	},
	"ginauth.SignUp": func(t *testing.T, a *thieves, _ *client) { // under the address that is free now
		t.Helper()
		w := a.anyone().post("/signup", strings.Replace(ada, adaOld, adaNew, 1))
		want(t, "sign-up", w, http.StatusCreated)
	},
	"email.SignUp": func(t *testing.T, a *thieves, _ *client) {
		t.Helper()
		want(t, "quiet sign-up", a.anyone().post("/quiet", strings.Replace(ada, adaOld, adaNew, 1)), http.StatusAccepted)
	},
	"email.ChangeEmail": func(t *testing.T, a *thieves, c *client) {
		t.Helper()
		want(t, "change again", c.post("/email", `{"email":"again@example.org"}`), http.StatusAccepted)
		want(t, "confirm", c.use("/confirm", a.mailTo(t, "again@example.org").token(t)), http.StatusNoContent)
		want(t, "archive", c.post("/user/archive", ""), http.StatusOK)
	},
	"email.ForgotPassword": func(t *testing.T, a *thieves, _ *client) {
		t.Helper()
		want(t, "forgot", a.anyone().post("/forgot", `{"email":"`+thiefMail+`"}`), http.StatusAccepted)
		want(t, "reset", a.anyone().use("/reset", a.mailTo(t, thiefMail).token(t), adaNew), http.StatusNoContent)
	},
	"email.SendMagicLink": func(t *testing.T, a *thieves, _ *client) {
		t.Helper()
		want(t, "send", a.anyone().post("/send", `{"email":"`+thiefMail+`"}`), http.StatusAccepted)
		thief := a.anyone()
		want(t, "magic", thief.use("/magic", a.mailTo(t, thiefMail).token(t)), http.StatusOK)
		want(t, "archive", thief.post("/user/archive", ""), http.StatusOK)
	},
	"apikey.Create": func(t *testing.T, _ *thieves, c *client) {
		t.Helper()
		want(t, "key", c.post("/keys", `{"name":"backdoor"}`), http.StatusCreated)
	},
}

func method(method, path, body string) *http.Request {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	return r
}

// mailTo delivers and returns the mail to an address.
func (a *app) mailTo(tb testing.TB, address string) letter {
	tb.Helper()
	var to []string
	for _, l := range a.deliver(tb) {
		if to = append(to, l.to); l.to == address {
			return l
		}
	}
	tb.Fatalf("no mail to %s, but to %q", address, to)
	return letter{}
}

func newThieves(t *testing.T) *thieves {
	t.Helper()
	a := &thieves{app: newApp(t, func(f *flows) { f.Config.Exclude = append(f.Config.Exclude, "/restore") })}
	cfg := a.cfg
	keys, err := apikey.New(cfg, apikey.Options[user]{})
	if err != nil {
		t.Fatal(err)
	}
	a.Engine = gin.New()
	a.Use(ginauth.Authenticate(cfg, apikey.Backend(keys), ginauth.SessionAuth(cfg)))
	a.GET("/me", ginauth.Require(ginauth.AnyScope()), ginauth.Me(cfg))
	a.POST("/signup", ginauth.SignUp(cfg))
	a.POST("/login", ginauth.Login(cfg))
	a.POST("/restore", account.RestoreAccount(cfg))
	a.DELETE("/user", account.DeleteAccount(cfg))
	a.PATCH("/user", account.UpdateProfile(cfg))
	a.POST("/user/archive", account.DeleteAccountAfter(cfg, time.Minute))
	a.POST("/password/change", account.ChangePassword(cfg))
	a.POST("/password", account.SetPassword(cfg))
	a.POST("/reauthenticate", account.Reauthenticate(cfg))
	a.POST("/sessions/revoke", account.RevokeOtherSessions(cfg))
	a.POST("/keys", apikey.Create(keys))
	a.POST("/quiet", email.SignUp(a.mails))
	a.POST("/forgot", email.ForgotPassword(a.mails))
	a.POST("/send", email.SendMagicLink(a.mails))
	a.POST("/email", email.ChangeEmail(a.mails))
	a.Any("/reset", email.ResetPassword(a.mails))
	a.Any("/magic", email.MagicLink(a.mails))
	a.Any("/confirm", email.ConfirmEmailChange(a.mails))
	a.Any("/undo", email.UndoEmailChange(a.mails))
	return a
}

// stolen is a fresh session of ada's account, whose address the thief has changed.
func (a *thieves) stolen(t *testing.T) *client {
	t.Helper()
	thief := a.verified(t)
	want(t, "change", thief.post("/email", `{"email":"`+thiefMail+`"}`), http.StatusAccepted)
	want(t, "confirm", thief.use("/confirm", a.mailTo(t, thiefMail).token(t)), http.StatusNoContent)
	return thief
}

func TestAnUndoLinkOutlivesWhateverAThiefDoes(t *testing.T) { // SEC-184
	t.Parallel()
	for name, deed := range deeds {
		for order, early := range map[string]bool{"the link is in the mailbox": true, "the mail is on its way": false} {
			t.Run(name+", "+order, func(t *testing.T) {
				t.Parallel()
				a := newThieves(t)
				thief := a.stolen(t)
				var undo string
				if early {
					undo = a.mailTo(t, "Ada@Example.com").token(t)
					deed(t, a, thief)
				} else {
					a.exec(t, `UPDATE ginauth.outbox SET due_at = due_at + interval '1 hour' WHERE kind = 'undo'`)
					deed(t, a, thief)
					a.clock.Advance(time.Hour)
					a.sweep(t)
					undo = a.undoLink(t)
				}
				a.clock.Advance(7*24*time.Hour - time.Minute)
				a.sweep(t)
				want(t, "undo", a.anyone().use("/undo", undo), http.StatusNoContent)
				a.isAdasAgain(t, thief)
			})
		}
	}
}

func (a *thieves) sweep(t *testing.T) {
	t.Helper()
	if _, err := a.db.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// undoLink is in the mail to ada that undoes something; there may be others.
func (a *thieves) undoLink(t *testing.T) string {
	t.Helper()
	for _, l := range a.deliver(t) {
		if l.to == "Ada@Example.com" && strings.Contains(l.plain, "/undo?token=") {
			return l.token(t)
		}
	}
	t.Fatal("no link undoes it")
	return ""
}

func (a *thieves) isAdasAgain(t *testing.T, thief *client) {
	t.Helper()
	if thief.loggedIn() || a.logsIn(thiefMail, adaOld) || a.logsIn(thiefMail, adaNew) || a.logsIn("ada@example.com", adaOld) || a.logsIn("ada@example.com", adaNew) {
		t.Error("the thief is still in")
	}
	if n := a.count(t, `SELECT count(*) FROM ginauth.api_keys`); n != 0 {
		t.Errorf("%d keys are left", n)
	}
	want(t, "forgot", a.anyone().post("/forgot", adaMail), http.StatusAccepted)
	const fresh = "a password that no thief knows"
	want(t, "reset", a.anyone().use("/reset", a.mailTo(t, "Ada@Example.com").token(t), fresh), http.StatusNoContent)
	owner := a.anyone()
	w := owner.post("/login", `{"email":"ada@example.com","password":"`+fresh+`"}`)
	if want(t, "login", w, http.StatusOK); a.count(t, `SELECT count(*) FROM ginauth.users WHERE id::text = '`+id(w)+`' AND created_at < '2030-03-04 06:00Z'`) != 1 {
		t.Errorf("it is another account: %s", w.Body)
	}
	a.clock.Advance(365 * 24 * time.Hour)
	a.sweep(t)
	if n := a.count(t, `SELECT count(*) FROM ginauth.users WHERE email_canonical = 'ada@example.com'`); n != 1 {
		t.Error("the account was deleted after all")
	}
}

func id(w *httptest.ResponseRecorder) string {
	_, rest, _ := strings.Cut(w.Body.String(), `"id":"`)
	id, _, _ := strings.Cut(rest, `"`)
	return id
}

func TestAnArchivedAccountIsDeletedOnceItsUndoLinkIsOver(t *testing.T) { // SEC-184
	t.Parallel()
	for _, deed := range []string{"account.DeleteAccount", "account.DeleteAccountAfter"} {
		t.Run(deed, func(t *testing.T) {
			t.Parallel()
			a := newThieves(t)
			thief := a.stolen(t)
			undo := a.undoLink(t)
			deeds[deed](t, a, thief)
			a.clock.Advance(8 * 24 * time.Hour)
			wantProblem(t, "undo", a.anyone().use("/undo", undo), http.StatusGone, "link_invalid")
			a.sweep(t)
			if n := a.count(t, `SELECT count(*) FROM ginauth.users`); n != 0 {
				t.Error("the account is still there")
			}
		})
	}
}

// What an operator has shut stays shut.
func TestNoLinkOpensADisabledAccount(t *testing.T) { // SEC-25
	t.Parallel()
	a := newThieves(t)
	a.stolen(t)
	undo := a.undoLink(t)
	a.exec(t, `UPDATE ginauth.users SET disabled_at = now()`)
	wantProblem(t, "undo", a.anyone().use("/undo", undo), http.StatusGone, "link_invalid")
}

// harmless are handlers that cannot come between an account and its undo link, for what they do is what a deed does, or
// nothing to it.
var harmless = map[string]string{
	"ginauth.Authenticate": "a middleware", "ginauth.Wrap": "a middleware", "ginauth.Session": "a middleware", "ginauth.With": "the app's own", "ginauth.Require": "a guard",
	"account.Sessions": "reads", "account.Events": "reads", "account.ExportAccount": "reads", "ginauth.Me": "reads",
	"ginauth.Login": "needs the password", "ginauth.Logout": "ends a session", "account.RevokeSession": "ends a session",
	"account.RevokeAllSessions": "ends sessions", "ginauth.SignUpWith": "SignUp", "account.UpdateProfileWith": "UpdateProfile",
	"email.ResendVerification": "the address is proved", "email.VerifyEmail": "the address is proved", "email.SignUpWith": "SignUp",
	"email.ConfirmEmailChange": "in ChangeEmail", "email.UndoEmailChange": "the link", "email.MagicLink": "in SendMagicLink",
	"email.ResetPassword": "in ForgotPassword",
	"apikey.List":         "reads", "apikey.Revoke": "ends a key", "apikey.RevokeAll": "ends keys",
	"jwt.Login": "as a session", "jwt.Token": "as a session", "jwt.Refresh": "as a session", "jwt.Revoke": "ends a login",
	"jwt.Logout": "ends a login", "jwt.PublicKeys": "reads",
}

// A new handler is tried, or it is said why not.
func TestEveryHandlerIsADeedOrHarmless(t *testing.T) {
	t.Parallel()
	constructor := regexp.MustCompile(`(?m)^func ([A-Z]\w*)[\[(].*\bgin\.HandlerFunc \{`)
	for name, folder := range map[string]string{"ginauth": "..", "email": ".", "apikey": "../apikey", "jwt": "../jwt"} {
		files, err := filepath.Glob(folder + "/*.go")
		if err != nil || len(files) == 0 {
			t.Fatal(err, files)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, found := range constructor.FindAllStringSubmatch(string(source), -1) {
				handler := name + "." + found[1]
				if deeds[handler] == nil && harmless[handler] == "" {
					t.Errorf("%s: can a thief outrun an undo link by it? Add it to deeds, or to harmless with the reason", handler)
				}
			}
		}
	}
}

// late is a body that comes only after something else has happened.
type late struct {
	*strings.Reader
	before func()
}

func (l *late) Read(p []byte) (int, error) {
	if l.before != nil {
		l.before()
		l.before = nil
	}
	return l.Reader.Read(p)
}

// A request that began with a good session, and whose body comes when a link has ended that, does nothing any more.
func TestABodyThatComesAfterTheSessionHasEndedIsTooLate(t *testing.T) { // SEC-184, SEC-186
	t.Parallel()
	for name, test := range map[string]struct{ method, path, body string }{
		"a first password": {http.MethodPost, "/password", `{"new_password":"` + adaNew + `"}`},
		"a key":            {http.MethodPost, "/keys", `{"name":"backdoor"}`},
		"another address":  {http.MethodPost, "/email", `{"email":"again@example.org"}`},
		"another name":     {http.MethodPatch, "/user", `{"name":"Mallory"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newThieves(t)
			thief := a.stolen(t)
			undo := a.mailTo(t, "Ada@Example.com").token(t)
			r := httptest.NewRequest(test.method, test.path, &late{strings.NewReader(test.body), func() {
				want(t, "undo", a.anyone().use("/undo", undo), http.StatusNoContent)
			}})
			r.Header.Set("Content-Type", "application/json")
			if w := thief.do(r); w.Code != http.StatusUnauthorized {
				t.Errorf("%d %s", w.Code, w.Body)
			}
			if n := a.count(t, `SELECT count(*) FROM ginauth.outbox WHERE kind = 'change'`); n != 0 {
				t.Errorf("%d mails to another address", n)
			}
			if n := a.count(t, `SELECT count(*) FROM ginauth.users WHERE name = 'Mallory'`); n != 0 {
				t.Error("the account has another name")
			}
			a.isAdasAgain(t, thief)
		})
	}
}
