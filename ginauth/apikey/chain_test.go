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
	"github.com/ginauth/ginauth/ginauth/ginauthtest"
	"github.com/ginauth/ginauth/ginauth/internal/built"
)

// On an excluded route nobody has asked yet whether the policy is against the user.
func TestUnverifiedUsersManageNoKeysAgainstThePolicy(t *testing.T) { // SEC-171
	t.Parallel()
	for name, options := range map[string][]ginauthtest.Option{"postgres": nil, "memory": {ginauthtest.InMemory()}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := ginauthtest.New(t, unverifiedRefused(t), options...)
			c := app.As(user{})
			var m made
			c.POST("/issue", gin.H{"name": "a"}).Status(http.StatusCreated).JSON(&m)
			c.POST("/lazy", gin.H{"name": "b"}).Status(http.StatusForbidden).Problem("not_verified")
			c.GET("/lazy").Status(http.StatusForbidden).Problem("not_verified")
			c.DELETE("/lazy/" + string(m.ID)).Status(http.StatusForbidden).Problem("not_verified")
			script := app.Anonymous()
			script.Header = http.Header{"Authorization": {"Bearer " + m.Key}}
			script.GET("/whoami").Status(http.StatusOK)
		})
	}
}

// unverifiedRefused manages keys in an app where users must be verified for every route except POST /issue.
func unverifiedRefused(t *testing.T) func(ginauthtest.Kit[user]) *gin.Engine {
	t.Helper()
	return func(k ginauthtest.Kit[user]) *gin.Engine {
		o := k.Options
		o.Exclude, o.Unverified, o.UnverifiedMay = []string{"/lazy", "/lazy/:id", "/whoami"}, ginauth.UnverifiedRefused, []string{"/issue"}
		cfg := k.New(o)
		keys := newKeys(t, cfg, keyOptions{})
		r := gin.New()
		r.Use(ginauth.Session(cfg))
		r.POST("/issue", apikey.Create(keys))
		r.POST("/lazy", apikey.Create(keys))
		r.GET("/lazy", apikey.List(keys))
		r.DELETE("/lazy/:id", apikey.Revoke(keys))
		r.GET("/whoami", authenticate(apikey.Backend(keys)), func(c *gin.Context) { c.Status(http.StatusOK) })
		return r
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
