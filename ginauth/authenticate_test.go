package ginauth_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/go-cmp/cmp"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/built"
)

// keys is a backend whose credentials are in a header, or wherever its scheme says.
type keys struct {
	scheme ginauth.Scheme
	find   func(key string) (user, error)
	scopes []string
	at     time.Time
}

func (k *keys) Scheme() ginauth.Scheme { return k.scheme }

func (k *keys) Authenticate(c *gin.Context) (ginauth.Principal[user], error) {
	key := c.GetHeader(k.scheme.Parameter)
	if k.scheme.In == "cookie" {
		key, _ = c.Cookie(k.scheme.Parameter)
	}
	if k.scheme.Type != "apiKey" {
		key, _ = strings.CutPrefix(c.GetHeader("Authorization"), "Bearer ")
	}
	if key == "" {
		return ginauth.Principal[user]{}, fmt.Errorf("no key: %w", ginauth.ErrNoCredentials)
	}
	u, err := k.find(key)
	return ginauth.Principal[user]{User: u, Credential: "key of " + u.Name, Scopes: k.scopes, AuthenticatedAt: k.at}, err
}

var (
	apiKey = ginauth.Scheme{Name: "apiKey", Type: "apiKey", In: "header", Parameter: "X-API-Key", SentOnPurpose: true}
	bearer = ginauth.Scheme{Name: "BearerToken", Type: "http", HTTP: "bearer"}
)

func findKey(key string) (user, error) {
	switch key {
	case "unknown":
		return user{}, fmt.Errorf("%w: no such key", ginauth.ErrBadCredentials)
	case "away":
		return user{}, driver.ErrUnavailable
	case "broken":
		return user{}, errors.New("a bug with a secret")
	case "zero":
		return user{}, nil
	case "disabled":
		at := time.Now()
		return user{ID: "d", Email: "d@example.com", DisabledAt: &at}, nil
	default:
		return user{ID: driver.UserID(key), Email: key + "@example.com", Name: key}, nil
	}
}

// api is a router behind the given backends.
func api(cfg config, backends ...ginauth.Backend[user]) *gin.Engine {
	cfg.NoSessions = cfg.Users == nil && cfg.RetrieveUser == nil
	r := gin.New()
	r.Use(ginauth.Authenticate(built.Config(cfg), backends...))
	r.GET("/", func(c *gin.Context) { c.String(http.StatusOK, "home") })
	r.GET("/who", ginauth.With(func(c *gin.Context, u user) {
		a, err := ginauth.CurrentAuth(c)
		if err != nil {
			ginauth.Fail(c, err)
			return
		}
		c.String(http.StatusOK, "%s via %s", u.Email, a.Via)
	}))
	r.POST("/change", func(c *gin.Context) { c.Status(http.StatusNoContent) })
	r.GET("/lazy", func(c *gin.Context) {
		if u, err := ginauth.CurrentUser[user](c); err == nil {
			c.String(http.StatusOK, u.Email)
			return
		}
		c.String(http.StatusOK, "anonymous")
	})
	return r
}

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

func ask(h http.Handler, method, path string, edits ...func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, nil)
	for _, edit := range edits {
		edit(r)
	}
	return send(h, r)
}

func TestTheFirstBackendThatFindsCredentialsDecides(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	ada := app.signUp(t, ada)
	cfg := app.cfg
	cfg.Exclude = []string{"/", "/lazy"}
	r := api(cfg, &keys{scheme: apiKey, find: findKey}, &keys{scheme: bearer, find: findKey}, ginauth.SessionAuth(built.Config(cfg)))
	session := func(r *http.Request) { r.AddCookie(&http.Cookie{Name: cookie, Value: ada.value}) }
	dead := func(r *http.Request) {
		r.AddCookie(&http.Cookie{Name: cookie, Value: driver.NewToken().Reveal()})
	}
	malformed := func(r *http.Request) { r.AddCookie(&http.Cookie{Name: cookie, Value: "x"}) }
	key := func(value string) func(*http.Request) { return header("X-API-Key", value) }
	token := func(value string) func(*http.Request) { return header("Authorization", "Bearer "+value) }
	for name, test := range map[string]struct {
		send   []func(*http.Request)
		status int
		body   string
	}{
		"nothing":                            {nil, 401, "unauthenticated"},
		"a session":                          {[]func(*http.Request){session}, 200, "ada@example.com via sessionCookie"},
		"a key":                              {[]func(*http.Request){key("kim")}, 200, "kim@example.com via apiKey"},
		"a token":                            {[]func(*http.Request){token("tom")}, 200, "tom@example.com via BearerToken"},
		"a key and a session":                {[]func(*http.Request){key("kim"), session}, 200, "kim@example.com via apiKey"},
		"a key and a bad token":              {[]func(*http.Request){key("kim"), token("unknown")}, 200, "kim@example.com via apiKey"},
		"a bad key and a session":            {[]func(*http.Request){key("unknown"), session}, 401, "bad_credentials"},
		"a bad key and a token":              {[]func(*http.Request){key("unknown"), token("tom")}, 401, "bad_credentials"},
		"a bad token and a session":          {[]func(*http.Request){token("unknown"), session}, 401, "bad_credentials"},
		"a key's outage and a session":       {[]func(*http.Request){key("away"), session}, 503, "unavailable"},
		"a broken backend and a session":     {[]func(*http.Request){key("broken"), session}, 500, "internal"},
		"a key of nobody":                    {[]func(*http.Request){key("zero")}, 401, "bad_credentials"},
		"a key of a disabled user":           {[]func(*http.Request){key("disabled")}, 401, "bad_credentials"},
		"a session that has ended":           {[]func(*http.Request){dead}, 401, "unauthenticated"},
		"a cookie that is none of ours":      {[]func(*http.Request){malformed}, 401, "unauthenticated"},
		"two cookies of the session's name":  {[]func(*http.Request){session, dead}, 401, "unauthenticated"},
		"a key and a session that has ended": {[]func(*http.Request){key("kim"), dead}, 200, "kim@example.com via apiKey"},
	} {
		w := ask(r, http.MethodGet, "/who", test.send...)
		body := w.Body.String()
		if w.Code >= 400 {
			body = problemIn(t, w).Code
		}
		if w.Code != test.status || body != test.body || strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%s: %d %s, want %d %s", name, w.Code, body, test.status, test.body)
		}
		if w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: Cache-Control %q", name, w.Header().Get("Cache-Control"))
		}
	}
	events := app.log.Events("authn_credentials_fail")
	if len(events) == 0 || events[0]["via"] == "" || events[0]["reason"] == "" {
		t.Errorf("events %v", events)
	}
}

func TestAnAnonymousSessionIsNoCredential(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	cfg := app.cfg
	cfg.Exclude = []string{"/put"}
	r := api(cfg, ginauth.SessionAuth(built.Config(cfg)), &keys{scheme: apiKey, find: findKey})
	r.POST("/put", func(c *gin.Context) { sessionOf(c).Set("cart", "full") })
	visitor := &client{handler: r}
	visitor.post("/put", "")
	w := ask(r, http.MethodGet, "/who", header("X-API-Key", "kim"), func(r *http.Request) { r.AddCookie(&http.Cookie{Name: cookie, Value: visitor.value}) })
	if w.Code != http.StatusOK || w.Body.String() != "kim@example.com via apiKey" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// RFC 9110, 11.6.1; RFC 6750, 3.
func TestChallengesNameEveryBackend(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	r := api(app.cfg, &keys{scheme: bearer, find: findKey}, &keys{scheme: apiKey, find: findKey}, ginauth.SessionAuth(built.Config(app.cfg)))
	for name, test := range map[string]struct {
		send []func(*http.Request)
		want []string
	}{
		"nothing":     {nil, []string{`Bearer realm="api"`, `ApiKey name="X-API-Key"`, `Cookie cookie-name="__Host-session"`}},
		"a bad token": {[]func(*http.Request){header("Authorization", "Bearer unknown")}, []string{`Bearer realm="api", error="invalid_token"`, `ApiKey name="X-API-Key"`, `Cookie cookie-name="__Host-session"`}},
		"a bad key":   {[]func(*http.Request){header("X-API-Key", "unknown")}, []string{`Bearer realm="api"`, `ApiKey name="X-API-Key"`, `Cookie cookie-name="__Host-session"`}},
	} {
		w := ask(r, http.MethodGet, "/who", test.send...)
		if diff := cmp.Diff(test.want, w.Header().Values("WWW-Authenticate")); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	for _, name := range []string{"Authorization", "X-Api-Key", "Cookie"} {
		if w := ask(r, http.MethodGet, "/who", header("X-API-Key", "kim")); !slices.Contains(w.Header().Values("Vary"), name) {
			t.Errorf("Vary %q lacks %s", w.Header().Values("Vary"), name)
		}
	}
}

// One suite for whatever stands behind: sessions, a key, both, in either order.
func TestRulesAreTheSameWhateverTheBackend(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	c := app.signUp(t, ada)
	cfg := app.cfg
	cfg.Exclude = []string{"/", "/lazy"}
	session := func(r *http.Request) { r.AddCookie(&http.Cookie{Name: cookie, Value: c.value}) }
	key := header("X-API-Key", "ada")
	for name, test := range map[string]struct {
		router *gin.Engine
		as     func(*http.Request)
	}{
		"Session":        {func() *gin.Engine { return api(cfg, ginauth.SessionAuth(built.Config(cfg))) }(), session},
		"keys":           {api(cfg, &keys{scheme: apiKey, find: findKey}), key},
		"keys first":     {api(cfg, &keys{scheme: apiKey, find: findKey}, ginauth.SessionAuth(built.Config(cfg))), key},
		"sessions first": {api(cfg, ginauth.SessionAuth(built.Config(cfg)), &keys{scheme: apiKey, find: findKey}), session},
	} {
		test.router.GET("/admin", ginauth.Require(ginauth.Check("ada", func(_ *gin.Context, u user) error {
			if u.Email == "ada@example.com" {
				return ginauth.ErrForbidden
			}
			return nil
		})))
		preflight := func(r *http.Request) {
			r.Header.Set("Origin", "https://app.example")
			r.Header.Set("Access-Control-Request-Method", "GET")
		}
		for _, step := range []struct {
			method, path string
			send         []func(*http.Request)
			status       int
			body         string
		}{
			{"GET", "/", nil, 200, "home"},
			{"GET", "/lazy", nil, 200, "anonymous"},
			{"GET", "/lazy", []func(*http.Request){test.as}, 200, "ada@example.com"},
			{"GET", "/who", nil, 401, ""},
			{"POST", "/change", nil, 401, ""},
			{"POST", "/change", []func(*http.Request){test.as}, 204, ""},
			{"GET", "/admin", nil, 401, ""},
			{"GET", "/admin", []func(*http.Request){test.as}, 403, ""},
			{"OPTIONS", "/who", nil, 401, ""},
			{"OPTIONS", "/who", []func(*http.Request){preflight}, 204, ""},
			{"GET", "/nowhere", nil, 401, ""},
			{"GET", "/nowhere", []func(*http.Request){test.as}, 404, "404 page not found"},
		} {
			w := ask(test.router, step.method, step.path, step.send...)
			if w.Code != step.status || step.body != "" && w.Body.String() != step.body {
				t.Errorf("%s: %s %s: %d %s, want %d %s", name, step.method, step.path, w.Code, w.Body, step.status, step.body)
			}
			if step.status == 401 || step.status == 403 {
				problemIn(t, w)
			}
		}
	}
}

// SEC-61, SEC-83: credentials that a client has to send on purpose cannot be abused by another site.
func TestAnAPIWithoutCookiesHasNone(t *testing.T) {
	t.Parallel()
	cfg := config{Logger: quiet, Exclude: []string{"/in"}}
	r := api(cfg, &keys{scheme: apiKey, find: findKey})
	r.POST("/in", func(c *gin.Context) {
		if err := ginauth.SignIn(c, user{ID: "1"}); err != nil {
			ginauth.Fail(c, err)
		}
	})
	foreign := header("Sec-Fetch-Site", "cross-site")
	if w := ask(r, http.MethodPost, "/change", foreign, header("X-API-Key", "kim")); w.Code != http.StatusNoContent || w.Header().Get("Set-Cookie") != "" {
		t.Errorf("%d, Set-Cookie %q", w.Code, w.Header().Get("Set-Cookie"))
	}
	if w := ask(r, http.MethodPost, "/in"); w.Code != http.StatusInternalServerError || problemIn(t, w).Code != "not_mounted" {
		t.Errorf("SignIn without sessions: %d %s", w.Code, w.Body)
	}
	inCookie := api(cfg, &keys{scheme: ginauth.Scheme{Name: "jwtCookie", Type: "apiKey", In: "cookie", Parameter: "token"}, find: findKey})
	send := func(r *http.Request) { r.AddCookie(&http.Cookie{Name: "token", Value: "kim"}) }
	if w := ask(inCookie, http.MethodPost, "/change", foreign, send); w.Code != http.StatusForbidden || problemIn(t, w).Code != "cross_origin" {
		t.Errorf("a cookie from another site: %d", w.Code)
	}
	if w := ask(inCookie, http.MethodPost, "/change", send); w.Code != http.StatusNoContent {
		t.Errorf("a cookie from the same site: %d", w.Code)
	}
}

func TestAuthenticateRefusesWhatCannotWork(t *testing.T) {
	t.Parallel()
	good := &keys{scheme: apiKey, find: findKey}
	cfg := config{Users: newUnusedDB()}
	other := cfg
	other.Cookie.Name = "other"
	for want, build := range map[string]func(){
		"name a backend":          func() { ginauth.Authenticate(built.Config(cfg)) },
		"a backend is nil":        func() { ginauth.Authenticate(built.Config(cfg), ginauth.Backend[user](nil)) },
		"SessionAuth has another": func() { ginauth.Authenticate(built.Config(cfg), ginauth.SessionAuth(built.Config(other))) },
		"two backends have":       func() { ginauth.Authenticate(built.Config(cfg), good, good) },
		"needs a Name": func() {
			ginauth.Authenticate(built.Config(cfg), &keys{scheme: ginauth.Scheme{Type: "http", HTTP: "bearer"}})
		},
		"secrets in URLs": func() {
			ginauth.Authenticate(built.Config(cfg), &keys{scheme: ginauth.Scheme{Name: "a", Type: "apiKey", In: "query", Parameter: "key"}})
		},
		"set HTTP": func() {
			ginauth.Authenticate(built.Config(cfg), &keys{scheme: ginauth.Scheme{Name: "a", Type: "http"}})
		},
		"set TokenURL": func() {
			ginauth.Authenticate(built.Config(cfg), &keys{scheme: ginauth.Scheme{Name: "a", Type: "oauth2"}})
		},
		"needs a Type": func() { ginauth.Authenticate(built.Config(cfg), &keys{scheme: ginauth.Scheme{Name: "a"}}) },
		"ginauth.SessionAuth: Options.NoSessions":  func() { ginauth.SessionAuth(built.Config(config{})) },
		"ginauth.Session: Options.NoSessions":      func() { ginauth.Session(built.Config(config{})) },
		"ginauth.Authenticate: Options.NoSessions": func() { ginauth.Authenticate(built.Config(config{}), ginauth.SessionAuth(built.Config(cfg))) },
	} {
		func() {
			defer func() {
				if text, _ := recover().(string); !strings.Contains(text, want) {
					t.Errorf("panicked with %q, want %q", text, want)
				}
			}()
			build()
		}()
	}
}

// SEC-174
func TestIdentityStaysWithItsRequestWhateverTheBackend(t *testing.T) {
	t.Parallel()
	r := api(config{Logger: quiet}, &keys{scheme: bearer, find: findKey}, &keys{scheme: apiKey, find: findKey})
	var wg sync.WaitGroup
	for i := range 32 {
		wg.Go(func() {
			for n := range 32 {
				name := fmt.Sprintf("u%dx%d", i, n)
				if w := ask(r, http.MethodGet, "/who", header("X-API-Key", name)); w.Body.String() != name+"@example.com via apiKey" {
					t.Errorf("%s is %s", name, w.Body)
				}
			}
		})
	}
	wg.Wait()
}
