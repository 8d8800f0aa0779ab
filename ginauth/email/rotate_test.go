package email_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/email"
)

// as is a client with this session alone.
func (a *app) as(token string) *client {
	c := a.anyone()
	c.cookies[cookie] = token
	return c
}

// Whoever has read the session's token before must not be in the account under its new address.
func TestAChangeOfAddressRotatesTheSession(t *testing.T) { // SEC-64
	t.Parallel()
	a := newApp(t)
	owner := a.verified(t)
	elsewhere := a.anyone()
	want(t, "login", elsewhere.post("/login", adaLogin), http.StatusOK)
	want(t, "change", owner.post("/email", `{"email":"lady@example.org"}`), http.StatusAccepted)
	token, before := a.one(t).token(t), owner.cookies[cookie]
	wantProblem(t, "a link that is none", owner.use("/confirm", strings.Repeat("A", 43)), http.StatusGone, "link_invalid")
	if owner.cookies[cookie] != before {
		t.Error("a guess at a link rotates the session")
	}
	want(t, "confirm", owner.use("/confirm", token), http.StatusNoContent)
	if owner.cookies[cookie] == before || !owner.loggedIn() {
		t.Error("the owner has no new session")
	}
	if a.as(before).loggedIn() {
		t.Error("the token from before is still good")
	}
	if !elsewhere.loggedIn() { // it is no proof of the account that changed (SEC-77)
		t.Error("another device was logged out")
	}
	if n := a.count(t, `SELECT count(*) FROM ginauth.sessions`); n != 2 {
		t.Errorf("%d sessions", n)
	}
}

// The browser in which a mail is opened may be somebody else's.
func TestAConfirmationRotatesNobodyElsesSession(t *testing.T) { // SEC-64
	t.Parallel()
	a := newApp(t)
	owner := a.verified(t)
	want(t, "change", owner.post("/email", `{"email":"lady@example.org"}`), http.StatusAccepted)
	token := a.one(t).token(t)
	grace := a.anyone()
	want(t, "sign-up", grace.post("/signup", `{"name":"Grace","email":"grace@example.com","password":"nanoseconds are short wires"}`), http.StatusCreated)
	before := grace.cookies[cookie]
	want(t, "confirm, by the password", grace.use("/confirm", token, adaOld), http.StatusNoContent)
	if grace.cookies[cookie] != before || !grace.loggedIn() || !strings.Contains(grace.get("/me").Body.String(), "grace@") {
		t.Error("another user's session was touched")
	}
}

func TestAProvedAddressRotatesTheSession(t *testing.T) { // SEC-64
	t.Parallel()
	a := newApp(t)
	owner := a.signUp(t)
	before := owner.cookies[cookie]
	want(t, "verify", owner.use("/verify", a.token(t, "/resend")), http.StatusNoContent)
	if owner.cookies[cookie] == before || !owner.loggedIn() || a.as(before).loggedIn() {
		t.Error("the session's token is the same with more rights")
	}
}

func TestAnAppWithoutSessionsConfirmsByTokens(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	owner := a.verified(t)
	want(t, "change", owner.post("/email", `{"email":"lady@example.org"}`), http.StatusAccepted)
	token := a.one(t).token(t)
	a.Engine = gin.New()
	a.Use(ginauth.Authenticate(a.cfg, scoped{a}))
	a.POST("/confirm", email.ConfirmEmailChange(a.mails))
	script := a.anyone()
	script.header = http.Header{"X-Scoped": {"all"}}
	want(t, "confirm", script.use("/confirm", token), http.StatusNoContent)
}
