package apikey_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-contrib/sessions"
	"github.com/gin-contrib/sessions/memstore"
	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/apikey"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/built"
	"github.com/ginauth/ginauth/store"
)

func TestKeyIsShownOnce(t *testing.T) { // SEC-19, SEC-50
	t.Parallel()
	app := newApp(t)
	c := app.signUp(t, ada)
	w := c.post("/api-keys", `{"name":"  backup ","scopes":["b","a","b"]}`)
	var m made
	if err := json.Unmarshal(w.Body.Bytes(), &m); err != nil || w.Code != http.StatusCreated {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if _, ok := apikey.ParseKey("gak_", m.Key); !ok || m.Start != m.Key[:8] || m.Name != "backup" || fmt.Sprint(m.Scopes) != "[a b]" {
		t.Errorf("%+v", m.APIKey)
	}
	if got := w.Header().Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control %q", got)
	}
	if got, want := m.ExpiresAt.Sub(m.CreatedAt), 90*24*time.Hour; got != want {
		t.Errorf("lives %s, want %s", got, want)
	}
	w = c.send(http.MethodGet, "/api-keys")
	if strings.Contains(w.Body.String(), m.Key[8:]) {
		t.Error("the list shows the key")
	}
	want := fmt.Sprintf(`[{"id":%q,"name":"backup","scopes":["a","b"],"start":%q,"created_at":%q,"expires_at":%q}]`,
		m.ID, m.Start, m.CreatedAt.Format(time.RFC3339Nano), m.ExpiresAt.Format(time.RFC3339Nano))
	if w.Body.String() != want {
		t.Errorf("%s, want %s", w.Body, want)
	}
	events := app.log.Events("authn_token_created")
	if len(events) != 1 || events[0]["key_id"] != string(m.ID) || events[0]["user_id"] == "" {
		t.Errorf("events %v", events)
	}
}

func TestNoKeysAreAnEmptyList(t *testing.T) {
	t.Parallel()
	if w := newApp(t).signUp(t, ada).send(http.MethodGet, "/api-keys"); w.Body.String() != "[]" {
		t.Errorf("%s", w.Body)
	}
}

func TestCreationChecksItsFields(t *testing.T) { // SEC-23
	t.Parallel()
	app := newApp(t, func(k *keyOptions) { k.Scopes = []string{"read", "write"}; k.MaxLifetime = 100 * 24 * time.Hour })
	c := app.signUp(t, ada)
	for body, want := range map[string]string{
		`{}`:                                   "name required",
		`{"name":" \t"}`:                       "name required",
		`{"name":"` + long(101) + `"}`:         "name too_long",
		`{"name":"a\u0007b"}`:                  "name invalid",
		`{"name":"\u200b\u3164"}`:              "name invalid",
		`{"name":"key\u202eyek"}`:              "name invalid",
		`{"name":"a","scopes":["all"]}`:        "scopes unknown",
		`{"name":"a","scopes":[""]}`:           "scopes invalid",
		`{"name":"a","scopes":["read write"]}`: "scopes invalid",
		`{"name":"a","scopes":["re\"ad"]}`:     "scopes invalid",
		`{"name":"a","scopes":["lösen"]}`:      "scopes invalid",
		`{"name":"a","scopes":["` + strings.Repeat("s", 101) + `"]}`:          "scopes invalid",
		`{"name":"a","scopes":["read"` + strings.Repeat(`,"read"`, 50) + `]}`: "scopes too_many",
		`{"name":"a","expires_in_days":-1}`:                                   "expires_in_days out_of_range",
		`{"name":"a","expires_in_days":101}`:                                  "expires_in_days out_of_range",
		`{"name":"a","expires_in_days":9223372036854775807}`:                  "expires_in_days out_of_range",
		`{"name":"a","never_expires":true}`:                                   "never_expires refused",
	} {
		w := c.post("/api-keys", body)
		wantProblem(t, body, w, http.StatusUnprocessableEntity, "validation_failed")
		if e := problemIn(t, w).Errors; len(e) != 1 || e[0].Field+" "+e[0].Code != want {
			t.Errorf("%s: %+v, want %s", body, e, want)
		}
	}
	for body, status := range map[string]int{
		`{"name":"a\u0000"}`:                 http.StatusBadRequest,
		`{"name":"a","scopes":["re\u0000"]}`: http.StatusBadRequest,
		"{\"name\":\"\xff\"}":                http.StatusBadRequest,
		`{"name":1}`:                         http.StatusBadRequest,
		`{"name":"a","scopes":"read"}`:       http.StatusBadRequest,
		`[]`:                                 http.StatusBadRequest,
		`{"name":"` + long(16<<10) + `"}`:    http.StatusRequestEntityTooLarge,
	} {
		if w := c.post("/api-keys", body); w.Code != status {
			t.Errorf("%s: %d", body, w.Code)
		}
	}
	if n := app.count(t, `SELECT count(*) FROM ginauth.api_keys`); n != 0 {
		t.Errorf("%d keys", n)
	}
	for _, body := range []string{
		`{"name":"` + long(100) + `","scopes":["read","write"],"expires_in_days":100}`,
		`{"name":"a","scopes":null,"expires_in_days":1}`,
	} {
		c.create(t, body)
	}
}

func long(n int) string { return strings.Repeat("é", n) }

func TestCreationTakesNothingElseFromTheBody(t *testing.T) { // SEC-28, SEC-177
	t.Parallel()
	app := newApp(t)
	other, c := app.signUp(t, grace), app.signUp(t, ada)
	victim := app.idOf(t, "grace@example.com")
	m := c.create(t, `{"name":"a","id":"00000000-0000-4000-8000-000000000001","user_id":"`+victim+`","UserID":"`+victim+`",
		"digest":"AAAA","start":"gak_0000","created_at":"2000-01-01T00:00:00Z","expires_at":"2999-01-01T00:00:00Z",
		"last_used_at":"2999-01-01T00:00:00Z","key":"gak_mine","limit":1000,"lifetime":9e18}`)
	if len(other.list(t)) != 0 || len(c.list(t)) != 1 {
		t.Error("the body says whose key it is")
	}
	if m.ID == "00000000-0000-4000-8000-000000000001" || m.Start == "gak_0000" || m.Key == "gak_mine" ||
		!m.CreatedAt.Equal(app.clock.Now().Truncate(time.Microsecond)) || m.ExpiresAt.Sub(m.CreatedAt) != 90*24*time.Hour || !m.LastUsedAt.IsZero() {
		t.Errorf("%+v", m.APIKey)
	}
}

func (a *app) idOf(tb testing.TB, email string) (id string) {
	tb.Helper()
	if err := a.pool.QueryRow(tb.Context(), `SELECT id::text FROM ginauth.users WHERE email = $1`, email).Scan(&id); err != nil {
		tb.Fatal(err)
	}
	return id
}

func TestFormMakesAKey(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	c := app.signUp(t, ada)
	for body, status := range map[string]int{"name=backup&expires_in_days=7": http.StatusCreated, "name=a&scopes=b": http.StatusBadRequest} {
		if w := c.do(formRequest("/api-keys", body)); w.Code != status {
			t.Errorf("%s: %d %s", body, w.Code, w.Body)
		}
	}
	if m := c.list(t)[0]; m.Name != "backup" || m.ExpiresAt.Sub(m.CreatedAt) != 7*24*time.Hour {
		t.Errorf("%+v", m)
	}
}

func TestKeyWithoutEndMustBeAllowed(t *testing.T) {
	t.Parallel()
	app := newApp(t, func(k *keyOptions) { k.SkipExpiry = true })
	c := app.signUp(t, ada)
	wantProblem(t, "both", c.post("/api-keys", `{"name":"a","never_expires":true,"expires_in_days":1}`), http.StatusUnprocessableEntity, "validation_failed")
	m := c.create(t, `{"name":"a","never_expires":true}`)
	app.clock.Advance(100 * 366 * 24 * time.Hour)
	if w := app.use(m.Key); w.Code != http.StatusOK || !m.ExpiresAt.IsZero() {
		t.Errorf("%d, ends %s", w.Code, m.ExpiresAt)
	}
}

func TestAKeyCannotMakeKeysNorEndOthers(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	c := app.signUp(t, ada)
	one, two := c.create(t, `{"name":"one"}`), c.create(t, `{"name":"two"}`)
	withKey := func(method, path, body string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("X-API-Key", one.Key)
		return c.do(r) // the session comes along
	}
	wantProblem(t, "create", withKey(http.MethodPost, "/api/api-keys", `{"name":"three"}`), http.StatusForbidden, "session_required")
	wantProblem(t, "create what cannot be read", withKey(http.MethodPost, "/api/api-keys", `[`), http.StatusForbidden, "session_required")
	wantProblem(t, "revoke", withKey(http.MethodDelete, "/api/api-keys/"+string(two.ID), ""), http.StatusForbidden, "session_required")
	if n := len(c.list(t)); n != 2 {
		t.Fatalf("%d keys", n)
	}
	if w := withKey(http.MethodDelete, "/api/api-keys/"+string(one.ID), ""); w.Code != http.StatusNoContent {
		t.Errorf("itself: %d %s", w.Code, w.Body)
	}
	wantProblem(t, "ended", app.use(one.Key), http.StatusUnauthorized, "bad_credentials")
}

func TestAKeyIsRevokedByItsUserOnly(t *testing.T) { // SEC-79, SEC-177
	t.Parallel()
	app := newApp(t)
	adas, graces := app.signUp(t, ada), app.signUp(t, grace)
	m := adas.create(t, `{"name":"a"}`)
	for _, id := range []string{string(m.ID), "nonsense", "00000000-0000-0000-0000-000000000000", "%00", "'%20OR%201=1"} {
		wantProblem(t, id, graces.send(http.MethodDelete, "/api-keys/"+id), http.StatusNotFound, "api_key_not_found")
	}
	if len(graces.list(t)) != 0 {
		t.Error("someone else's keys are listed")
	}
	if w := app.use(m.Key); w.Code != http.StatusOK {
		t.Fatalf("somebody else's key ended: %d", w.Code)
	}
	w := adas.send(http.MethodPost, "/api-keys/"+string(m.ID))
	if w.Code != http.StatusNoContent || w.Body.Len() != 0 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	wantProblem(t, "revoked", app.use(m.Key), http.StatusUnauthorized, "bad_credentials")
	wantProblem(t, "twice", adas.send(http.MethodDelete, "/api-keys/"+string(m.ID)), http.StatusNotFound, "api_key_not_found")
	events := app.log.Events("authn_token_revoked")
	if len(events) != 1 || events[0]["key_id"] != string(m.ID) {
		t.Errorf("events %v", events)
	}
}

func TestManagingNeedsALogin(t *testing.T) { // SEC-171
	t.Parallel()
	app := newApp(t)
	nobody := &client{handler: app}
	wantProblem(t, "create", nobody.post("/api-keys", `{"name":"a"}`), http.StatusUnauthorized, "unauthenticated")
	wantProblem(t, "list", nobody.send(http.MethodGet, "/api-keys"), http.StatusUnauthorized, "unauthenticated")
	wantProblem(t, "revoke", nobody.send(http.MethodDelete, "/api-keys/x"), http.StatusUnauthorized, "unauthenticated")

	bare := gin.New() // no Session
	bare.POST("/", apikey.Create(app.keys))
	bare.GET("/", apikey.List(app.keys))
	bare.DELETE("/:id", apikey.Revoke(app.keys))
	forgetful := &client{handler: bare}
	wantProblem(t, "create", forgetful.post("/", `{"name":"a"}`), http.StatusInternalServerError, "not_mounted")
	wantProblem(t, "list", forgetful.send(http.MethodGet, "/"), http.StatusInternalServerError, "not_mounted")
	wantProblem(t, "revoke", forgetful.send(http.MethodDelete, "/x"), http.StatusInternalServerError, "not_mounted")
}

func TestOtherMethodsAreRefused(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	app.GET("/get", apikey.Create(app.keys))
	c := app.signUp(t, ada)
	m := c.create(t, `{"name":"a"}`)
	w := c.send(http.MethodGet, "/api-keys/"+string(m.ID))
	wantProblem(t, "revoke", w, http.StatusMethodNotAllowed, "method_not_allowed")
	if got := w.Header().Get("Allow"); got != "POST, DELETE" {
		t.Errorf("Allow %q", got)
	}
	w = c.send(http.MethodGet, "/get")
	wantProblem(t, "create", w, http.StatusMethodNotAllowed, "method_not_allowed")
	if got := w.Header().Get("Allow"); got != "POST" {
		t.Errorf("Allow %q", got)
	}
	if w := app.use(m.Key); w.Code != http.StatusOK {
		t.Errorf("the key ended: %d", w.Code)
	}
}

func TestKeysArePreparedForRequireFresh(t *testing.T) { // SEC-79
	t.Parallel()
	app := newApp(t)
	app.POST("/fresh", ginauth.Require(ginauth.Fresh(10*time.Minute)), apikey.Create(app.keys))
	c := app.signUp(t, ada)
	if w := c.post("/fresh", `{"name":"a"}`); w.Code != http.StatusCreated {
		t.Errorf("after a login: %d %s", w.Code, w.Body)
	}
	app.clock.Advance(11 * time.Minute)
	wantProblem(t, "later", c.post("/fresh", `{"name":"b"}`), http.StatusForbidden, "reauthentication_required")
}

func TestOneKeyTooManyIsRefused(t *testing.T) {
	t.Parallel()
	app := newApp(t, func(k *keyOptions) { k.MaxKeys = 2 })
	c, other := app.signUp(t, ada), app.signUp(t, grace)
	short := c.create(t, `{"name":"a","expires_in_days":1}`)
	kept := c.create(t, `{"name":"b"}`)
	wantProblem(t, "three of two", c.post("/api-keys", `{"name":"c"}`), http.StatusConflict, "too_many_api_keys")
	other.create(t, `{"name":"a"}`)
	app.clock.Advance(24 * time.Hour)
	// The session has ended by now, and so has the first key, which counts no more.
	c = app.login(t, `{"email":"ada@example.com","password":"correct horse battery staple"}`)
	c.create(t, `{"name":"c"}`)
	wantProblem(t, "again", c.post("/api-keys", `{"name":"d"}`), http.StatusConflict, "too_many_api_keys")
	if list := c.list(t); len(list) != 3 || list[2].ID != short.ID && list[1].ID != short.ID {
		t.Errorf("%+v", list)
	}
	c.send(http.MethodDelete, "/api-keys/"+string(kept.ID))
	c.create(t, `{"name":"d"}`)
}

func TestBadOptionsAreRefused(t *testing.T) {
	t.Parallel()
	good := newApp(t)
	for says, edit := range map[string]func(*options, *keyOptions){
		"set Store (such as": func(o *options, k *keyOptions) {
			o.Users, o.Sessions, k.Store = struct{ driver.Users[user] }{good.db}, memstore.NewStore([]byte("0123456789abcdef0123456789abcdef")), nil
		},
		"prefix must have":             func(_ *options, k *keyOptions) { k.Prefix = "nope" },
		"the scope \"a b\" must have":  func(_ *options, k *keyOptions) { k.Scopes = []string{"a b"} },
		"at most 50 Scopes":            func(_ *options, k *keyOptions) { k.Scopes = strings.Split(strings.Repeat("a", 51), "") },
		"longer than MaxLifetime":      func(_ *options, k *keyOptions) { k.Lifetime, k.MaxLifetime = 2*time.Hour, time.Hour },
		"TouchEvery must not be":       func(_ *options, k *keyOptions) { k.Lifetime = -1 },
		"MaxKeys must not be negative": func(_ *options, k *keyOptions) { k.MaxKeys = -1 },
		"the Users of the Config and Store do not fit": func(o *options, _ *keyOptions) {
			o.Users, o.Sessions = struct{ driver.Users[user] }{good.db}, memstore.NewStore([]byte("0123456789abcdef0123456789abcdef"))
		},
	} {
		o, k := good.options, good.keyOptions
		edit(&o, &k)
		if _, err := apikey.New(built.Config(o), k); err == nil || !strings.HasPrefix(err.Error(), "apikey.New: ") || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want an error that says %q", err, says)
		}
	}
	if _, err := apikey.New(nil, good.keyOptions); err == nil || !strings.Contains(err.Error(), "check the error of ginauth.New") {
		t.Errorf("without a Config: %v", err)
	}
}

func TestHandlersNeedKeysAndUsers(t *testing.T) {
	t.Parallel()
	good := newApp(t)
	o := good.options
	o.Users, o.Sessions = nil, store.NewSessions(good.pool)
	o.RetrieveUser = func(*gin.Context, sessions.Session) (user, error) { return user{}, driver.ErrNoUser }
	for says, keys := range map[string]*apikey.Keys[user]{
		"check the error of apikey.New":   nil,
		"set the Users of the Config to ": built.Keys(o, good.keyOptions),
	} {
		constructors := map[string]func(){
			"apikey.Create":    func() { apikey.Create(keys) },
			"apikey.List":      func() { apikey.List(keys) },
			"apikey.Revoke":    func() { apikey.Revoke(keys) },
			"apikey.RevokeAll": func() { apikey.RevokeAll(keys) },
			"apikey.Backend":   func() { apikey.Backend(keys) },
		}
		if keys != nil {
			delete(constructors, "apikey.Backend") // it is told the user by the store of the keys
			apikey.Backend(keys)
		}
		for name, construct := range constructors {
			func() {
				defer func() {
					if said := fmt.Sprint(recover()); !strings.HasPrefix(said, name+": ") || !strings.Contains(said, says) {
						t.Errorf("panic %q, want one that says %q", said, says)
					}
				}()
				construct()
			}()
		}
	}
}

// What the zero value of every option stands for, as a user meets it.
func TestZeroOptionsAreTheSafeOnes(t *testing.T) {
	t.Parallel()
	app := newApp(t, func(k *keyOptions) { *k = keyOptions{} })
	c := app.signUp(t, ada)
	m := c.create(t, `{"name":"a"}`)
	if !strings.HasPrefix(m.Key, "gak_") || m.ExpiresAt.Sub(m.CreatedAt) != 90*24*time.Hour {
		t.Errorf("%+v", m)
	}
	for _, refused := range []string{`{"name":"b","never_expires":true}`, `{"name":"b","expires_in_days":367}`} {
		wantProblem(t, refused, c.post("/api-keys", refused), http.StatusUnprocessableEntity, "validation_failed")
	}
	c.create(t, `{"name":"b","expires_in_days":366}`)
	for range 48 {
		c.create(t, `{"name":"c"}`)
	}
	wantProblem(t, "51 of 50", c.post("/api-keys", `{"name":"d"}`), http.StatusConflict, "too_many_api_keys")
}

func TestIssueWithoutKeysIsAFault(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	app.POST("/page", func(c *gin.Context) {
		if _, _, err := apikey.Issue[user](c, nil, apikey.Request{Name: "a"}); err != nil {
			ginauth.Fail(c, err)
		}
	})
	wantProblem(t, "no keys", app.signUp(t, ada).post("/page", ""), http.StatusInternalServerError, "internal")
	if !strings.Contains(app.log.String(), "check the error of apikey.New") {
		t.Errorf("the log says %s", app.log)
	}
}

func TestAllKeysOfAUserEndAtOnce(t *testing.T) { // SEC-79
	t.Parallel()
	app := newApp(t)
	app.Match([]string{http.MethodDelete, http.MethodPut}, "/api-keys", apikey.RevokeAll(app.keys))
	owner, other := app.signUp(t, ada), app.signUp(t, grace)
	keys := []made{owner.create(t, `{"name":"one"}`), owner.create(t, `{"name":"two"}`)}
	foreign := other.create(t, `{"name":"three"}`)
	if w := owner.send(http.MethodDelete, "/api-keys"); w.Code != http.StatusNoContent {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	for _, m := range keys {
		if w := app.use(m.Key); w.Code != http.StatusUnauthorized {
			t.Errorf("%s: %d", m.Name, w.Code)
		}
	}
	if w := app.use(foreign.Key); w.Code != http.StatusOK {
		t.Errorf("another user's: %d", w.Code)
	}
	if w := owner.send(http.MethodDelete, "/api-keys"); w.Code != http.StatusNoContent || len(owner.list(t)) != 0 {
		t.Errorf("once more: %d, %v", w.Code, owner.list(t))
	}
	if w := owner.send(http.MethodPut, "/api-keys"); w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "POST, DELETE" {
		t.Errorf("PUT: %d, Allow %q", w.Code, w.Header().Get("Allow"))
	}
	if events := app.log.Events("authn_token_revoked"); len(events) != 2 || events[0]["keys"] != "all" {
		t.Errorf("%v", events)
	}
}
