package ginauth_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/apikey"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/email"
	"github.com/ginauth/ginauth/ginauth/internal/built"
	"github.com/ginauth/ginauth/ginauth/jwt"
)

// Each credential opens the door that it was made for, and no other.
func TestCredentialsServeOnePurpose(t *testing.T) { // SEC-168
	t.Parallel()
	app := newApp(t)
	key, err := jwt.Generate("2030-01", jwt.EdDSA)
	if err != nil {
		t.Fatal(err)
	}
	ring, err := jwt.NewRing(key)
	if err != nil {
		t.Fatal(err)
	}
	const here = "https://api.example.com"
	flow := built.Tokens(app.cfg, jwt.Options[user]{Issuer: jwt.NewIssuer(jwt.IssuerOptions{Keys: ring, Issuer: here, Audiences: []string{here}, Now: app.clock.Now})})
	options := jwt.BackendOptions[user]{Accept: jwt.Accept{Issuers: []jwt.Trust{{Issuer: here, Keys: ring}}, Audiences: []string{here}, Now: app.clock.Now}, Users: app.db}
	cfg := app.cfg
	cfg.Exclude = append(cfg.Exclude, "/reset", "/magic")
	mails := built.Mails(cfg, email.Options[user]{Store: app.db, BaseURL: here, From: "a@example.com", Sender: nowhere, Pages: email.Pages{Reset: "/reset", Login: "/magic"}})

	app.POST("/api-keys", apikey.Create(keysOf(app.cfg)))
	r := gin.New()
	r.POST("/token", jwt.Token(flow))
	r.POST("/refresh", jwt.Refresh(flow))
	r.Use(ginauth.Authenticate(built.Config(cfg), apikey.Backend(keysOf(cfg)), jwt.Bearer(built.Config(cfg), options), ginauth.SessionAuth(built.Config(cfg))))
	r.GET("/user", ginauth.Require(ginauth.AnyScope()), ginauth.Me(built.Config(cfg)))
	r.POST("/reset", email.ResetPassword(mails))
	r.POST("/magic", email.MagicLink(mails))

	browser := app.owner(t, ada)
	app.exec(t, "UPDATE ginauth.users SET verified_at = created_at")
	var made struct{ Key string }
	if err := json.Unmarshal(browser.post("/api-keys", `{"name":"all"}`).Body.Bytes(), &made); err != nil || made.Key == "" {
		t.Fatal(err)
	}
	var tokens jwt.Answer
	w := (&client{handler: r}).do(formRequest("/token", "grant_type=password&username=ada@example.com&password="+url.QueryEscape(adasOld)))
	if err := json.Unmarshal(w.Body.Bytes(), &tokens); err != nil || tokens.AccessToken == "" || tokens.RefreshToken == "" {
		t.Fatalf("%d %s", w.Code, w.Body)
	}

	// Each door tells whether it let the credential in. Those that spend it come last.
	header := func(name, prefix string) func(string) bool {
		return func(secret string) bool {
			get := httptest.NewRequest(http.MethodGet, "/user", nil)
			get.Header.Set(name, prefix+secret)
			return (&client{handler: r}).do(get).Code == http.StatusOK
		}
	}
	link := func(path string) func(string) bool {
		return func(secret string) bool {
			w := (&client{handler: r}).post(path, `{"token":"`+secret+`","password":"nanoseconds are short wires"}`)
			return w.Code < http.StatusBadRequest
		}
	}
	doors := []struct {
		name, secret string
		opens        func(string) bool
	}{
		{"session cookie", browser.cookies[cookie], func(s string) bool { return (&client{handler: r, value: s}).get("/user").Code == http.StatusOK }},
		{"device cookie", browser.cookies[device], nil},
		{"bearer", tokens.AccessToken, header("Authorization", "Bearer ")},
		{"key", made.Key, header("X-API-Key", "")},
		{"refresh", tokens.RefreshToken, func(s string) bool {
			return (&client{handler: r}).do(formRequest("/refresh", "refresh_token="+url.QueryEscape(s))).Code == http.StatusOK
		}},
		{"magic link", app.mailed(t, driver.MailLogin), link("/magic")},
		{"reset link", app.mailed(t, driver.MailReset), link("/reset")},
	}
	for _, door := range doors {
		for _, other := range doors {
			if door.opens == nil || other.name == door.name || door.name == "bearer" && other.name == "key" { // a key may be a bearer token
				continue
			}
			if door.opens(other.secret) {
				t.Errorf("the %s opens as a %s", other.name, door.name)
			}
		}
	}
	for _, door := range doors {
		if door.name == "reset link" { // the magic link has voided the one that was good until then
			door.secret = app.mailed(t, driver.MailReset)
		}
		if door.opens != nil && !door.opens(door.secret) {
			t.Errorf("the %s does not open its own door", door.name)
		}
	}
}

// mailed is the token of a mail to Ada.
func (a *app) mailed(t *testing.T, k driver.MailKind) string {
	t.Helper()
	if err := a.db.QueueMail(t.Context(), driver.MailOrder{Kind: k, Email: "ada@example.com", Canonical: "ada@example.com"}); err != nil {
		t.Fatal(err)
	}
	return a.nextMail(t)
}

// nextMail is the token of the only mail that waits.
func (a *app) nextMail(t *testing.T) string {
	t.Helper()
	token := driver.NewToken()
	due, err := a.db.ClaimMail(t.Context(), 1, time.Minute)
	if err != nil || len(due) != 1 {
		t.Fatalf("%d mails, %v", len(due), err)
	}
	if _, err := a.db.PrepareMail(t.Context(), due[0].ID, token.Digest(), time.Hour); err != nil {
		t.Fatal(err)
	}
	if err := a.db.SettleMail(t.Context(), due[0].ID, due[0].Attempt, driver.MailOutcome{}); err != nil {
		t.Fatal(err)
	}
	return token.Reveal()
}
