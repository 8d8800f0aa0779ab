package ginauth_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-contrib/sessions"
	cookiestore "github.com/gin-contrib/sessions/cookie"
	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/flow"
	"github.com/ginauth/ginauth/ginauth/internal/built"
	"github.com/ginauth/ginauth/store/memory"
)

// byHost has two realms, a and b, at hosts of their own.
func byHost(c *gin.Context) (string, error) {
	switch host := c.Request.Host; host {
	case "a.example.com", "b.example.com":
		return host[:1], nil
	}
	return "", fmt.Errorf("%w: %q", driver.ErrUnknownRealm, c.Request.Host)
}

// at sends a request to the host of a realm, with a cookie of a session or without.
func (a *app) at(realm, method, path, body, value string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Host = realm + ".example.com"
	r.Header.Set("Content-Type", "application/json")
	if value != "" {
		r.AddCookie(&http.Cookie{Name: cookie, Value: value})
	}
	return a.send(r)
}

// tenantUsers keeps accounts and no more.
type tenantUsers struct{ driver.Users[user] }

func (tenantUsers) KeepsRealms() error { return nil }

func TestASessionOfOneRealmIsNobodyInAnother(t *testing.T) {
	t.Parallel()
	signed := cookiestore.NewStore(signingKey)
	for name, configure := range map[string]func(*config){
		"PostgreSQL":                  func(*config) {},
		"memory":                      func(cfg *config) { cfg.Users = memory.New(memory.Options[user]{}) },
		"cookies, accounts elsewhere": func(cfg *config) { cfg.Sessions = signed },
		"cookies alone": func(cfg *config) {
			cfg.Sessions = signed
			cfg.Users = tenantUsers{cfg.Users}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t, with(configure), with(func(cfg *config) { cfg.Realm = byHost }), routes(func(r *gin.Engine, _ config) {
				r.POST("/cart", func(c *gin.Context) { sessions.Default(c).Set("cart", "tea"); c.Status(http.StatusNoContent) })
				r.GET("/realm", func(c *gin.Context) { c.String(http.StatusOK, driver.Realm(c)+driver.Realm(c.Request.Context())) })
			}))
			value := map[string]string{}
			for _, realm := range []string{"a", "b"} {
				w := a.at(realm, "POST", "/signup", ada, "")
				if w.Code != http.StatusCreated {
					t.Fatalf("sign-up in %s: %d %s", realm, w.Code, w.Body)
				}
				for _, k := range w.Result().Cookies() {
					if k.Name == cookie {
						value[realm] = k.Value
					}
				}
			}
			for _, other := range []string{"a", "b"} {
				for of, sent := range value {
					want := http.StatusUnauthorized
					if of == other {
						want = http.StatusOK
					}
					if w := a.at(other, "GET", "/user", "", sent); w.Code != want {
						t.Errorf("a session of %s in %s: %d, not %d", of, other, w.Code, want)
					}
				}
			}
			if w := a.at("b", "GET", "/realm", "", value["b"]); w.Body.String() != "bb" {
				t.Errorf("the realm of the handler is %q", w.Body)
			}
			if w := a.at("b", "POST", "/logout", "", value["a"]); w.Code >= 500 {
				t.Errorf("logout: %d", w.Code)
			}
			if w := a.at("a", "GET", "/user", "", value["a"]); w.Code != http.StatusOK {
				t.Errorf("a logout in another realm has ended the session: %d", w.Code)
			}
			if w := a.at("b", "POST", "/login", adaIn, value["a"]); w.Code != http.StatusOK {
				t.Errorf("login with the cookie of another realm: %d %s", w.Code, w.Body)
			}
			if w := a.at("a", "GET", "/user", "", value["a"]); w.Code != http.StatusOK {
				t.Errorf("a login in another realm has ended the session: %d", w.Code)
			}
		})
	}
}

func TestAnUnknownRealmIsRefused(t *testing.T) {
	t.Parallel()
	a := newApp(t, with(func(cfg *config) {
		cfg.Realm = func(c *gin.Context) (string, error) {
			switch realm, _, _ := strings.Cut(c.Request.Host, "."); realm {
			case "fails":
				return "", errors.New("the table of tenants is broken")
			case "away":
				return "", fmt.Errorf("asking for the tenant: %w", driver.ErrUnavailable)
			case "long":
				return strings.Repeat("r", 256), nil
			case "blank":
				return " ", nil
			}
			return byHost(c)
		}
	}))
	for realm, want := range map[string]struct {
		status int
		code   string
	}{
		"c": {404, "unknown_realm"}, "A": {404, "unknown_realm"}, "": {404, "unknown_realm"},
		"fails": {500, "internal"}, "away": {503, "unavailable"}, "long": {500, "internal"}, "blank": {500, "internal"},
	} {
		for _, path := range []string{"/", "/user"} {
			w := a.at(realm, "GET", path, "", "")
			if p := problemIn(t, w); w.Code != want.status || p.Code != want.code {
				t.Errorf("%q %s: %d %s, not %d %s", realm, path, w.Code, p.Code, want.status, want.code)
			}
		}
	}
	if w := a.at("a", "GET", "/", "", ""); w.Code != http.StatusOK {
		t.Errorf("a known realm: %d", w.Code)
	}
}

func TestARealmIsAskedForOnce(t *testing.T) {
	t.Parallel()
	asked := 0
	a := newApp(t, with(func(cfg *config) {
		cfg.Realm = func(c *gin.Context) (string, error) { asked++; return byHost(c) }
	}))
	a.at("a", "POST", "/signup", ada, "")
	if asked != 1 {
		t.Errorf("asked %d times", asked)
	}
}

func TestNothingIsCountedOrLookedUpOutsideOfARealm(t *testing.T) {
	t.Parallel()
	var got error
	a := newApp(t, with(func(cfg *config) { cfg.Realm = byHost }), before(func(r *gin.Engine) {
		r.Use(func(c *gin.Context) {
			if c.Query("early") == "" {
				return
			}
			cfg := built.Config(config{Users: memory.New(memory.Options[user]{}), Realm: byHost})
			got = flow.Throttle(c, cfg, "search", "ada@example.com", ginauth.Limit{PerIdentifier: []ginauth.Rate{{Attempts: 1, Per: time.Hour}}})
			c.AbortWithStatus(http.StatusNoContent)
		})
	}))
	a.at("a", "GET", "/?early=1", "", "")
	if !errors.Is(got, ginauth.ErrNotMounted) {
		t.Errorf("counting before Session: %v", got)
	}
}

func TestEachRealmsUsersHaveBudgetsOfTheirOwn(t *testing.T) {
	t.Parallel()
	a := newApp(t, with(func(cfg *config) { cfg.Realm, cfg.Limits = byHost, ginauth.Limits{FreeFailures: 1, MaxFailures: 2} }))
	for _, realm := range []string{"a", "b"} {
		if w := a.at(realm, "POST", "/signup", ada, ""); w.Code != http.StatusCreated {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	}
	for range 4 {
		a.at("a", "POST", "/login", `{"email":"ada@example.com","password":"not it, not it, not it"}`, "")
	}
	if w := a.at("a", "POST", "/login", adaIn, ""); w.Code != http.StatusTooManyRequests {
		t.Errorf("after guesses: %d", w.Code)
	}
	if w := a.at("b", "POST", "/login", adaIn, ""); w.Code != http.StatusOK {
		t.Errorf("after guesses at the namesake in another realm: %d %s", w.Code, w.Body)
	}
}

func TestOptionsOfRealmsFitTogether(t *testing.T) {
	t.Parallel()
	users := memory.New(memory.Options[user]{})
	for want, o := range map[string]config{
		"the struct { driver.Users[github.com/ginauth/ginauth/store.User] } in Users does not keep realms apart": {
			Users: struct{ driver.Users[user] }{users}, Sessions: cookiestore.NewStore(signingKey), Realm: byHost,
		},
		"BaseURLOf is for an app with Realm": {Users: users, BaseURLOf: func(string) (string, error) { return "", nil }},
		"set BaseURL or BaseURLOf, not both": {Users: users, Realm: byHost, BaseURL: "https://example.com", BaseURLOf: func(string) (string, error) { return "", nil }},
	} {
		if _, err := ginauth.New(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", want, err)
		}
	}
}
