package email_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/ginauth/ginauth/ginauth/email"
)

type fields = map[string]string

// No secret is found in logs, problems, pages or tables, but for hashes where they belong, whatever
// happens to an account (SEC-50, SEC-104, SEC-160, SEC-165).
func TestSecretsAreNowhere(t *testing.T) {
	t.Parallel()
	c := newCanary(t)
	owner := c.signsUp(t)
	c.logsIn(t, owner)
	c.changesPassword(t, owner)
	c.resets(t)
	owner = c.comesByLink(t)
	c.moves(t, owner)
	c.usesKeys(t, owner)
	c.usesTokens(t)
	c.leaves(t, owner)
	c.fails(t)
	if len(c.secrets) < 30 || len(c.columns) < 4 || !strings.Contains(c.hashed.String(), "$argon2id$") ||
		!strings.Contains(c.log.String(), "authn_login_fail") || !strings.Contains(c.trace.String(), "ginauth.email_tokens") || c.answers.String() == "" {
		t.Fatalf("the canary flew too low: %d secrets, columns %v", len(c.secrets), c.columns)
	}
	c.check(t)
	c.diesOfLeaks(t)
}

const canaryMail = "canary@example.com"

func (c *canary) signsUp(t *testing.T) *client {
	t.Helper()
	first, wrong := c.password("sign-up"), c.password("wrong proof")
	owner := c.anyone()
	c.send(t, owner, http.StatusAccepted, "/quiet", fields{"name": "Ada", "email": canaryMail, "password": first})
	c.send(t, owner, http.StatusAccepted, "/quiet", fields{"name": "Ada", "email": canaryMail, "password": c.password("taken")})
	c.send(t, owner, http.StatusUnprocessableEntity, "/quiet", fields{"name": "Ada", "email": canaryMail, "password": "12345678901234567"})
	mails := c.deliver(t)
	if len(mails) != 2 {
		t.Fatalf("%d mails", len(mails))
	}
	token := ""
	for _, m := range mails {
		if linkPattern.MatchString(m.plain + m.html) {
			token = c.token("verify", m.token(t))
		}
	}
	c.send(t, owner, http.StatusUnauthorized, "/verify", fields{"token": token, "password": wrong})
	c.send(t, owner, http.StatusGone, "/reset", fields{"token": token, "password": c.password("another purpose")})
	c.send(t, owner, http.StatusNoContent, "/verify", fields{"token": token, "password": first})
	return owner
}

func (c *canary) logsIn(t *testing.T, owner *client) {
	t.Helper()
	right := c.secrets["sign-up"]
	c.send(t, owner, http.StatusUnauthorized, "/login", fields{"email": canaryMail, "password": c.password("wrong login")})
	c.send(t, owner, http.StatusUnauthorized, "/login", fields{"email": c.password("typed as address"), "password": right})
	want(t, "malformed", owner.post("/login", `{"email":"`+canaryMail+`","password":"`+c.password("malformed")+`"`), http.StatusBadRequest)
	want(t, "unknown field", owner.post("/login", `{"`+c.password("field")+`":1,"email":"x","password":["`+right+`"]}`), http.StatusBadRequest)
	want(t, "a form", owner.form("/login", url.Values{"email": {canaryMail}, "password": {c.password("in a form")}}), http.StatusUnauthorized)
	c.send(t, owner, http.StatusOK, "/login", fields{"email": canaryMail, "password": right})
	c.send(t, owner, http.StatusUnauthorized, "/reauthenticate", fields{"password": c.password("wrong reauthentication")})
	c.send(t, owner, http.StatusNoContent, "/reauthenticate", fields{"password": right})
	want(t, "me", owner.get("/me"), http.StatusOK)
	stranger := c.anyone()
	stranger.cookies[cookie] = c.token("no session", strings.Repeat("Zx7", 14)+"A")
	want(t, "a made-up session", stranger.get("/me"), http.StatusUnauthorized)
}

func (c *canary) changesPassword(t *testing.T, owner *client) {
	t.Helper()
	next := c.password("second")
	c.send(t, owner, http.StatusUnauthorized, "/password/change", fields{"current_password": c.password("wrong change"), "new_password": next})
	c.send(t, owner, http.StatusUnprocessableEntity, "/password/change", fields{"current_password": c.secrets["sign-up"], "new_password": canaryMail + canaryMail})
	c.send(t, owner, http.StatusNoContent, "/password/change", fields{"current_password": c.secrets["sign-up"], "new_password": next})
	c.send(t, owner, http.StatusConflict, "/password", fields{"new_password": c.password("one too many")})
	c.deliver(t)
}

func (c *canary) resets(t *testing.T) {
	t.Helper()
	b := c.browser()
	want(t, "forgot", b.form("/forgot", url.Values{"email": {canaryMail}}), http.StatusAccepted)
	token := c.token("reset", c.one(t).token(t))
	c.look(t)
	page := b.land(t, "/reset", token)
	want(t, "page", b.get(page), http.StatusOK)
	want(t, "weak", b.form(page, url.Values{"password": {"short canary"}}), http.StatusUnprocessableEntity)
	want(t, "reset", b.form(page, url.Values{"password": {c.password("third")}}), http.StatusOK)
	c.send(t, c.anyone(), http.StatusGone, "/reset", fields{"token": token, "password": c.password("replay")})
	c.deliver(t)
}

func (c *canary) comesByLink(t *testing.T) *client {
	t.Helper()
	visitor := c.anyone()
	c.send(t, visitor, http.StatusAccepted, "/send", fields{"email": canaryMail})
	token := c.token("login", c.one(t).token(t))
	c.send(t, visitor, http.StatusOK, "/magic", fields{"token": token})
	c.send(t, visitor, http.StatusGone, "/magic", fields{"token": token})
	return visitor
}

func (c *canary) moves(t *testing.T, owner *client) {
	t.Helper()
	c.send(t, owner, http.StatusAccepted, "/email", fields{"email": "moved@example.com"})
	token := c.token("change", c.one(t).token(t))
	c.send(t, c.anyone(), http.StatusForbidden, "/confirm", fields{"token": token})
	c.send(t, owner, http.StatusNoContent, "/confirm", fields{"token": token})
	undo := c.token("undo", c.one(t).token(t))
	c.look(t)
	c.send(t, c.anyone(), http.StatusNoContent, "/undo", fields{"token": undo})
	c.send(t, owner, http.StatusAccepted, "/send", fields{"email": canaryMail})
	c.send(t, owner, http.StatusOK, "/magic", fields{"token": c.token("login", c.one(t).token(t))})
	c.send(t, owner, http.StatusNoContent, "/password", fields{"new_password": c.password("fourth")})
	c.deliver(t)
}

func (c *canary) usesKeys(t *testing.T, owner *client) {
	t.Helper()
	var key struct{ ID, Key string }
	if err := json.Unmarshal(c.send(t, owner, http.StatusCreated, "/keys", fields{"name": "nightly"}).Body.Bytes(), &key); err != nil {
		t.Fatal(err)
	}
	c.token("API key", key.Key)
	c.secrets["random part of the key"] = strings.TrimPrefix(key.Key, "gak_")[:43]
	script := c.anyone()
	script.header = http.Header{"Authorization": {"Bearer " + key.Key}}
	want(t, "by key", script.get("/me"), http.StatusOK)
	c.send(t, script, http.StatusForbidden, "/password/change", fields{"current_password": c.secrets["fourth"], "new_password": c.password("by key")})
	want(t, "revoke", owner.do(httptest.NewRequest(http.MethodDelete, "/keys/"+key.ID, nil)), http.StatusNoContent)
	want(t, "revoked", script.get("/me"), http.StatusUnauthorized)
}

func (c *canary) usesTokens(t *testing.T) {
	t.Helper()
	app := c.anyone()
	grant := func(status int, path string, form url.Values) (refresh, access string) {
		w := app.form(path, form)
		want(t, path, w, status)
		c.look(t)
		var answer struct {
			Access  string `json:"access_token"`
			Refresh string `json:"refresh_token"`
		}
		if status == http.StatusOK && json.Unmarshal(w.Body.Bytes(), &answer) == nil && answer.Access != "" {
			c.token("refresh", answer.Refresh)
			c.secrets["access token "+answer.Access[:8]+answer.Refresh[60:]] = answer.Access
			c.secrets["signature "+answer.Refresh[60:]] = answer.Access[strings.LastIndex(answer.Access, ".")+1:]
		}
		return answer.Refresh, answer.Access
	}
	right := url.Values{"grant_type": {"password"}, "username": {canaryMail}, "password": {c.secrets["fourth"]}}
	grant(http.StatusBadRequest, "/token", url.Values{"grant_type": {"password"}, "username": {canaryMail}, "password": {c.password("wrong grant")}})
	refresh, access := grant(http.StatusOK, "/token", right)
	app.header = http.Header{"Authorization": {"Bearer " + access}}
	want(t, "bearer", app.get("/me"), http.StatusOK)
	app.header = http.Header{"Authorization": {"Bearer " + access[:len(access)-4] + "AAAA"}}
	want(t, "an altered token", app.get("/me"), http.StatusUnauthorized)
	app.header = nil
	next, _ := grant(http.StatusOK, "/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}})
	last, _ := grant(http.StatusOK, "/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {next}})
	grant(http.StatusBadRequest, "/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}}) // reuse
	grant(http.StatusBadRequest, "/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {last}})
	refresh, _ = grant(http.StatusOK, "/token", right)
	grant(http.StatusOK, "/revoke", url.Values{"token": {refresh}})
}

func (c *canary) leaves(t *testing.T, owner *client) {
	t.Helper()
	w := owner.get("/export")
	want(t, "export", w, http.StatusOK)
	_, _ = c.answers.Write(w.Body.Bytes())
	c.send(t, owner, http.StatusNoContent, "/reauthenticate", fields{"password": c.secrets["fourth"]})
	want(t, "delete", owner.do(httptest.NewRequest(http.MethodDelete, "/user", nil)), http.StatusOK)
	c.look(t)
	c.send(t, owner, http.StatusUnauthorized, "/restore", fields{"email": canaryMail, "password": c.password("wrong restore")})
	c.send(t, owner, http.StatusOK, "/restore", fields{"email": canaryMail, "password": c.secrets["fourth"]})
	want(t, "panic", owner.get("/panic"), http.StatusInternalServerError)
	c.send(t, owner, http.StatusNoContent, "/logout", nil)
}

// fails drives secrets through what goes wrong: a mail server that quotes the mail, and a broken database.
func (c *canary) fails(t *testing.T) {
	t.Helper()
	working := c.options.Sender
	quoting := email.SenderFunc(func(_ context.Context, m email.Message) error {
		c.token("mail that failed", linkPattern.FindStringSubmatch(m.Plain)[1])
		return errors.New("554 5.7.1 refused: " + m.Plain)
	})
	c.change(t, func(f *flows) { f.Sender = quoting })
	c.send(t, c.anyone(), http.StatusAccepted, "/forgot", fields{"email": canaryMail})
	c.round(t)
	c.look(t)
	c.change(t, func(f *flows) { f.Sender = working })
	c.exec(t, `ALTER TABLE ginauth.users RENAME COLUMN password_hash TO away`)
	for path, body := range map[string]fields{
		"/login":       {"email": canaryMail, "password": c.password("login of an outage")},
		"/quiet":       {"name": "Ada", "email": "new@example.com", "password": c.password("sign-up of an outage")},
		"/token/login": {"email": canaryMail, "password": c.password("token of an outage")},
	} {
		b, _ := json.Marshal(body)
		want(t, path, c.anyone().post(path, string(b)), http.StatusInternalServerError)
	}
	c.exec(t, `ALTER TABLE ginauth.users RENAME COLUMN away TO password_hash`)
}

// diesOfLeaks shows that check would have found a secret, wherever and however it was written.
func (c *canary) diesOfLeaks(t *testing.T) {
	t.Helper()
	for what, secret := range c.secrets {
		for _, form := range forms(secret) {
			if len(c.leaks("before "+form+" after")) == 0 {
				t.Errorf("the canary does not die of %s as %q", what, form)
			}
		}
		c.options.Config.Logger.Debug("a line", "args", []any{secret})
		if log := c.log.String(); len(c.leaks(log[strings.LastIndex(log, `"a line"`):])) == 0 {
			t.Errorf("the canary does not die of %s in the log", what)
		}
	}
	c.exec(t, `UPDATE ginauth.users SET name = $1`, c.secrets["fourth"])
	c.look(t)
	if found := c.leaks(c.rows.String()); len(found) != 1 {
		t.Errorf("of a name that is a password the canary sees %q", found)
	}
}
