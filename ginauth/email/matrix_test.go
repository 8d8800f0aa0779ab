package email_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/email"
	"github.com/ginauth/ginauth/store/storetest"
)

// credentials are one good credential of each kind, of one account, by where it is good.
func (a *app) credentials(t *testing.T) map[string]string {
	t.Helper()
	owner := a.signUp(t)
	all := a.links(t, owner)
	all["session"] = owner.cookies[cookie]
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
			c.cookies[cookie] = token
			return c.get("/me")
		},
		"key": func(token string) *httptest.ResponseRecorder {
			c := a.anyone()
			c.header = http.Header{"X-Api-Key": {token}}
			return c.get("/me")
		},
		"bearer": func(token string) *httptest.ResponseRecorder {
			c := a.anyone()
			c.header = http.Header{"Authorization": {"Bearer " + token}}
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
			return c.use(c.land(t, path, token), "", adaOld)
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
	if good := a.good(t, linksOf(all)); good != "/confirm /magic /reset /undo /verify" {
		t.Errorf("only %s were good all the time", good)
	}
	for _, place := range []string{"session", "bearer", "refresh", "/verify", "/confirm"} { // and so were these
		if w := places[place](all[place]); w.Code >= 300 {
			t.Errorf("at home, %s: %d %s", place, w.Code, w.Body)
		}
	}
}

func linksOf(credentials map[string]string) map[string]string {
	links := map[string]string{}
	for place, token := range credentials {
		if slices.Contains(linkPaths, place) {
			links[place] = token
		}
	}
	return links
}

// scoped is a backend for tokens of ada's, fresh ones, with scopes and without.
type scoped struct{ a *app }

func (s scoped) Authenticate(c *gin.Context) (p ginauth.Principal[user], err error) {
	scopes, sent := map[string][]string{"all": nil, "none": {}, "read": {"read"}, "write": {"read", "write"}}[c.GetHeader("X-Scoped")]
	if !sent {
		return p, ginauth.ErrNoCredentials
	}
	p.User, err = s.a.db.FindUserByEmail(c, "ada@example.com")
	p.Scopes, p.AuthenticatedAt = scopes, time.Now()
	return p, err
}

func (scoped) Scheme() ginauth.Scheme {
	return ginauth.Scheme{Name: "scoped", Type: "apiKey", In: "header", Parameter: "X-Scoped"}
}

// A token that may read, and was stolen from a script, must not become the account.
func TestCredentialsWithScopesCannotTakeTheAccount(t *testing.T) { // SEC-104, SEC-168
	t.Parallel()
	for scopes, good := range map[string]bool{"none": false, "read": false, "write": false, "all": true} {
		t.Run(scopes, func(t *testing.T) {
			t.Parallel()
			a := newApp(t, func(f *flows) { f.Config.Limits = ginauth.Limits{} })
			owner := a.signUp(t)
			cfg := a.cfg
			a.Engine = gin.New()
			a.Use(ginauth.Authenticate(cfg, scoped{a}, ginauth.SessionAuth(cfg)))
			a.GET("/me", ginauth.Require(ginauth.AnyScope()), ginauth.Me(cfg))
			a.POST("/email", email.ChangeEmail(a.mails))
			a.POST("/resend", email.ResendVerification(a.mails))
			a.Any("/verify", email.VerifyEmail(a.mails))
			a.Any("/confirm", email.ConfirmEmailChange(a.mails))
			owner.handler = a
			thief := a.anyone()
			thief.header = http.Header{"X-Scoped": {scopes}}
			want(t, "who it is", thief.get("/me"), http.StatusOK)

			verify := a.token(t, "/resend")
			change := thief.post("/email", `{"email":"thief@example.org"}`)
			if good {
				want(t, "a change of address", change, http.StatusAccepted)
				want(t, "its confirmation", thief.use("/confirm", a.one(t).token(t)), http.StatusNoContent)
				return
			}
			wantProblem(t, "a change of address", change, http.StatusForbidden, "forbidden")
			a.none(t, "who may not change an account asked for it")
			if !strings.Contains(a.log.String(), `"reason":"credentials with scopes"`) {
				t.Error("no event tells of it")
			}
			want(t, "the owner's change", owner.post("/email", `{"email":"new@example.org"}`), http.StatusAccepted)
			confirm := a.one(t).token(t)
			for path, token := range map[string]string{"/verify": verify, "/confirm": confirm} {
				wantProblem(t, path, thief.use(path, token), http.StatusForbidden, "proof_required")
				wantProblem(t, path+" with another password", thief.use(path, token, adaNew), http.StatusUnauthorized, "invalid_credentials")
				if w := thief.get(thief.land(t, path, token)); !strings.Contains(w.Body.String(), `name="password"`) {
					t.Errorf("the page of %s asks for no password: %d %s", path, w.Code, w.Body)
				}
			}
			want(t, "the owner's confirmation", owner.use("/confirm", confirm), http.StatusNoContent)
		})
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
