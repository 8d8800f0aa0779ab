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
	cfg := a.mails.Config
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
