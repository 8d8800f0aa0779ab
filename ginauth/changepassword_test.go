package ginauth_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/account"
	"github.com/ginauth/ginauth/ginauth/apikey"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/built"
	"github.com/ginauth/ginauth/ginauth/refresh"
	"github.com/ginauth/ginauth/store"
)

const (
	adasOld  = "correct horse battery staple"
	adasNew  = "a brand new battery staple"
	toNew    = `{"current_password":"correct horse battery staple","new_password":"a brand new battery staple"}`
	adaNewIn = `{"email":"ada@example.com","password":"a brand new battery staple"}`
)

var accounts = routes(func(r *gin.Engine, cfg config) {
	r.POST("/password/change", account.ChangePassword(built.Config(cfg)))
	r.POST("/password", account.SetPassword(built.Config(cfg)))
	r.PATCH("/user", account.UpdateProfile(built.Config(cfg)))
	r.DELETE("/user", account.DeleteAccount(built.Config(cfg)))
	r.GET("/user/export", account.ExportAccount(built.Config(cfg)))
	r.POST("/user/archive", account.DeleteAccountAfter(built.Config(cfg), thirtyDays))
	r.POST("/user/restore", account.RestoreAccount(built.Config(cfg)))
})

const thirtyDays = 30 * 24 * time.Hour

var restorable = with(func(cfg *config) { cfg.Exclude = append(cfg.Exclude, "/user/restore") })

// SEC-10, SEC-62, SEC-64, SEC-77, SEC-161
func TestAChangedPasswordEndsAllOtherSessions(t *testing.T) {
	t.Parallel()
	everywhere(t, func(s suite) {
		t := s.t
		c := s.signUp(t, ada)
		other := &client{handler: s.app}
		other.post("/login", adaIn)
		c.post("/put?key=color&value=blue", "")
		old := c.as(s.app)
		w := c.post("/password/change", toNew)
		if w.Code != http.StatusNoContent || c.value == old.value || c.value == "" {
			t.Fatalf("%d %s, the same cookie: %v", w.Code, w.Body, c.value == old.value)
		}
		c.want(t, http.StatusOK, "this session")
		c.wantValue(t, "color", "blue", "this session")
		old.want(t, http.StatusUnauthorized, "the old token of this session")
		other.want(t, http.StatusUnauthorized, "the other session")
		if s.there != nil {
			c.as(s.there).want(t, http.StatusOK, "this session in the other process")
			old.as(s.there).want(t, http.StatusUnauthorized, "the old token in the other process")
			other.as(s.there).want(t, http.StatusUnauthorized, "the other session in the other process")
		}
		if w := (&client{handler: s.app}).post("/login", adaIn); w.Code != http.StatusUnauthorized {
			t.Errorf("the old password logs in: %d", w.Code)
		}
		if w := (&client{handler: s.app}).post("/login", adaNewIn); w.Code != http.StatusOK {
			t.Errorf("the new password does not log in: %d %s", w.Code, w.Body)
		}
		c.want(t, http.StatusOK, "this session after the login")
		if e := s.log.Events("authn_password_change"); len(e) != 1 || e[0]["user_id"] == nil || e[0]["session"] == nil {
			t.Errorf("events %v", e)
		}
	}, accounts)
}

// The session that lives on ends as the user's sessions do from then on.
func TestTheSessionOfAChangedPasswordCanBeRevoked(t *testing.T) { // SEC-77
	t.Parallel()
	everywhere(t, func(s suite) {
		t := s.t
		c := s.signUp(t, ada)
		c.post("/password/change", toNew)
		copied := c.as(s.app)
		if err := s.db.RevokeUserSessions(t.Context(), driver.UserID(idOf(t, c)), ""); err != nil {
			t.Fatal(err)
		}
		copied.want(t, http.StatusUnauthorized, "after RevokeUserSessions")
	}, accounts)
}

// SEC-10
func TestAPasswordIsOnlyChangedWithTheCurrentOne(t *testing.T) {
	t.Parallel()
	app := newApp(t, accounts)
	c := app.signUp(t, ada)
	app.signUp(t, grace)
	failed := 0
	for body, want := range map[string]int{
		`{"new_password":"a brand new battery staple"}`:                                                                             422,
		`{"current_password":"","new_password":"a brand new battery staple"}`:                                                       422,
		`{"current_password":"wrong horse battery staple","new_password":"a brand new battery staple"}`:                             401,
		`{"current_password":"nanoseconds are short wires","new_password":"a brand new battery staple"}`:                            401,
		`{"current_password":"correct horse battery staple "  ,"new_password":"a brand new battery staple"}`:                        401,
		`{"current_password":"correct horse battery staple","new_password":"too short"}`:                                            422,
		`{"current_password":"correct horse battery staple","new_password":"ada@example.com ada@example.com"}`:                      422,
		`{"current_password":"wrong horse battery staple","new_password":"a brand new battery staple","email":"grace@example.com"}`: 401,
	} {
		before, value := app.everythingOf(t, "ada@example.com"), c.value
		w := c.post("/password/change", body)
		if w.Code != want || c.value != value {
			t.Errorf("%s: %d %s, want %d", body, w.Code, w.Body, want)
		}
		if want == http.StatusUnauthorized {
			failed++
			if problemIn(t, w).Code != "invalid_credentials" {
				t.Errorf("%s: %s", body, w.Body)
			}
		}
		if after := app.everythingOf(t, "ada@example.com"); after != before {
			t.Errorf("%s changed the account", body)
		}
	}
	if got := app.log.Events("authn_login_fail"); len(got) != failed || got[0]["operation"] != "changePassword" {
		t.Errorf("%d failed logins are in the log, want %d: %v", len(got), failed, got)
	}
	if w := (&client{handler: app}).post("/password/change", toNew); w.Code != http.StatusUnauthorized || problemIn(t, w).Code != "unauthenticated" {
		t.Errorf("without a session: %d %s", w.Code, w.Body)
	}
	if w := c.post("/login", adaIn); w.Code != http.StatusOK {
		t.Errorf("the old password: %d", w.Code)
	}
}

func TestPasswordHandlersTakeOnlyPOST(t *testing.T) {
	t.Parallel()
	app := newApp(t, routes(func(r *gin.Engine, cfg config) {
		r.Any("/change", account.ChangePassword(built.Config(cfg)))
		r.Any("/set", account.SetPassword(built.Config(cfg)))
		r.Any("/delete", account.DeleteAccount(built.Config(cfg)))
		r.Any("/update", account.UpdateProfile(built.Config(cfg)))
		r.Any("/export", account.ExportAccount(built.Config(cfg)))
	}))
	c := app.signUp(t, ada)
	for path, allowed := range map[string]string{"/change": "POST", "/set": "POST", "/delete": "POST, DELETE", "/update": "POST, PUT, PATCH", "/export": "GET, HEAD"} {
		method := http.MethodGet
		if path == "/export" {
			method = http.MethodPost
		}
		r := jsonRequest(path, toNew)
		r.Method = method
		if w := c.do(r); w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != allowed {
			t.Errorf("%s %s: %d, Allow %q", method, path, w.Code, w.Header().Get("Allow"))
		}
	}
}

// Every entry of the list that meets the rule on length is refused, also by the two handlers for
// users who are logged in.
func TestCommonPasswordsAreRefusedWhenChanged(t *testing.T) { // SEC-5
	t.Parallel()
	packed, err := os.ReadFile("password/blocklist.txt.gz")
	if err != nil {
		t.Fatal(err)
	}
	list, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	app := newApp(t, accounts)
	c := app.signUp(t, ada)
	asked := 0
	for lines := bufio.NewScanner(list); lines.Scan(); {
		if utf8.RuneCountInString(lines.Text()) < 15 {
			continue
		}
		asked++
		for path, body := range map[string]url.Values{
			"/password/change": {"current_password": {adasOld}, "new_password": {lines.Text()}},
			"/password":        {"new_password": {lines.Text()}},
		} {
			w := c.do(formRequest(path, body.Encode()))
			if w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), `"field":"new_password"`) {
				t.Fatalf("%s with %q: %d %s", path, lines.Text(), w.Code, w.Body)
			}
		}
	}
	if asked < 1000 {
		t.Errorf("only %d passwords were tried", asked)
	}
}

// SEC-9
func TestPasswordsDoNotGrowOld(t *testing.T) {
	t.Parallel()
	app := newApp(t, accounts)
	app.signUp(t, ada).post("/password/change", toNew)
	app.clock.Advance(10 * 365 * 24 * time.Hour)
	if w := (&client{handler: app}).post("/login", adaNewIn); w.Code != http.StatusOK {
		t.Errorf("after ten years: %d %s", w.Code, w.Body)
	}
}

// SEC-77, and docs/api-keys.md.
func TestAChangedPasswordEndsRefreshTokensAndNoAPIKeys(t *testing.T) {
	t.Parallel()
	app := newApp(t, accounts)
	c := app.signUp(t, ada)
	id := driver.UserID(idOf(t, c))
	login, err := app.db.CreateRefreshFamily(t.Context(), familyOf(id))
	if err != nil {
		t.Fatal(err)
	}
	_, key := app.issueKey(t, id)
	if w := c.post("/password/change", toNew); w.Code != http.StatusNoContent {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if _, err := app.db.FindTokenUser(t.Context(), id, login.ID); err == nil {
		t.Error("the login by refresh tokens lives on")
	}
	if logins, err := app.db.UserRefreshFamilies(t.Context(), id); err != nil || len(logins) != 0 {
		t.Errorf("%d logins, %v", len(logins), err)
	}
	if _, _, err := app.db.FindAPIKey(t.Context(), key); err != nil {
		t.Errorf("the API key: %v", err)
	}
}

func familyOf(id driver.UserID) driver.NewRefreshFamily {
	return driver.NewRefreshFamily{Key: refresh.New().Key(), UserID: id, Lifetime: time.Hour, IdleTimeout: time.Hour}
}

func (a *app) issueKey(t *testing.T, id driver.UserID) (driver.APIKey, driver.Digest) {
	t.Helper()
	digest := driver.NewToken().Digest()
	r, err := a.db.CreateAPIKey(t.Context(), driver.NewAPIKey{Digest: digest, UserID: id, Name: "nightly", Start: "gak_Ab3d", Lifetime: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	return r, digest
}

// Who holds a key, or another credential for something particular, cannot take the account over.
func TestCredentialsWithScopesCannotChangeAnAccount(t *testing.T) { // SEC-177
	t.Parallel()
	app := newApp(t, accounts, routes(func(r *gin.Engine, cfg config) { r.POST("/api-keys", apikey.Create(keysOf(cfg))) }))
	byKey := gin.New()
	byKey.Use(ginauth.Authenticate(built.Config(app.cfg), apikey.Backend(keysOf(app.cfg)), ginauth.SessionAuth(built.Config(app.cfg))))
	accounts.routes(byKey, app.cfg)
	byKey.GET("/sessions", account.Sessions(built.Config(app.cfg)))
	byKey.DELETE("/sessions/:id", account.RevokeSession(built.Config(app.cfg)))
	byKey.POST("/sessions/revoke-others", account.RevokeOtherSessions(built.Config(app.cfg)))
	byKey.POST("/sessions/revoke-all", account.RevokeAllSessions(built.Config(app.cfg)))
	c := app.signUp(t, ada)
	var made struct{ Key string }
	if err := json.Unmarshal(c.post("/api-keys", `{"name":"all","scopes":["everything"]}`).Body.Bytes(), &made); err != nil || made.Key == "" {
		t.Fatal(err)
	}
	before := app.everythingOf(t, "ada@example.com")
	logins, err := app.db.UserSessions(t.Context(), driver.UserID(idOf(t, c)))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []*http.Request{
		jsonRequest("/password/change", toNew), jsonRequest("/password", `{"new_password":"a brand new battery staple"}`),
		withMethod(http.MethodPatch, jsonRequest("/user", `{"name":"Mallory"}`)), withMethod(http.MethodDelete, jsonRequest("/user", "")),
		withMethod(http.MethodGet, jsonRequest("/user/export", "")), jsonRequest("/user/archive", ""),
		withMethod(http.MethodGet, jsonRequest("/sessions", "")), withMethod(http.MethodDelete, jsonRequest("/sessions/"+string(logins[0].ID), "")),
		jsonRequest("/sessions/revoke-others", ""), jsonRequest("/sessions/revoke-all", ""),
	} {
		r.Header.Set("Authorization", "Bearer "+made.Key)
		w := httptest.NewRecorder()
		if byKey.ServeHTTP(w, r); w.Code != http.StatusForbidden || problemIn(t, w).Code != "forbidden" {
			t.Errorf("%s %s: %d %s", r.Method, r.URL, w.Code, w.Body)
		}
	}
	if after := app.everythingOf(t, "ada@example.com"); after != before {
		t.Errorf("the account changed:\n%s\n%s", before, after)
	}
	c.want(t, http.StatusOK, "the session")
}

func keysOf(cfg config) *apikey.Keys[user] { return built.Keys(cfg, apikey.Options[user]{}) }

func withMethod(method string, r *http.Request) *http.Request {
	r.Method = method
	return r
}

// A custom store that lacks something is told so at start-up.
func TestHandlersNameTheInterfaceTheyMiss(t *testing.T) {
	t.Parallel()
	kept := store.NewSessions(newApp(t).pool)
	cfg := config{Users: struct{ driver.Users[user] }{}, Sessions: &apart{Store: kept, Sessions: kept, manager: kept}}
	for want, build := range map[string]func(){
		"account.ChangePassword needs Options.Users to be a driver.Accounts":     func() { account.ChangePassword(built.Config(cfg)) },
		"account.SetPassword needs Options.Users to be a driver.Accounts":        func() { account.SetPassword(built.Config(cfg)) },
		"account.UpdateProfile needs Options.Users to be a driver.Accounts":      func() { account.UpdateProfile(built.Config(cfg)) },
		"account.DeleteAccount needs Options.Users to be a driver.Accounts":      func() { account.DeleteAccount(built.Config(cfg)) },
		"account.DeleteAccountAfter needs Options.Users to be a driver.Accounts": func() { account.DeleteAccountAfter(built.Config(cfg), time.Hour) },
		"account.DeleteAccountAfter: the grace must be positive":                 func() { account.DeleteAccountAfter(built.Config(cfg), 0) },
		"account.RestoreAccount needs Options.Users to be a driver.Accounts":     func() { account.RestoreAccount(built.Config(cfg)) },
		"account.ExportAccount needs Options.Users to be a driver.Accounts":      func() { account.ExportAccount(built.Config(cfg)) },
	} {
		func() {
			defer func() {
				if got, _ := recover().(string); !strings.Contains(got, want) {
					t.Errorf("it says %q, want %q", got, want)
				}
			}()
			build()
		}()
	}
}
