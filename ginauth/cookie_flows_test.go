package ginauth_test

import (
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Every answer that starts, replaces or ends a session has one cookie, as strict as the first, and
// may be kept by nobody.
func TestEveryCookieIsStrictAndItsAnswerNotCached(t *testing.T) { // SEC-53, SEC-55, SEC-58, SEC-73
	t.Parallel()
	app := newApp(t, managing, browsing)
	app.signUp(t, ada)
	set := regexp.MustCompile(`^__Host-session=[A-Za-z0-9_-]{43}; Path=/;( Max-Age=2592000;)? HttpOnly; Secure; SameSite=Lax$`)
	gone := regexp.MustCompile(`^__Host-session=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax$`)
	loggedIn := func() *client { return &client{handler: app, value: app.loggedIn(t)} }
	revoked := loggedIn()
	for name, c := range map[string]struct {
		w    *httptest.ResponseRecorder
		want *regexp.Regexp
	}{
		"sign-up":           {app.send(jsonRequest("/signup", grace)), set},
		"login":             {app.send(jsonRequest("/login", adaIn)), set},
		"login by a form":   {app.send(formRequest("/login", "email=ada@example.com&password=correct+horse+battery+staple")), set},
		"remembered login":  {app.send(jsonRequest("/login", strings.Replace(adaIn, "}", `,"remember":true}`, 1))), set},
		"another login":     {loggedIn().post("/login", adaIn), set},
		"renewal":           {loggedIn().post("/renew", ""), set},
		"reauthentication":  {loggedIn().post("/reauthenticate", adaIn), set},
		"logout":            {loggedIn().post("/logout", ""), gone},
		"logout by a form":  {loggedIn().do(formRequest("/logout", "")), gone},
		"revoking oneself":  {revoked.delete("/sessions/" + string(current(t, revoked))), gone},
		"revoking all":      {loggedIn().post("/sessions/revoke-all", ""), gone},
		"logout of nobody":  {(&client{handler: app, value: strings.Repeat("A", 43)}).post("/logout", ""), gone},
		"wrong password":    {app.send(jsonRequest("/login", strings.ReplaceAll(adaIn, "horse", "cow"))), nil},
		"taken address":     {app.send(jsonRequest("/signup", ada)), nil},
		"a dead session":    {(&client{handler: app, value: strings.Repeat("A", 43)}).get("/user"), nil},
		"somebody's device": {loggedIn().delete("/sessions/nonsense"), nil},
	} {
		cookies := slices.DeleteFunc(c.w.Header().Values("Set-Cookie"), browserCookie.MatchString)
		if c.want == nil && len(cookies) != 0 || c.want != nil && (len(cookies) != 1 || !c.want.MatchString(cookies[0])) {
			t.Errorf("%s: %d, Set-Cookie %q", name, c.w.Code, cookies)
		}
		if c.w.Header().Get("Cache-Control") != "no-store" || !slices.Contains(c.w.Header().Values("Vary"), "Cookie") {
			t.Errorf("%s: Cache-Control %q, Vary %q", name, c.w.Header().Get("Cache-Control"), c.w.Header().Values("Vary"))
		}
	}
}
