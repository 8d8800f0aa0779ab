package ginauth_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/internal/built"
)

// A rule may name what lies within a mount, and no writing of a path gets out of it.
func TestRulesNameWhatLiesWithinAMount(t *testing.T) {
	t.Parallel()
	files := http.FileServer(http.Dir("."))
	build := func(r *gin.Engine) *gin.Engine {
		r.Use(ginauth.Authenticate(built.Config(config{Logger: quiet, Exclude: []string{
			"GET /files/public/*any", "/files/health", "/t/:tenant/open/*any", "OPTIONS /files/options", "/other/*any",
		}}), &keys{scheme: apiKey, find: findKey}))
		r.Any("/files/*path", gin.WrapH(http.StripPrefix("/files", files)))
		r.GET("/t/:tenant/*rest", func(c *gin.Context) { c.String(http.StatusNotFound, "in") })
		return r
	}
	raw := gin.New()
	raw.UseRawPath = true
	for name, r := range map[string]*gin.Engine{"by path": build(gin.New()), "by raw path": build(raw)} {
		for path, open := range map[string]bool{
			"/files/public/a.css": true, "/files/public/": true, "/files/public/a/b": true, "/files/health": true, "/files/public/a%20b": true,
			"/files/public//a": true, "/files/public/./a": true,
			"/t/acme/open/x": true, "/t/acme/closed": false,
			"/files/": false, "/files/public": false, "/files/publicity": false, "/files/secret": false, "/files/healthy": false, "/files/health/": false,
			"/files/public/../secret": false, "/files/public/a/../../secret": false, "/files/secret/../public/a": false,
			"/files/public/%2e%2e/secret": false, "/files/public/..%2fsecret": false, "/files/public%2f..%2fsecret": false,
			"/files/secret%2f..%2fpublic/a": false, "/files/public/..%5csecret": false, "/files/public/%252e%252e/secret": false,
			"/files/public/..;/secret": false, "/files//public/a": false, "/files/PUBLIC/a": false, "/files/./public/a": false,
			"/t/acme/open/../closed": false, "/t/a%2fopen/x": false,
		} {
			if w := ask(r, http.MethodGet, path); (w.Code != http.StatusUnauthorized) != open {
				t.Errorf("%s: %s: %d", name, path, w.Code)
			}
		}
		if w := ask(r, http.MethodPost, "/files/public/a"); w.Code != http.StatusUnauthorized {
			t.Errorf("%s: POST: %d", name, w.Code)
		}
	}
	err := ginauth.CheckRoutes(build(gin.New()))
	if err == nil || err.Error() != `the Exclude rule "/other/*any" matches no route: correct or remove it` {
		t.Errorf("CheckRoutes: %v", err)
	}
}

// A function of the app's decides about requests of the routes that it was given for.
func TestExcludeIfDecidesByTheRequest(t *testing.T) {
	t.Parallel()
	probe := func(c *gin.Context) bool { return c.GetHeader("User-Agent") == "kube-probe" }
	build := func(r *gin.Engine) *gin.Engine {
		r.Use(ginauth.Authenticate(built.Config(config{Logger: quiet, ExcludeIf: map[string]func(*gin.Context) bool{
			"GET /ready": probe, ginauth.NoRoute: probe, "/typo": probe, "/both": probe,
		}, Exclude: []string{"/both"}}), &keys{scheme: apiKey, find: findKey}))
		answer := func(c *gin.Context) { c.Status(http.StatusOK) }
		r.Any("/ready", answer)
		r.Any("/other", answer)
		r.Any("/guarded", ginauth.Require(), answer)
		r.GET("/both", answer)
		return r
	}
	r := build(gin.New())
	for _, test := range []struct {
		method, path, agent string
		status              int
	}{
		{"GET", "/ready", "kube-probe", 200},
		{"HEAD", "/ready", "kube-probe", 200},
		{"GET", "/ready", "browser", 401},
		{"POST", "/ready", "kube-probe", 401},
		{"GET", "/other", "kube-probe", 401},
		{"GET", "/nowhere", "kube-probe", 404},
		{"GET", "/nowhere", "browser", 401},
		{"GET", "/both", "browser", 200},
	} {
		if w := ask(r, test.method, test.path, header("User-Agent", test.agent)); w.Code != test.status {
			t.Errorf("%s %s of %s: %d, want %d", test.method, test.path, test.agent, w.Code, test.status)
		}
	}
	want := strings.Join([]string{
		`(no route) is open to requests that the function of ExcludeIf for "(no route)" picks: name "(no route)" in CheckRoutes where that is meant`,
		`GET /both is open to requests that the function of ExcludeIf for "/both" picks: name "GET /both" in CheckRoutes where that is meant`,
		`GET /ready is open to requests that the function of ExcludeIf for "GET /ready" picks: name "GET /ready" in CheckRoutes where that is meant`,
		`HEAD /ready is open to requests that the function of ExcludeIf for "GET /ready" picks: name "HEAD /ready" in CheckRoutes where that is meant`,
		`the ExcludeIf rule "/typo" matches no route: correct or remove it`,
	}, "\n")
	if err := ginauth.CheckRoutes(r); err == nil || err.Error() != want {
		t.Errorf("CheckRoutes:\n%v", err)
	}
	err := ginauth.CheckRoutes(r, "GET /ready", "/both", ginauth.NoRoute)
	if err == nil || err.Error() != `the ExcludeIf rule "/typo" matches no route: correct or remove it` {
		t.Errorf("CheckRoutes with names: %v", err)
	}
}

// SEC-83, SEC-182: one route may trust further origins, or all, and no other route does for that.
func TestOriginsAreTrustedByRoute(t *testing.T) {
	t.Parallel()
	cfg := config{
		Logger: quiet, TrustedOrigins: []string{"https://app.example"}, Exclude: []string{"/apple", "/saml/*any"},
		TrustedOriginsFor: map[string][]string{"POST /apple": {"https://appleid.apple.com"}},
		SkipOriginCheck:   []string{"POST /saml/acs", "POST /typo"},
	}
	cookies := &keys{scheme: ginauth.Scheme{Name: "a", Type: "apiKey", In: "cookie", Parameter: "token"}, find: findKey}
	r := gin.New()
	r.Use(ginauth.Authenticate(built.Config(cfg), cookies))
	answer := func(c *gin.Context) { c.Status(http.StatusOK) }
	r.Any("/apple", answer)
	r.Any("/saml/*path", answer)
	r.Any("/change", answer)
	for _, test := range []struct {
		method, path, origin string
		status               int
	}{
		{"POST", "/apple", "https://appleid.apple.com", 200},
		{"POST", "/apple", "https://app.example", 200},
		{"POST", "/apple", "https://evil.example", 403},
		{"POST", "/apple", "null", 403},
		{"DELETE", "/apple", "https://appleid.apple.com", 403},
		{"POST", "/saml/acs", "https://idp.example", 200},
		{"POST", "/saml/acs", "null", 200},
		{"POST", "/saml/logout", "https://idp.example", 403},
		{"POST", "/saml/acs/../logout", "https://idp.example", 403},
		{"PUT", "/saml/acs", "https://idp.example", 403},
		{"POST", "/change", "https://appleid.apple.com", 403},
		{"POST", "/change", "https://idp.example", 403},
	} {
		w := ask(r, test.method, test.path, header("Origin", test.origin), header("Sec-Fetch-Site", "cross-site"))
		if w.Code != test.status {
			t.Errorf("%s %s of %s: %d, want %d", test.method, test.path, test.origin, w.Code, test.status)
		}
	}
	want := strings.Join([]string{
		`POST /saml/*path takes requests of every origin, by SkipOriginCheck: name "POST /saml/*path" in CheckRoutes where its handler proves that its user asked for the request`,
		`the SkipOriginCheck rule "POST /typo" matches no route: correct or remove it`,
	}, "\n")
	if err := ginauth.CheckRoutes(r); err == nil || err.Error() != want {
		t.Errorf("CheckRoutes:\n%v", err)
	}
	if err := ginauth.CheckRoutes(r, "POST /saml/*path"); err == nil || strings.Contains(err.Error(), "saml") {
		t.Errorf("CheckRoutes with the name: %v", err)
	}
}

func TestRouteRulesThatCannotWorkAreRefused(t *testing.T) {
	t.Parallel()
	for want, edit := range map[string]func(*config){
		"names no method":       func(cfg *config) { cfg.SkipOriginCheck = []string{"/saml/acs"} },
		"does not start with a": func(cfg *config) { cfg.SkipOriginCheck = []string{"POST saml"} },
		"must start with https": func(cfg *config) { cfg.TrustedOriginsFor = map[string][]string{"/x": {"http://idp.example"}} },
		"TrustedOriginsFor":     func(cfg *config) { cfg.TrustedOriginsFor = map[string][]string{"x": {"https://idp.example"}} },
		"ExcludeIf has no":      func(cfg *config) { cfg.ExcludeIf = map[string]func(*gin.Context) bool{"/x": nil} },
		"would open every route": func(cfg *config) {
			cfg.ExcludeIf = map[string]func(*gin.Context) bool{"/*any": func(*gin.Context) bool { return true }}
		},
		"trusted origin \"null\"": func(cfg *config) { cfg.TrustedOriginsFor = map[string][]string{"/x": {"null"}} },
	} {
		cfg := config{Users: newUnusedDB()}
		edit(&cfg)
		if _, err := ginauth.New(cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", want, err)
		}
	}
}

// A function of the app's around Session counts as coverage, and protects as it says.
func TestAWrappedSessionCounts(t *testing.T) {
	t.Parallel()
	cfg := newApp(t).cfg
	cfg.Exclude = nil
	ran := 0
	r := gin.New()
	r.Use(ginauth.Wrap(ginauth.Session(built.Config(cfg)), func(c *gin.Context, session gin.HandlerFunc) {
		if c.Request.URL.Path == "/free" {
			c.Next()
			return
		}
		session(c)
	}))
	r.GET("/free", func(c *gin.Context) { c.Status(http.StatusOK) })
	r.GET("/user", ginauth.Me(built.Config(cfg)))
	r.POST("/login", ginauth.Login(built.Config(cfg)))
	r.POST("/logout", ginauth.Logout(built.Config(cfg)))
	inner := ginauth.Wrap(ginauth.Session(built.Config(cfg)), func(c *gin.Context, session gin.HandlerFunc) { ran++; session(c) })
	r.Group("/group", inner).POST("/logout", ginauth.Logout(built.Config(cfg)))
	if err := ginauth.CheckRoutes(r); err == nil || strings.Contains(err.Error(), "not covered") {
		t.Errorf("CheckRoutes: %v", err)
	}
	for path, status := range map[string]int{"/free": 200, "/user": 401} {
		if w := ask(r, http.MethodGet, path); w.Code != status {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	for path, status := range map[string]int{"/logout": 204, "/group/logout": 401} {
		if w := send(r, httptest.NewRequest(http.MethodPost, path, nil)); w.Code != status {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	if ran != 0 { // SEC-181: around is the app's own
		t.Error("the inner wrapper ran for nobody")
	}
	for _, build := range []func(){
		func() { ginauth.Wrap(func(*gin.Context) {}, func(*gin.Context, gin.HandlerFunc) {}) },
		func() { ginauth.Wrap(ginauth.Me(built.Config(cfg)), func(*gin.Context, gin.HandlerFunc) {}) },
		func() { ginauth.Wrap(ginauth.Session(built.Config(cfg)), nil) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Error("Wrap accepted what cannot work")
				}
			}()
			build()
		}()
	}
}

// SEC-83: who opens a WebSocket reads what it answers, whatever the page's origin.
func TestAWebSocketIsOpenedForTrustedOriginsAlone(t *testing.T) {
	t.Parallel()
	cfg := config{
		Logger: quiet, TrustedOrigins: []string{"https://app.example"}, Exclude: []string{"/open"},
		TrustedOriginsFor: map[string][]string{"GET /chat": {"https://chat.example"}},
		SkipOriginCheck:   []string{"GET /all"},
	}
	cookies := &keys{scheme: ginauth.Scheme{Name: "a", Type: "apiKey", In: "cookie", Parameter: "token"}, find: findKey}
	for _, ambient := range []bool{true, false} {
		r := gin.New()
		if ambient {
			r.Use(ginauth.Authenticate(built.Config(cfg), cookies))
		} else {
			r.Use(ginauth.Authenticate(built.Config(cfg), &keys{scheme: apiKey, find: findKey}))
		}
		for _, path := range []string{"/socket", "/chat", "/all", "/open"} {
			r.GET(path, func(c *gin.Context) { c.Status(http.StatusOK) })
		}
		for _, test := range []struct {
			path, origin, site, upgrade string
			status                      int
		}{
			{"/socket", "https://evil.example", "cross-site", "websocket", 403},
			{"/socket", "https://sub.example.com", "same-site", "websocket", 403},
			{"/socket", "https://evil.example", "", "h2c, WebSocket", 403}, // a browser that does not say the site
			{"/open", "https://evil.example", "cross-site", "websocket", 403},
			{"/chat", "https://evil.example", "cross-site", "websocket", 403},
			{"/chat", "https://chat.example", "cross-site", "websocket", 200},
			{"/socket", "https://chat.example", "cross-site", "websocket", 403},
			{"/socket", "https://app.example", "cross-site", "websocket", 200},
			{"/all", "https://evil.example", "cross-site", "websocket", 200},
			{"/socket", "https://example.com", "same-origin", "websocket", 200},
			{"/socket", "", "", "websocket", 200}, // no browser
			{"/socket", "https://evil.example", "cross-site", "h2c", 200},
		} {
			want := test.status
			if !ambient {
				want = 200
			}
			w := ask(r, http.MethodGet, test.path, header("Cookie", "token=ada"), header("X-API-Key", "ada"), header("Upgrade", test.upgrade), func(r *http.Request) {
				if test.origin != "" {
					r.Header.Set("Origin", test.origin)
				}
				if test.site != "" {
					r.Header.Set("Sec-Fetch-Site", test.site)
				}
			})
			if w.Code != want {
				t.Errorf("%+v, ambient %t: %d, want %d", test, ambient, w.Code, want)
			}
		}
	}
}
