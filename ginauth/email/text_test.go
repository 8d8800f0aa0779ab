package email_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/email"
)

func TestTextsFollowTheLanguage(t *testing.T) {
	t.Parallel()
	a := newApp(t, func(f *flows) {
		f.Texts = map[string]email.Texts{
			"de": {driver.MailReset: {Subject: "Neues Passwort für {{.Site}}", Plain: "{{.Link}} gilt {{.Lifetime}}", HTML: `<a href="{{.Link}}">los</a>`}},
			"":   {driver.MailLogin: {Subject: "Hop in", Plain: "{{.Link}}"}},
		}
	})
	a.verified(t)
	for language, subject := range map[string]string{
		"de-AT, en;q=0.5": "Neues Passwort für Example", "fr, DE;q=0.3": "Neues Passwort für Example", "x;q=0.9, de;q=0.1": "Neues Passwort für Example",
		"de;q=0, en": "Set a new password for Example",
		"en":         "Set a new password for Example", "": "Set a new password for Example", "de\r\nBcc: x": "Set a new password for Example",
	} {
		c := a.anyone()
		c.header = http.Header{"Accept-Language": {language}}
		want(t, language, c.post("/forgot", adaMail), http.StatusAccepted)
		if got := a.one(t); got.subject != subject || got.token(t) == "" {
			t.Errorf("%q: %q", language, got.subject)
		}
	}
	a.accepted(t, "/send", adaMail)
	if got := a.one(t); got.subject != "Hop in" || got.html != "" || !strings.Contains(got.plain, "/magic?token=") {
		t.Errorf("the default was not replaced: %+v", got)
	}
}

// Names come from whoever signs up, for mails to whomever.
func TestNamesAreInert(t *testing.T) { // SEC-137, SEC-138
	t.Parallel()
	a := newApp(t, func(f *flows) {
		f.Texts = map[string]email.Texts{"": {driver.MailReset: {
			Subject: "Hello {{.User.Name}}", Plain: "Hello {{.User.Name}}\n{{.Link}}", HTML: `<p title="{{.User.Name}}">{{.User.Name}}</p><a href="{{.Link}}">x</a>`,
		}}}
	})
	a.verified(t)
	for _, name := range []string{
		`<a href="https://evil.example.com">win</a>`, `{{.Link}} {{printf "%v" .}}`, "Ada\r\nBcc: eve@example.com\r\n\r\nbody", "Ada\nSubject: x", "\r\n.\r\nMAIL FROM:<x>",
		"Ada\u2028Bcc: x", `"><script>alert(1)</script>`, strings.Repeat("ä", 200), "=?utf-8?q?=0d=0aBcc:_x?=",
	} {
		a.exec(t, `UPDATE ginauth.users SET name = $1`, name)
		a.accepted(t, "/forgot", adaMail)
		mail := a.one(t)
		if len(mail.header["Bcc"]) > 0 || len(mail.header["Subject"]) != 1 || mail.to != "Ada@Example.com" || strings.ContainsAny(mail.subject, "\r\n\x00") || strings.Contains(mail.raw, "Hello =?") {
			t.Errorf("%q got into the header: %v", name, mail.header)
		}
		if strings.Contains(mail.html, "<script") || strings.Count(mail.html, "<a ") != 1 || strings.Count(mail.html, "token=") != 1 || strings.Count(mail.subject, "token=") != 0 {
			t.Errorf("%q is alive in %s", name, mail.html)
		}
	}
	bare := newApp(t)
	bare.signUp(t)
	for _, path := range []string{"/forgot", "/send", "/resend"} {
		bare.accepted(t, path, adaMail)
		if mail := bare.one(t); strings.Contains(mail.plain+mail.html+mail.subject, "Lovelace") {
			t.Errorf("a built-in text repeats what a stranger may have typed: %q", mail.plain)
		}
	}
}

func TestAStoredAddressThatIsNoneGetsNothing(t *testing.T) { // SEC-137
	t.Parallel()
	a := newApp(t)
	a.verified(t)
	for _, address := range []string{"ada@example.com\r\nBcc: eve@example.com", "ada@example.com, eve@example.com", "<ada@example.com> SIZE=1"} {
		a.exec(t, `UPDATE ginauth.users SET email = $1`, address)
		a.accepted(t, "/forgot", adaMail)
		a.none(t, address)
	}
}

func TestLinksIgnoreTheRequestsHost(t *testing.T) { // SEC-108, SEC-142
	t.Parallel()
	a := newApp(t)
	a.verified(t)
	c := a.anyone()
	c.header = http.Header{
		"X-Forwarded-Host": {"evil.example"}, "X-Forwarded-Proto": {"http"}, "Forwarded": {"host=evil.example;proto=http"},
		"X-Original-Url": {"/evil.example"}, "Referer": {"https://evil.example/"},
	}
	want(t, "forgot", c.post("http://evil.example/forgot", adaMail), http.StatusAccepted)
	mail := a.one(t)
	if mail.token(t) == "" || strings.Contains(mail.raw, "evil.example") {
		t.Errorf("the mail is %s", mail.raw)
	}
}

func TestSecretsStayInTheMail(t *testing.T) { // SEC-160
	t.Parallel()
	a := newApp(t)
	owner := a.signUp(t)
	tokens := a.links(t, owner)
	a.inbox.refusesAda(context.DeadlineExceeded)
	a.accepted(t, "/forgot", adaMail)
	a.round(t)
	a.inbox.refusesAda(nil)
	for path, token := range tokens {
		a.browser().get(path + "?token=" + token)
		owner.use(path, token+"x", adaNew)
	}
	everything := a.dump(t) + a.log.String()
	for path, token := range tokens {
		for _, secret := range append(spellings(t, token), adaOld, adaNew) {
			if strings.Contains(everything, secret) {
				t.Errorf("the secret of %s is in a table or a log", path)
			}
		}
		w := owner.use(path, token, adaNew)
		if w.Code >= 500 || strings.Contains(w.Body.String(), token) {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	everything = a.dump(t) + a.log.String()
	for path, token := range tokens {
		if strings.Contains(everything, token) {
			t.Errorf("the secret of %s is in a table or a log", path)
		}
	}
}

func TestAppsOwnPage(t *testing.T) {
	t.Parallel()
	var seen []email.Page
	a := newApp(t, func(f *flows) {
		f.Page = func(c *gin.Context, p email.Page) {
			seen = append(seen, p)
			c.String(p.Status, "mine")
		}
	})
	a.verified(t)
	b := a.browser()
	page := b.land(t, "/magic", a.token(t, "/send"))
	if w := b.get(page); w.Body.String() != "mine" || w.Header().Get("Referrer-Policy") != "same-origin" {
		t.Errorf("%v %s", w.Header(), w.Body)
	}
	b.form(page, nil)
	b.get("/magic")
	text, _ := json.Marshal(seen)
	if len(seen) != 3 || seen[0].Step != email.StepConfirm || seen[0].Email != "Ada@Example.com" || seen[0].Action != page || seen[1].Step != email.StepDone || seen[2].Problem == nil || seen[2].Action != "" {
		t.Errorf("%s", text)
	}
}
