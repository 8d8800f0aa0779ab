package apikey_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/apikey"
	"github.com/ginauth/ginauth/ginauth/internal/built"
)

// On an excluded route nobody has asked yet whether the policy is against the user.
func TestUnverifiedUsersManageNoKeysAgainstThePolicy(t *testing.T) { // SEC-171
	t.Parallel()
	app := newApp(t)
	o := app.options
	o.Exclude, o.Unverified = append(o.Exclude, "/lazy", "/lazy/:id"), ginauth.UnverifiedRefused
	cfg := built.Config(o)
	keys := newKeys(t, cfg, app.keyOptions)
	r := gin.New()
	r.Use(ginauth.Session(cfg))
	r.POST("/lazy", apikey.Create(keys))
	r.GET("/lazy", apikey.List(keys))
	r.DELETE("/lazy/:id", apikey.Revoke(keys))
	c := app.signUp(t, ada)
	m := c.create(t, `{"name":"a"}`)
	c.handler = r
	for _, call := range []string{"POST /lazy", "GET /lazy", "DELETE /lazy/" + string(m.ID)} {
		method, path, _ := strings.Cut(call, " ")
		request := httptest.NewRequest(method, path, strings.NewReader(`{"name":"b"}`))
		request.Header.Set("Content-Type", "application/json")
		wantProblem(t, call, c.do(request), http.StatusForbidden, "not_verified")
	}
	if w := app.use(m.Key); w.Code != http.StatusOK {
		t.Errorf("the key that was made before: %d", w.Code)
	}
}

// Behind ginauth's own middleware, whoever comes by a key or a session is the current user.
func TestKeysAndSessionsStandSideBySide(t *testing.T) { // SEC-171, SEC-177
	t.Parallel()
	app := newApp(t)
	r := gin.New()
	o := app.options
	o.Exclude = []string{"/lazy"}
	cfg := built.Config(o)
	keys := newKeys(t, cfg, app.keyOptions)
	r.Use(ginauth.Authenticate(cfg, apikey.Backend(keys), ginauth.SessionAuth(cfg)))
	r.GET("/user", ginauth.Require(ginauth.AnyScope()), ginauth.Me(cfg))
	r.GET("/unnamed", ginauth.Me(cfg))
	r.GET("/read", ginauth.Require(ginauth.Scope("read")), ginauth.Me(cfg))
	r.GET("/write", ginauth.Require(ginauth.Scope("write")), ginauth.Me(cfg))
	r.GET("/fresh", ginauth.Require(ginauth.AnyScope(), ginauth.Fresh(time.Hour)), ginauth.Me(cfg))
	r.POST("/api-keys", apikey.Create(keys))
	r.POST("/lazy", apikey.Create(keys))
	r.DELETE("/api-keys/:id", apikey.Revoke(keys))
	c := app.signUp(t, ada)
	m, other := c.create(t, `{"name":"a","scopes":["read"]}`), c.create(t, `{"name":"b"}`)
	send := func(method, path, key, cookie string) *httptest.ResponseRecorder {
		request := httptest.NewRequest(method, path, strings.NewReader(`{"name":"c"}`))
		request.Header.Set("Content-Type", "application/json")
		if key != "" {
			request.Header.Set("Authorization", "Bearer "+key)
		}
		return (&client{handler: r, value: cookie}).do(request)
	}
	for _, test := range []struct {
		method, path, key, cookie string
		status                    int
		code                      string
	}{
		{"GET", "/user", m.Key, "", http.StatusOK, ""},
		{"GET", "/user", "", c.value, http.StatusOK, ""},
		{"GET", "/user", "", "", http.StatusUnauthorized, "unauthenticated"},
		{"GET", "/user", m.Key[:52] + "-", c.value, http.StatusUnauthorized, "bad_credentials"},
		{"GET", "/unnamed", m.Key, "", http.StatusForbidden, "insufficient_scope"},
		{"GET", "/unnamed", other.Key, "", http.StatusForbidden, "insufficient_scope"},
		{"GET", "/unnamed", "", c.value, http.StatusOK, ""},
		{"GET", "/user", other.Key, "", http.StatusOK, ""},
		{"GET", "/read", m.Key, "", http.StatusOK, ""},
		{"GET", "/write", m.Key, "", http.StatusForbidden, "insufficient_scope"},
		{"GET", "/read", other.Key, "", http.StatusForbidden, "insufficient_scope"},
		{"GET", "/fresh", m.Key, "", http.StatusForbidden, "reauthentication_required"},
		{"GET", "/fresh", "", c.value, http.StatusOK, ""},
		{"POST", "/api-keys", m.Key, "", http.StatusForbidden, "session_required"},
		{"POST", "/api-keys", m.Key, c.value, http.StatusForbidden, "session_required"},
		{"POST", "/lazy", m.Key, "", http.StatusForbidden, "session_required"},
		{"POST", "/lazy", "", c.value, http.StatusCreated, ""},
		{"DELETE", "/api-keys/" + string(other.ID), m.Key, "", http.StatusForbidden, "session_required"},
		{"DELETE", "/api-keys/" + string(m.ID), m.Key, "", http.StatusNoContent, ""},
		{"GET", "/user", m.Key, "", http.StatusUnauthorized, "bad_credentials"},
	} {
		w := send(test.method, test.path, test.key, test.cookie)
		if test.code != "" {
			wantProblem(t, test.method+" "+test.path, w, test.status, test.code)
		} else if w.Code != test.status {
			t.Errorf("%s %s: %d %s", test.method, test.path, w.Code, w.Body)
		}
		if w.Code == http.StatusUnauthorized {
			t.Log(w.Header()["Www-Authenticate"])
		}
	}
}
