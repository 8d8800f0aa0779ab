package ginauth_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/apikey"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/email"
	"github.com/ginauth/ginauth/ginauth/flow"
	"github.com/ginauth/ginauth/ginauth/jwt"
)

func flowRows[U any]() map[string]matrixRow[U] {
	return map[string]matrixRow[U]{
		"flow.Bind": {call: func(c *gin.Context, p *matrixPerson[U]) error {
			var form ginauth.Credentials
			err := flow.Bind(c, &form)
			if err == nil && form.Email != p.mail {
				return fmt.Errorf("the form is of %s", form.Email)
			}
			return err
		}},
		"flow.BindRegistration": {open: true, build: func(a *matrixApp[U]) gin.HandlerFunc {
			return func(c *gin.Context) {
				var form ginauth.Registration
				n, err := flow.BindRegistration(c, a.cfg, &form)
				reply(c, n.Canonical, err)
			}
		}, do: func(t *testing.T, p *matrixPerson[U]) {
			t.Helper()
			body := fmt.Sprintf(`{"name":"Ada","email":"%s","password":"%s"}`, p.mail, adasOld)
			if w := p.post(t, &client{handler: p}, http.StatusOK, body); !strings.Contains(w.Body.String(), p.mail) {
				t.Error(w.Body)
			}
		}},
		"flow.CanSignIn": {open: true, call: func(c *gin.Context, _ *matrixPerson[U]) error { return flow.CanSignIn(c) }},
		"flow.CountGuess": {call: func(c *gin.Context, p *matrixPerson[U]) error {
			guess, err := flow.CountGuess(c, p.cfg, "code", p.cfg.Account(p.u).ID)
			if err == nil {
				err = guess.TakeBack(c)
			}
			return err
		}},
		"flow.HashNewPassword": {call: func(c *gin.Context, p *matrixPerson[U]) error {
			hash, err := flow.HashNewPassword(c, p.cfg, adasNew)
			if err == nil && hash.IsZero() {
				return errors.New("the hash is empty")
			}
			return err
		}},
		"flow.KnowBrowser": {call: func(c *gin.Context, p *matrixPerson[U]) error { return flow.KnowBrowser(c, p.cfg, p.u) }, do: func(t *testing.T, p *matrixPerson[U]) {
			t.Helper()
			if set := p.c.post(p.path+"x", "").Header().Values("Set-Cookie"); !strings.Contains(fmt.Sprint(set), device) {
				p.note = "No browser is known: set `Options.Limiter` to a `driver.Limiter` that knows browsers."
			}
		}},
		"flow.LogEvent":      {build: asks[U](func(c *gin.Context) { flow.LogEvent(c, driver.AccessDenied); flow.Reply(c, http.StatusOK, nil) }), do: answers[U]},
		"flow.PrefersHTML":   {build: asks[U](func(c *gin.Context) { c.JSON(http.StatusOK, flow.PrefersHTML(c)) }), do: answers[U]},
		"flow.Reply":         {build: asks[U](func(c *gin.Context) { flow.Reply(c, http.StatusOK, nil) }), do: answers[U]},
		"flow.RequestOrigin": {build: asks[U](func(c *gin.Context) { c.JSON(http.StatusOK, flow.RequestOrigin(c)) }), do: answers[U]},
		"flow.Throttle": {call: func(c *gin.Context, p *matrixPerson[U]) error {
			return flow.Throttle(c, p.cfg, "matrix", p.mail, ginauth.Limit{PerIdentifier: []ginauth.Rate{{Attempts: 1, Per: time.Hour}}})
		}},
		"flow.ThrottleBadCredentials": {call: func(c *gin.Context, p *matrixPerson[U]) error {
			if err := flow.ThrottleBadCredentials(c, p.cfg, ginauth.ErrBadCredentials); !errors.Is(err, ginauth.ErrBadCredentials) {
				return fmt.Errorf("bad credentials: %w", err)
			}
			return nil
		}},
	}
}

func asks[U any](handle gin.HandlerFunc) func(*matrixApp[U]) gin.HandlerFunc {
	return func(*matrixApp[U]) gin.HandlerFunc { return handle }
}

func answers[U any](t *testing.T, p *matrixPerson[U]) {
	t.Helper()
	p.post(t, p.c, http.StatusOK, "")
}

// issue makes a key of the user by a request of their own.
func (p *matrixPerson[U]) issue(t *testing.T) (key string, id driver.APIKeyID) {
	t.Helper()
	r := gin.New()
	r.Use(ginauth.Session(p.cfg))
	r.POST("/keys", apikey.Create(p.keys()))
	var made struct {
		ID  driver.APIKeyID
		Key string
	}
	w := (&client{handler: r, value: p.c.value}).post("/keys", `{"name":"script"}`)
	if err := json.Unmarshal(w.Body.Bytes(), &made); err != nil || made.Key == "" {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	p.wantBearer(t, made.Key, http.StatusOK)
	return made.Key, made.ID
}

func keyMatrixRows[U any]() map[string]matrixRow[U] {
	of := func(build func(*apikey.Keys[U]) gin.HandlerFunc) func(*matrixApp[U]) gin.HandlerFunc {
		return func(a *matrixApp[U]) gin.HandlerFunc { return build(a.keys()) }
	}
	return map[string]matrixRow[U]{
		"apikey.Create": {build: of(apikey.Create[U]), do: func(t *testing.T, p *matrixPerson[U]) {
			t.Helper()
			var made struct{ Key string }
			w := p.post(t, p.c, http.StatusCreated, `{"name":"script"}`)
			if err := json.Unmarshal(w.Body.Bytes(), &made); err != nil {
				t.Fatal(err)
			}
			p.wantBearer(t, made.Key, http.StatusOK)
		}},
		"apikey.Issue": {build: func(a *matrixApp[U]) gin.HandlerFunc {
			keys := a.keys()
			return func(c *gin.Context) {
				key, _, err := apikey.Issue(c, keys, apikey.Request{Name: "script"})
				reply(c, key.Reveal(), err)
			}
		}, do: func(t *testing.T, p *matrixPerson[U]) {
			t.Helper()
			p.wantBearer(t, strings.Trim(p.post(t, p.c, http.StatusOK, "").Body.String(), "\"\n"), http.StatusOK)
		}},
		"apikey.List": {build: of(apikey.List[U]), do: func(t *testing.T, p *matrixPerson[U]) {
			t.Helper()
			_, id := p.issue(t)
			if w := p.c.get(p.path + "x"); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), string(id)) {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		}},
		"apikey.Revoke": {build: of(apikey.Revoke[U]), do: func(t *testing.T, p *matrixPerson[U]) {
			t.Helper()
			key, id := p.issue(t)
			wantStatus(t, p.c.post(p.path+string(id), ""), http.StatusNoContent)
			p.wantBearer(t, key, http.StatusUnauthorized)
		}},
		"apikey.RevokeAll": {build: of(apikey.RevokeAll[U]), do: func(t *testing.T, p *matrixPerson[U]) {
			t.Helper()
			key, _ := p.issue(t)
			p.post(t, p.c, http.StatusNoContent, "")
			p.wantBearer(t, key, http.StatusUnauthorized)
		}},
	}
}

// tokensOf logs the user in by tokens.
func (p *matrixPerson[U]) tokensOf(t *testing.T) jwt.Answer {
	t.Helper()
	r := gin.New()
	r.Use(ginauth.Session(p.cfg))
	r.POST("/in", signsInByToken(p.matrixApp))
	return p.bearer(t, (&client{handler: r, value: p.c.value}).post("/in", ""))
}

func signsInByToken[U any](a *matrixApp[U]) gin.HandlerFunc {
	tokens := a.tokens()
	return func(c *gin.Context) {
		answer, err := jwt.SignIn(c, tokens, jwt.InBody, a.now.u)
		reply(c, answer, err)
	}
}

// bearer wants an answer whose token is the user's.
func (p *matrixPerson[U]) bearer(t *testing.T, w *httptest.ResponseRecorder) (answer jwt.Answer) {
	t.Helper()
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || w.Code != http.StatusOK || answer.RefreshToken == "" {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	p.wantBearer(t, answer.AccessToken, http.StatusOK)
	return answer
}

func tokenMatrixRows[U any]() map[string]matrixRow[U] {
	of := func(build func(*jwt.Flow[U]) gin.HandlerFunc) func(*matrixApp[U]) gin.HandlerFunc {
		return func(a *matrixApp[U]) gin.HandlerFunc { return build(a.tokens()) }
	}
	form := func(p *matrixPerson[U], values url.Values) *httptest.ResponseRecorder {
		return sendAs(p, http.MethodPost, p.path+"x", "", values.Encode())
	}
	return map[string]matrixRow[U]{
		"jwt.Login": {open: true, build: of(func(f *jwt.Flow[U]) gin.HandlerFunc { return jwt.Login(f, jwt.InBody) }), do: func(t *testing.T, p *matrixPerson[U]) {
			t.Helper()
			p.bearer(t, (&client{handler: p}).post(p.path+"x", p.credentials()))
		}},
		"jwt.Token": {open: true, build: of(jwt.Token[U]), do: func(t *testing.T, p *matrixPerson[U]) {
			t.Helper()
			p.bearer(t, form(p, url.Values{"grant_type": {"password"}, "username": {p.mail}, "password": {adasOld}}))
		}},
		"jwt.SignIn": {open: true, build: signsInByToken[U], do: func(t *testing.T, p *matrixPerson[U]) {
			t.Helper()
			p.bearer(t, (&client{handler: p}).post(p.path+"x", ""))
		}},
		"jwt.Refresh": {open: true, build: of(jwt.Refresh[U]), do: func(t *testing.T, p *matrixPerson[U]) {
			t.Helper()
			p.bearer(t, form(p, url.Values{"refresh_token": {p.tokensOf(t).RefreshToken}}))
		}},
		"jwt.Revoke": {open: true, build: of(jwt.Revoke[U]), do: func(t *testing.T, p *matrixPerson[U]) {
			t.Helper()
			answer := p.tokensOf(t)
			wantStatus(t, form(p, url.Values{"token": {answer.RefreshToken}}), http.StatusOK)
			p.wantBearer(t, answer.AccessToken, http.StatusUnauthorized)
		}},
		"jwt.Logout": {open: true, build: of(jwt.Logout[U]), do: func(t *testing.T, p *matrixPerson[U]) {
			t.Helper()
			answer := p.tokensOf(t)
			r := jsonRequest(p.path+"x", "")
			r.AddCookie(jwt.CookieOptions{}.Cookie(answer.AccessToken, time.Hour))
			wantStatus(t, send(p, r), http.StatusNoContent)
			p.wantBearer(t, answer.AccessToken, http.StatusUnauthorized)
		}},
		"jwt.PublicKeys": {open: true, build: func(a *matrixApp[U]) gin.HandlerFunc { return jwt.PublicKeys(a.ring) }, do: func(t *testing.T, p *matrixPerson[U]) {
			t.Helper()
			wantStatus(t, (&client{handler: p}).get(p.path+"x"), http.StatusOK)
		}},
	}
}

func mailMatrixRows[U any]() map[string]matrixRow[U] {
	// A mail with a link goes to the address.
	asked := func(body string) func(*testing.T, *matrixPerson[U]) {
		return func(t *testing.T, p *matrixPerson[U]) {
			t.Helper()
			c, to := &client{handler: p}, p.mail
			if strings.Contains(body, "new.") {
				c, to = p.c, "new."+p.mail
			}
			p.post(t, c, http.StatusAccepted, fmt.Sprintf(body, p.mail))
			p.token(t, to)
		}
	}
	address, newcomer := `{"email":"%s"}`, `{"name":"Kay","email":"new.%s","password":"`+adasOld+`"}`
	return map[string]matrixRow[U]{
		"email.ForgotPassword":     {build: ofMails(email.ForgotPassword[U]), do: asked(address)},
		"email.ResendVerification": {build: ofMails(email.ResendVerification[U]), do: asked(address)},
		"email.SendMagicLink":      {build: ofMails(email.SendMagicLink[U]), do: asked(address)},
		"email.SignUp":             {build: ofMails(email.SignUp[U]), do: asked(newcomer)},
		"email.SignUpWith": {build: func(a *matrixApp[U]) gin.HandlerFunc {
			return email.SignUpWith(a.mails(), nothingMore[ginauth.Registration, U])
		}, do: asked(newcomer)},
		"email.ChangeEmail": {build: ofMails(email.ChangeEmail[U]), do: asked(`{"email":"new.%s"}`)},
	}
}

func ofMails[U any](build func(*email.Flows[U]) gin.HandlerFunc) func(*matrixApp[U]) gin.HandlerFunc {
	return func(a *matrixApp[U]) gin.HandlerFunc { return build(a.mails()) }
}

// link returns the token of a mail to an address.
func (p *matrixPerson[U]) link(t *testing.T, kind driver.MailKind, address string) string {
	t.Helper()
	o := driver.MailOrder{Kind: kind, Email: address, Canonical: address}
	if kind == driver.MailChange {
		o.UserID = p.cfg.Account(p.u).ID
	}
	if err := p.mails().Options().Store.QueueMail(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	return p.token(t, address)
}

// moved confirms a change of address, and returns the undo's token.
func (p *matrixPerson[U]) moved(t *testing.T, confirm func(token string)) string {
	t.Helper()
	confirm(p.link(t, driver.MailChange, "new."+p.mail))
	if w := p.c.get("/user"); !strings.Contains(w.Body.String(), "new."+p.mail) {
		t.Errorf("after the change: %d %s", w.Code, w.Body)
	}
	return p.token(t, p.mail)
}

func mailLinkRows[U any]() map[string]matrixRow[U] {
	return map[string]matrixRow[U]{
		"email.VerifyEmail": {build: ofMails(email.VerifyEmail[U]), do: func(t *testing.T, p *matrixPerson[U]) {
			t.Helper()
			p.post(t, p.c, http.StatusNoContent, `{"token":"`+p.link(t, driver.MailVerify, p.mail)+`"}`)
			if w := p.c.get("/user"); !strings.Contains(w.Body.String(), "verified_at") {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		}},
		"email.ResetPassword": {build: ofMails(email.ResetPassword[U]), do: func(t *testing.T, p *matrixPerson[U]) {
			t.Helper()
			p.post(t, &client{handler: p}, http.StatusNoContent, `{"token":"`+p.link(t, driver.MailReset, p.mail)+`","password":"`+adasNew+`"}`)
			p.wantAlive(t, false, false)
			p.wantPassword(t, adasNew, http.StatusOK)
		}},
		"email.MagicLink": {build: ofMails(email.MagicLink[U]), do: func(t *testing.T, p *matrixPerson[U]) {
			t.Helper()
			c := &client{handler: p}
			p.post(t, c, http.StatusOK, `{"token":"`+p.link(t, driver.MailLogin, p.mail)+`"}`)
			p.wantUser(t, c)
		}},
		"email.ConfirmEmailChange": {proved: true, build: ofMails(email.ConfirmEmailChange[U]), do: func(t *testing.T, p *matrixPerson[U]) {
			t.Helper()
			p.moved(t, func(token string) { p.post(t, p.c, http.StatusNoContent, `{"token":"`+token+`"}`) })
		}},
		"email.UndoEmailChange": {proved: true, build: ofMails(email.UndoEmailChange[U]), do: func(t *testing.T, p *matrixPerson[U]) {
			t.Helper()
			r := gin.New()
			r.Use(ginauth.Session(p.cfg))
			r.POST("/change", email.ConfirmEmailChange(p.mails()))
			undo := p.moved(t, func(token string) {
				p.c.handler = r
				wantStatus(t, p.c.post("/change", `{"token":"`+token+`"}`), http.StatusNoContent)
				p.c.handler = p
			})
			p.post(t, &client{handler: p}, http.StatusNoContent, `{"token":"`+undo+`"}`)
			p.wantPassword(t, adasOld, http.StatusUnauthorized) // whoever changed the address may know it
		}},
	}
}
