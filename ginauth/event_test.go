package ginauth_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
)

// SEC-161
func TestSecurityEventsAreLogged(t *testing.T) {
	t.Parallel()
	app := newApp(t, before(func(r *gin.Engine) {
		r.Use(func(c *gin.Context) { c.Header("X-Request-Id", "req-1") })
	}))
	c := app.signUp(t, ada)
	c.post("/login", adaIn)
	c.post("/login", `{"email":"ada@example.com","password":"wrong horse battery staple"}`)
	c.get("/user")
	c.post("/logout", "")
	r := jsonRequest("/login", adaIn)
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	r.Header.Set("User-Agent", "a\x1b[31m\r\n{\"event\":\"forged\"}")
	app.send(r)
	twice := httptest.NewRequest(http.MethodGet, "/", nil)
	twice.Header.Set("Cookie", cookie+"=a; "+cookie+"=b")
	app.send(twice)
	for line := range strings.Lines(app.log.String()) { // SEC-162
		if !json.Valid([]byte(line)) {
			t.Errorf("a line is no JSON: %q", line)
		}
	}
	for name, wantUser := range map[driver.EventKind]bool{
		"user_created": true, "authn_login_success": true, "authn_login_fail": false, "authn_logout": true, "malicious_csrf": false, "malicious_duplicate_cookie": false,
	} {
		found := app.log.Events(name)
		if len(found) != 1 {
			t.Errorf("%s: %d events", name, len(found))
			continue
		}
		e := found[0]
		if e["ip"] != "192.0.2.1" || e["time"] == nil || e["method"] == nil || e["route"] == nil || e["request_id"] != "req-1" {
			t.Errorf("%s: %v", name, e)
		}
		if _, ok := e["user_id"]; ok != wantUser {
			t.Errorf("%s: user %v", name, e["user_id"])
		}
	}
	if len(app.log.Events("forged")) != 0 {
		t.Error("a client forged a line")
	}
}

// SEC-160, SEC-164, SEC-165
func TestSecretsReachNeitherLogsNorAnswers(t *testing.T) {
	t.Parallel()
	const canary, typo = "canary in a deep coal mine", "typed-a-password-here@example.com"
	app := newApp(t, routes(func(r *gin.Engine, _ config) {
		r.GET("/fail", func(c *gin.Context) { ginauth.Fail(c, errors.New("SQLSTATE 42P01 relation ginauth.users")) })
		r.GET("/panic", func(*gin.Context) { panic("on purpose") })
	}))
	signUp := strings.ReplaceAll(ada, "correct horse battery staple", canary)
	logIn := strings.ReplaceAll(adaIn, "correct horse battery staple", canary)
	c := app.signUp(t, signUp)
	secrets := spellings(t, c.value)
	var out bytes.Buffer
	for _, w := range []*httptest.ResponseRecorder{
		c.get("/user"), c.get("/fail"), c.get("/panic"), c.post("/signup", signUp), c.post("/login", logIn),
		c.post("/login", strings.ReplaceAll(logIn, "ada@example.com", typo)), c.post("/login", logIn+"x"), c.post("/signup", `{"password":"`+canary+`"}`),
		c.get("/user?token=" + url.QueryEscape(canary)), c.post("/logout", ""),
	} {
		out.WriteString(w.Body.String())
		secrets = append(secrets, spellings(t, c.value)...)
	}
	out.WriteString(app.log.String())
	for _, v := range []any{ginauth.Credentials{Password: canary}, ginauth.Registration{Credentials: ginauth.Credentials{Password: canary}}} {
		fmt.Fprintf(&out, "%v %+v %#v %s", v, v, v, v)
	}
	for _, secret := range append(secrets, canary, url.QueryEscape(canary), base64.StdEncoding.EncodeToString([]byte(canary)), typo, "argon2id") {
		if secret != "" && strings.Contains(out.String(), secret) {
			t.Errorf("%q came out", secret)
		}
	}
	if body := c.get("/fail"); strings.Contains(body.Body.String(), "SQLSTATE") {
		t.Errorf("an answer says %s", body.Body)
	}
}

// spellings are the forms in which a token might be written.
func spellings(t *testing.T, token string) []string {
	t.Helper()
	if token == "" {
		return nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		t.Fatal(err)
	}
	number, err := json.Marshal(raw)
	if err != nil {
		t.Fatal(err)
	}
	return []string{token, hex.EncodeToString(raw), strings.Trim(string(number), `"`), base64.StdEncoding.EncodeToString(raw)}
}
