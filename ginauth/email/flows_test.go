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
	good := newApp(t).mails
	for text, spoil := range map[string]func(*flows){
		"set Store":            func(f *flows) { f.Store = nil },
		"set BaseURL":          func(f *flows) { f.BaseURL = "" },
		"must begin with":      func(f *flows) { f.BaseURL = "http://app.example.com" },
		"a scheme, a host":     func(f *flows) { f.BaseURL = "https://app.example.com/" },
		"a host and at most":   func(f *flows) { f.BaseURL = "https://user:secret@app.example.com" },
		"at most a path":       func(f *flows) { f.BaseURL = "https://app.example.com?x" },
		"as browsers send it":  func(f *flows) { f.BaseURL = "https://app.example.com//evil.example" },
		"such as /auth":        func(f *flows) { f.BaseURL = "https://app.example.com/a b" },
		"set From":             func(f *flows) { f.From = "" },
		"an address":           func(f *flows) { f.From = "Ada\r\nBcc: eve@example.com <ada@example.com>" },
		"set Pages.Reset":      func(f *flows) { f.Pages.Reset = "" },
		"a path of this app":   func(f *flows) { f.Pages.Verify = "//evil.example" },
		"such as /reset":       func(f *flows) { f.Pages.Verify = "verify" },
		"too short":            func(f *flows) { f.Lifetimes.Reset = time.Second },
		"the text \"reset\"":   func(f *flows) { f.Texts = texts(driver.MailReset, "{{.Lnik}}") },
		"no mail of the kind":  func(f *flows) { f.Texts = texts("rest", "x") },
		"can't evaluate field": func(f *flows) { f.Texts = texts(driver.MailReset, "{{.User.Nmae}}") },
		"set Users":            func(f *flows) { f.Config = ginauth.Config[user]{} },
		"control characters":   func(f *flows) { f.Site = "Example\nBcc: x" },
		"at most 35":           func(f *flows) { f.Texts = map[string]email.Texts{strings.Repeat("x", 36): nil} },
		"email.ForgotPassword": func(f *flows) { f.From = "x" },
	} {
		f := good
		spoil(&f)
		if said := panics(func() { email.ForgotPassword(f) }); !strings.Contains(said, text) {
			t.Errorf("%q: %q", text, said)
		}
	}
	f := good
	f.BaseURL, f.Site = "http://localhost:8080", ""
	if said := panics(func() { email.ForgotPassword(f) }); said != "" {
		t.Errorf("on localhost: %s", said)
	}
	if said := panics(func() { email.SignUpWith[user, ginauth.Registration](good, nil) }); !strings.Contains(said, "use SignUp") {
		t.Errorf("without fill: %q", said)
	}
}

// An app that forgot its sender would answer that mails are on their way.
func TestEveryConstructorNeedsASender(t *testing.T) {
	t.Parallel()
	good := newApp(t).mails
	for what, sender := range map[string]email.Sender{"nil": nil, "a nil pointer": (*smtp.Sender)(nil), "a nil function": email.SenderFunc(nil)} {
		f := good
		f.Sender = sender
		for name, construct := range map[string]func(){
			"SignUp":             func() { email.SignUp(f) },
			"SignUpWith":         func() { email.SignUpWith(f, func(context.Context, ginauth.Registration, *user) error { return nil }) },
			"ResendVerification": func() { email.ResendVerification(f) },
			"VerifyEmail":        func() { email.VerifyEmail(f) },
			"ForgotPassword":     func() { email.ForgotPassword(f) },
			"ResetPassword":      func() { email.ResetPassword(f) },
			"SendMagicLink":      func() { email.SendMagicLink(f) },
			"MagicLink":          func() { email.MagicLink(f) },
			"ChangeEmail":        func() { email.ChangeEmail(f) },
			"ConfirmEmailChange": func() { email.ConfirmEmailChange(f) },
			"UndoEmailChange":    func() { email.UndoEmailChange(f) },
		} {
			if said := panics(construct); !strings.Contains(said, "email."+name+": set Sender") || !strings.Contains(said, "smtp.New") {
				t.Errorf("%s with %s: %q", name, what, said)
			}
		}
		if _, err := f.SendDue(t.Context()); err == nil || !strings.Contains(err.Error(), "Sender") {
			t.Errorf("SendDue with %s: %v", what, err)
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
	good := newApp(t).mails
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
			if said := panics(func() { email.ForgotPassword(f) }); c.said == "" && said != "" || !strings.Contains(said, c.said) {
				t.Errorf("%s, %s: %q", kind, name, said)
			}
		}
	}
	f := good
	f.Texts = map[string]email.Texts{"": {driver.MailPassword: {Subject: "x", Plain: "changed"}, driver.MailTaken: {Subject: "x", Plain: "x"}, driver.MailDevice: {Subject: "x", Plain: "x"}}}
	if said := panics(func() { email.ForgotPassword(f) }); said != "" {
		t.Errorf("texts that need no link: %s", said)
	}
}

func TestOtherMethodsAreRefused(t *testing.T) { // SEC-140
	t.Parallel()
	a := newApp(t)
	for _, path := range []string{"/verify", "/reset", "/magic", "/confirm", "/undo"} {
		r, _ := http.NewRequest(http.MethodDelete, path, nil)
		w := a.anyone().Do(r)
		wantProblem(t, path, w, http.StatusMethodNotAllowed, "method_not_allowed")
		if w.Header().Get("Allow") != "GET, HEAD, POST" {
			t.Errorf("%s: Allow %q", path, w.Header().Get("Allow"))
		}
	}
}
