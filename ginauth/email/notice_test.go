package email_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/account"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/email"
	"github.com/ginauth/ginauth/store"
)

// telling is the app with a store that sends notices, and with more routes.
func (a *app) telling(tb testing.TB) *app {
	tb.Helper()
	b := *a
	b.Engine, b.db = gin.New(), store.New[user](a.pool, store.WithNow(a.clock.Now), store.WithTimeout(time.Minute), store.WithMail())
	b.change(tb, func(f *flows) {
		f.Config.Users, f.Store = b.db, b.db
		f.Config.Exclude = append(f.Config.Exclude, "/new-device")
	})
	cfg := b.cfg
	b.Use(ginauth.Session(cfg))
	b.GET("/me", ginauth.Me(cfg))
	b.POST("/login", ginauth.Login(cfg))
	b.POST("/password/change", account.ChangePassword(cfg))
	b.POST("/email", email.ChangeEmail(b.mails))
	b.Any("/reset", email.ResetPassword(b.mails))
	b.Any("/confirm", email.ConfirmEmailChange(b.mails))
	b.POST("/new-device", func(c *gin.Context) {
		u, err := b.db.FindUserByEmail(c, "ada@example.com")
		if err == nil {
			err = ginauth.SignIn(c, u, func(n *driver.NewSession) { n.NewBrowser = true })
		}
		if err != nil {
			ginauth.Fail(c, err)
		}
	})
	return &b
}

func TestAChangedPasswordVoidsLinksAndIsTold(t *testing.T) { // SEC-107, SEC-111
	t.Parallel()
	a := newApp(t)
	owner := a.verified(t)
	reset := a.token(t, "/forgot")
	want(t, "change of address", owner.post("/email", `{"email":"new@example.com"}`), http.StatusAccepted)
	change := a.one(t).token(t)
	want(t, "another", owner.post("/email", `{"email":"other@example.com"}`), http.StatusAccepted)

	b := a.telling(t)
	owner.handler = b
	want(t, "change of password", owner.post("/password/change", `{"current_password":"`+adaOld+`","new_password":"`+adaNew+`"}`), http.StatusNoContent)
	wantProblem(t, "the reset", b.anyone().use("/reset", reset, "another good password"), http.StatusGone, "link_invalid")
	wantProblem(t, "the change", owner.use("/confirm", change), http.StatusGone, "link_invalid")
	mail := b.one(t) // and no second link to a new address
	if mail.to != "Ada@Example.com" || !strings.Contains(mail.subject, "password") || linkPattern.MatchString(mail.plain+mail.html) {
		t.Errorf("%+v", mail)
	}
	if !b.logsIn("ada@example.com", adaNew) {
		t.Error("the new password is refused")
	}
	b.none(t, "a login on a device that nobody called new")
}

func TestALoginOnANewDeviceIsTold(t *testing.T) { // SEC-111
	t.Parallel()
	a := newApp(t, func(f *flows) { f.Config.Limits = ginauth.Limits{} })
	owner := a.verified(t)
	b := a.telling(t)
	owner.handler = b
	want(t, "on the device of the sign-up", owner.post("/login", adaLogin), http.StatusOK)
	b.none(t, "a device that is known")
	other := b.browser()
	want(t, "elsewhere", other.post("/login", adaLogin), http.StatusOK)
	mail := b.one(t)
	if mail.to != "Ada@Example.com" || mail.subject != "New login to Example" || linkPattern.MatchString(mail.plain+mail.html) || !strings.Contains(mail.plain, "forgot password") || !strings.Contains(mail.html, "<html") {
		t.Errorf("%+v", mail)
	}
	want(t, "there again", other.post("/login", adaLogin), http.StatusOK)
	b.none(t, "a device that is known by now")
	want(t, "by the app's own way", b.anyone().post("/new-device", `{}`), http.StatusOK)
	b.one(t)
}

func TestASignUpThatLogsInAsksForProof(t *testing.T) { // SEC-113
	t.Parallel()
	a := newApp(t)
	b := a.telling(t)
	b.Engine = gin.New()
	cfg := b.cfg
	b.Use(ginauth.Session(cfg))
	b.POST("/signup", ginauth.SignUp(cfg))
	b.Any("/verify", email.VerifyEmail(b.mails))
	owner := b.anyone()
	want(t, "sign-up", owner.post("/signup", ada), http.StatusCreated)
	want(t, "verify", owner.use("/verify", b.one(t).token(t)), http.StatusNoContent)
	if n := a.count(t, `SELECT count(*) FROM ginauth.users WHERE verified_at IS NOT NULL`); n != 1 {
		t.Error("the address is not proved")
	}
}

func TestALinkWithoutItsPageIsNotSent(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	a.accepted(t, "/forgot", adaMail)
	a.accepted(t, "/resend", adaMail)
	a.signUp(t)
	a.change(t, func(f *flows) { f.Pages.Verify = "" })
	if mail := a.one(t); !strings.Contains(mail.subject, "password") {
		t.Errorf("%+v", mail)
	}
	if n := a.count(t, `SELECT count(*) FROM ginauth.outbox WHERE kind = 'verify' AND failed_at IS NOT NULL AND failure LIKE '%Pages%'`); n != 1 {
		t.Errorf("%d mails were given up", n)
	}
}
