package email_test

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/email"
	"github.com/ginauth/ginauth/ginauth/email/smtp"
)

func spellings(tb testing.TB, token string) []string {
	tb.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		tb.Fatal(err)
	}
	return []string{token, hex.EncodeToString(raw), base64.StdEncoding.EncodeToString(raw), strings.ToUpper(hex.EncodeToString(raw))}
}

func TestWhatIsMissingIsSaidAtConstruction(t *testing.T) { // SEC-108
	t.Parallel()
	good := newApp(t).options
	for text, spoil := range map[string]func(*flows){
		"are not a driver.Mails": func(f *flows) {
			f.Config.Users, f.Config.NoSessions, f.Store = struct{ driver.Users[user] }{}, true, nil
		},
		"set BaseURL":          func(f *flows) { f.BaseURL = "" },
		"must begin with":      func(f *flows) { f.BaseURL = "http://app.example.com" },
		"a scheme, a host":     func(f *flows) { f.BaseURL = "https://app.example.com/" },
		"a host and at most":   func(f *flows) { f.BaseURL = "https://user:secret@app.example.com" },
		"at most a path":       func(f *flows) { f.BaseURL = "https://app.example.com?x" },
		"as browsers send it":  func(f *flows) { f.BaseURL = "https://app.example.com//evil.example" },
		"such as /auth":        func(f *flows) { f.BaseURL = "https://app.example.com/a b" },
		"set From":             func(f *flows) { f.From = "" },
		"an address":           func(f *flows) { f.From = "Ada\r\nBcc: eve@example.com <ada@example.com>" },
		"a path of this app":   func(f *flows) { f.Pages.Verify = "//evil.example" },
		"such as /reset":       func(f *flows) { f.Pages.Verify = "verify" },
		"too short":            func(f *flows) { f.Lifetimes.Reset = time.Second },
		"the text \"reset\"":   func(f *flows) { f.Texts = texts(driver.MailReset, "{{.Lnik}}") },
		"no mail of the kind":  func(f *flows) { f.Texts = texts("rest", "x") },
		"can't evaluate field": func(f *flows) { f.Texts = texts(driver.MailReset, "{{.User.Nmae}}") },
		"set Users (such as":   func(f *flows) { f.Config = ginauth.Options[user]{} },
		"control characters":   func(f *flows) { f.Site = "Example\nBcc: x" },
		"at most 35":           func(f *flows) { f.Texts = map[string]email.Texts{strings.Repeat("x", 36): nil} },
		"email.New: set From":  func(f *flows) { f.From = "x" },
	} {
		f := good
		spoil(&f)
		if _, _, err := f.build(); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := email.New(nil, good.Options); err == nil || !strings.Contains(err.Error(), "check the error of ginauth.New") {
		t.Errorf("without a Config: %v", err)
	}
	f := good
	f.BaseURL, f.Site = "http://localhost:8080", ""
	_, mails, err := f.build()
	if err != nil {
		t.Fatalf("on localhost: %v", err)
	}
	if said := panics(func() { email.SignUpWith[user, ginauth.Registration](mails, nil) }); !strings.Contains(said, "use SignUp") {
		t.Errorf("without fill: %q", said)
	}
}

// An app that forgot its sender would answer that mails are on their way.
func TestMailsNeedASender(t *testing.T) {
	t.Parallel()
	good := newApp(t).options
	for what, sender := range map[string]email.Sender{"nil": nil, "a nil pointer": (*smtp.Sender)(nil), "a nil function": email.SenderFunc(nil)} {
		f := good
		f.Sender = sender
		if _, _, err := f.build(); err == nil || !strings.Contains(err.Error(), "email.New: set Sender") || !strings.Contains(err.Error(), "smtp.New") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestHandlersNeedFlowsAndTheirPages(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	a.change(t, func(f *flows) { f.Pages = email.Pages{} })
	for name, c := range map[string]struct {
		construct func(*email.Flows[user])
		page      string
	}{
		"SignUp": {func(f *email.Flows[user]) { email.SignUp(f) }, "Verify"},
		"SignUpWith": {func(f *email.Flows[user]) {
			email.SignUpWith(f, func(context.Context, ginauth.Registration, *user) error { return nil })
		}, "Verify"},
		"ResendVerification": {func(f *email.Flows[user]) { email.ResendVerification(f) }, "Verify"},
		"VerifyEmail":        {func(f *email.Flows[user]) { email.VerifyEmail(f) }, "Verify"},
		"ForgotPassword":     {func(f *email.Flows[user]) { email.ForgotPassword(f) }, "Reset"},
		"ResetPassword":      {func(f *email.Flows[user]) { email.ResetPassword(f) }, "Reset"},
		"SendMagicLink":      {func(f *email.Flows[user]) { email.SendMagicLink(f) }, "Login"},
		"MagicLink":          {func(f *email.Flows[user]) { email.MagicLink(f) }, "Login"},
		"ChangeEmail":        {func(f *email.Flows[user]) { email.ChangeEmail(f) }, "Change"},
		"ConfirmEmailChange": {func(f *email.Flows[user]) { email.ConfirmEmailChange(f) }, "Change"},
		"UndoEmailChange":    {func(f *email.Flows[user]) { email.UndoEmailChange(f) }, "Undo"},
	} {
		if said := panics(func() { c.construct(nil) }); !strings.Contains(said, "email."+name+": the Flows are nil or empty: check the error of email.New") {
			t.Errorf("%s without Flows: %q", name, said)
		}
		if said := panics(func() { c.construct(a.mails) }); !strings.Contains(said, "email."+name+": set Pages."+c.page+" to the path") {
			t.Errorf("%s without its page: %q", name, said)
		}
	}
}

func texts(k driver.MailKind, plain string) map[string]email.Texts {
	return map[string]email.Texts{"": {k: {Subject: "x", Plain: plain}}}
}

func panics(f func()) (said string) {
	defer func() {
		if p := recover(); p != nil {
			said = fmt.Sprint(p)
		}
	}()
	f()
	return ""
}

func TestTextsForLinksMustHaveThem(t *testing.T) {
	t.Parallel()
	good := newApp(t).options
	for _, kind := range []driver.MailKind{driver.MailVerify, driver.MailReset, driver.MailLogin, driver.MailChange, driver.MailUndo} {
		for name, c := range map[string]struct {
			text email.Text
			said string
		}{
			"none":           {email.Text{Subject: "x", Plain: "go to {{.BaseURL}}"}, "the Plain text has no {{.Link}}"},
			"none in HTML":   {email.Text{Subject: "x", Plain: "{{.Link}}", HTML: "<p>{{.Site}}"}, "the HTML text has no {{.Link}}"},
			"none in plain":  {email.Text{Subject: "x", Plain: "{{.Lifetime}}", HTML: `<a href="{{.Link}}">x</a>`}, "the Plain text has no {{.Link}}"},
			"in a comment":   {email.Text{Subject: "x", Plain: "{{/* .Link */}}x"}, "the Plain text has no {{.Link}}"},
			"in the subject": {email.Text{Subject: "{{.Link}}", Plain: "{{.Link}}"}, "the Subject has the link"},
			"in both":        {email.Text{Subject: "x", Plain: "{{.Link}}", HTML: `<a href="{{.Link}}">x</a>`}, ""},
			"in plain alone": {email.Text{Subject: "x", Plain: "{{with .Link}}{{.}}{{end}}"}, ""},
		} {
			f := good
			f.Texts = map[string]email.Texts{"de": {kind: c.text}}
			_, _, err := f.build()
			if c.said == "" && err != nil || c.said != "" && (err == nil || !strings.Contains(err.Error(), c.said)) {
				t.Errorf("%s, %s: %v", kind, name, err)
			}
		}
	}
	f := good
	f.Texts = map[string]email.Texts{"": {driver.MailPassword: {Subject: "x", Plain: "changed"}, driver.MailTaken: {Subject: "x", Plain: "x"}, driver.MailNewBrowser: {Subject: "x", Plain: "x"}}}
	if _, _, err := f.build(); err != nil {
		t.Errorf("texts that need no link: %v", err)
	}
}

func TestOtherMethodsAreRefused(t *testing.T) { // SEC-140
	t.Parallel()
	a := newApp(t)
	for _, path := range []string{"/verify", "/reset", "/magic", "/confirm", "/undo"} {
		r, _ := http.NewRequest(http.MethodDelete, path, nil)
		w := a.anyone().do(r)
		wantProblem(t, path, w, http.StatusMethodNotAllowed, "method_not_allowed")
		if w.Header().Get("Allow") != "GET, HEAD, POST" {
			t.Errorf("%s: Allow %q", path, w.Header().Get("Allow"))
		}
	}
}
