package email_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/ginauth/ginauth/store/storetest"
)

// credentials are one good credential of each kind, of one account, by where it is good.
func (a *app) credentials(t *testing.T) map[string]string {
	t.Helper()
	owner := a.signUp(t)
	all := a.links(t, owner)
	all["session"] = owner.Cookies[cookie]
	var key struct{ Key string }
	if err := json.Unmarshal(owner.post("/keys", `{"name":"nightly"}`).Body.Bytes(), &key); err != nil || key.Key == "" {
		t.Fatal(err)
	}
	all["key"] = key.Key
	var grant struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
	}
	w := a.anyone().form("/token", url.Values{"grant_type": {"password"}, "username": {"ada@example.com"}, "password": {adaOld}})
	if err := json.Unmarshal(w.Body.Bytes(), &grant); err != nil || grant.Refresh == "" {
		t.Fatalf("%v, %s", err, w.Body)
	}
	all["bearer"], all["refresh"] = grant.Access, grant.Refresh
	return all
}

// A credential is good where it is for, and nowhere else.
func TestEveryCredentialAtEveryEndpoint(t *testing.T) { // SEC-104, SEC-168
	t.Parallel()
	a := newFull(t, storetest.NewDB(t))
	all := a.credentials(t)
	places := map[string]func(string) *httptest.ResponseRecorder{
		"session": func(token string) *httptest.ResponseRecorder {
			c := a.anyone()
			c.Cookies[cookie] = token
			return c.get("/me")
		},
		"key": func(token string) *httptest.ResponseRecorder {
			c := a.anyone()
			c.Header = http.Header{"X-Api-Key": {token}}
			return c.get("/me")
		},
		"bearer": func(token string) *httptest.ResponseRecorder {
			c := a.anyone()
			c.Header = http.Header{"Authorization": {"Bearer " + token}}
			return c.get("/me")
		},
		"refresh": func(token string) *httptest.ResponseRecorder {
			return a.anyone().form("/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}})
		},
		"/export": func(token string) *httptest.ResponseRecorder { return a.anyone().get("/export?token=" + token) },
	}
	for _, path := range []string{"/verify", "/reset", "/magic", "/confirm", "/undo"} {
		places[path] = func(token string) *httptest.ResponseRecorder { return a.anyone().use(path, token, adaOld) }
		places[path+", as a cookie"] = func(token string) *httptest.ResponseRecorder {
			c := a.anyone()
			c.Cookies["__Host-mail-"+map[string]string{"/verify": "verify", "/reset": "reset", "/magic": "login", "/confirm": "change", "/undo": "undo"}[path]] = token
			return c.use(path, "", adaOld)
		}
	}
	before := a.count(t, `SELECT count(*) FROM ginauth.email_tokens`)
	for place, send := range places {
		for of, credential := range all {
			home, _, _ := strings.Cut(place, ",")
			if home == of || home == "bearer" && of == "key" { // a key is also sent that way
				continue
			}
			if w := send(credential); w.Code < 400 || w.Code >= 500 {
				t.Errorf("what is for %s at %s: %d %s", of, place, w.Code, w.Body)
			}
		}
	}
	if after := a.count(t, `SELECT count(*) FROM ginauth.email_tokens`); after != before || before < 5 {
		t.Errorf("%d tokens are left of %d", after, before)
	}
	for _, place := range []string{"session", "bearer", "refresh", "/verify", "/magic", "/confirm"} { // and were good all the time
		if w := places[place](all[place]); w.Code >= 300 {
			t.Errorf("at home, %s: %d %s", place, w.Code, w.Body)
		}
	}
}

// A link is about its own account, whoever is logged in where it is opened.
func TestLinksNeverTouchWhoIsLoggedIn(t *testing.T) { // SEC-104
	t.Parallel()
	a := newApp(t)
	tokens := a.links(t, a.signUp(t))
	grace := a.anyone()
	want(t, "sign-up", grace.post("/signup", `{"name":"Grace","email":"grace@example.com","password":"nanoseconds are short wires"}`), http.StatusCreated)
	row := `SELECT (u::text || COALESCE(s.epoch::text, '')) FROM ginauth.users AS u LEFT JOIN ginauth.sessions AS s ON s.user_id = u.id WHERE u.email_canonical = 'grace@example.com'`
	before := a.text(t, row)
	for path, status := range map[string]int{"/verify": http.StatusForbidden, "/confirm": http.StatusForbidden} {
		wantProblem(t, path, grace.use(path, tokens[path]), status, "proof_required")
		want(t, path+" with her own password", grace.use(path, tokens[path], "nanoseconds are short wires"), http.StatusUnauthorized)
	}
	want(t, "/reset", grace.use("/reset", tokens["/reset"], adaNew), http.StatusNoContent)
	want(t, "/undo", grace.use("/undo", tokens["/undo"]), http.StatusNoContent)
	if after := a.text(t, row); after != before || !grace.loggedIn() {
		t.Errorf("the other account: %s, before %s", after, before)
	}
	if a.logsIn("ada@example.com", adaOld) || !a.logsIn("grace@example.com", "nanoseconds are short wires") {
		t.Error("the passwords are not whose they should be")
	}
}

func (a *app) text(tb testing.TB, sql string) (text string) {
	tb.Helper()
	if err := a.pool.QueryRow(tb.Context(), sql).Scan(&text); err != nil {
		tb.Fatal(err)
	}
	return text
}
