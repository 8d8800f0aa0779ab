package email_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/email"
)

// An app that is not at the root of its host.
func TestABaseURLWithAPathLeadsThroughTheWholeFlow(t *testing.T) {
	t.Parallel()
	a := newApp(t, func(f *flows) {
		f.BaseURL = "http://localhost:1/my/auth"
		for _, path := range []string{"/signup", "/forgot", "/resend", "/send", "/verify", "/reset", "/magic", "/confirm", "/undo"} {
			f.Config.Exclude = append(f.Config.Exclude, "/my/auth"+path)
		}
	})
	cfg := a.cfg
	a.Engine = gin.New()
	group := a.Group("/my/auth")
	group.Use(ginauth.Session(cfg))
	group.POST("/signup", ginauth.SignUp(cfg))
	group.POST("/forgot", email.ForgotPassword(a.mails))
	group.POST("/resend", email.ResendVerification(a.mails))
	group.POST("/send", email.SendMagicLink(a.mails))
	group.Any("/verify", email.VerifyEmail(a.mails))
	group.Any("/reset", email.ResetPassword(a.mails))
	group.Any("/magic", email.MagicLink(a.mails))
	want(t, "sign-up", a.anyone().post("/my/auth/signup", ada), http.StatusCreated)
	a.follow(t, "/my/auth", "/resend", "/verify")
	a.follow(t, "/my/auth", "/send", "/magic")
	a.follow(t, "/my/auth", "/forgot", "/reset")
}

// follow clicks the link, the redirect and the button, wherever they lead.
func (a *app) follow(t *testing.T, base, ask, path string) {
	t.Helper()
	a.accepted(t, base+ask, adaMail)
	link := regexp.MustCompile(`http://localhost:1(/\S+)`).FindStringSubmatch(a.one(t).plain)
	if link == nil || !strings.HasPrefix(link[1], base+path+"?token=") {
		t.Fatalf("the link is %q", link)
	}
	b := a.browser()
	w := b.get(link[1])
	if w.Code != http.StatusSeeOther || !strings.HasPrefix(w.Header().Get("Location"), base+path+"?page=") {
		t.Fatalf("GET %s: %d, to %q", path, w.Code, w.Header().Get("Location"))
	}
	w = b.get(w.Header().Get("Location"))
	action := regexp.MustCompile(`action="([^"]+)"`).FindStringSubmatch(w.Body.String())
	if w.Code != http.StatusOK || action == nil {
		t.Fatalf("the page of %s: %d %s", path, w.Code, w.Body)
	}
	want(t, path, b.form(action[1], url.Values{"password": {adaOld}}), http.StatusOK)
}

// A proxy that removes a prefix: Options.BaseURL alone says where mails and redirects lead.
func TestMailsAndRedirectsHaveThePrefixThatAProxyRemoves(t *testing.T) {
	t.Parallel()
	const base = "http://localhost:1/my/auth"
	a := newApp(t, func(f *flows) {
		f.BaseURL, f.Config.BaseURL = "", base
		f.Config.Pages.AfterLogin = "/me"
	})
	want(t, "sign-up", a.anyone().post("/signup", ada), http.StatusCreated)
	for _, tc := range []struct{ mode, to string }{{"cors", ""}, {"navigate", "/my/auth/me"}} {
		a.accepted(t, "/send", adaMail)
		mail := a.one(t).plain
		link := regexp.MustCompile(regexp.QuoteMeta(base+"/magic?token=") + `(\S+)`).FindStringSubmatch(mail)
		if link == nil {
			t.Fatalf("the mail is %s", mail)
		}
		r := formRequest("/magic", url.Values{"token": {link[1]}}.Encode())
		r.Header.Set("Accept", "text/html")
		r.Header.Set("Sec-Fetch-Mode", tc.mode)
		w := send(a, r)
		if got := w.Header().Get("Location"); got != tc.to || got == "" && w.Code != http.StatusOK {
			t.Errorf("%s: %d to %q %s", tc.mode, w.Code, got, w.Body)
		}
	}
	a.options.BaseURL = "http://localhost:2"
	if _, _, err := a.options.build(); err == nil || !strings.Contains(err.Error(), "set that of the Config alone") {
		t.Errorf("two of them: %v", err)
	}
}
