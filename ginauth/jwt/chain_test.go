package jwt_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/go-cmp/cmp"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/apikey"
	"github.com/ginauth/ginauth/ginauth/internal/built"
	"github.com/ginauth/ginauth/ginauth/jwt"
)

// chain is a site whose other router takes API keys, tokens and sessions.
type chain struct {
	*site
	router *gin.Engine
	key    string
	cookie *http.Cookie
	token  string
}

func newChain(t *testing.T) *chain {
	t.Helper()
	s := newSite(t)
	ch := &chain{site: s, router: gin.New()}
	app := s.flow.app
	app.Logger, app.Exclude = s.log.Logger(), []string{"/login"}
	cfg := built.Config(app)
	keys, err := apikey.New(cfg, apikey.Options[user]{Store: s.db})
	if err != nil {
		t.Fatal(err)
	}
	ch.router.Use(ginauth.Authenticate(cfg, apikey.Backend(keys), jwt.Bearer(cfg, s.options), ginauth.SessionAuth(cfg)))
	ch.router.POST("/login", ginauth.Login(cfg))
	ch.router.POST("/keys", apikey.Create(keys))
	ch.router.GET("/me", ginauth.Require(ginauth.AnyScope()), me)
	ch.router.GET("/via", ginauth.Require(ginauth.AnyScope()), func(c *gin.Context) {
		auth, err := ginauth.CurrentAuth(c)
		if err != nil {
			ginauth.Fail(c, err)
			return
		}
		c.String(http.StatusOK, auth.Via)
	})
	ch.cookie = ch.ask(jsonRequest("/login", adaIn)).Result().Cookies()[0]
	r := jsonRequest("/keys", `{"name":"a script"}`)
	r.AddCookie(ch.cookie)
	var made struct{ Key string }
	decodeBody(t, ch.ask(r), &made)
	ch.key, ch.token = made.Key, s.logIn(t).AccessToken
	return ch
}

func (ch *chain) ask(r *http.Request) *httptest.ResponseRecorder {
	return send(ch.router, r)
}

func (ch *chain) via(authorization string, cookies ...*http.Cookie) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "/via", nil)
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	for _, k := range cookies {
		r.AddCookie(k)
	}
	return ch.ask(r)
}

func TestTokensKeysAndSessionsStandSideBySide(t *testing.T) {
	t.Parallel()
	ch := newChain(t)
	for _, test := range []struct {
		name, authorization string
		cookies             []*http.Cookie
		status              int
		want                string
	}{
		{"nothing", "", nil, 401, "unauthenticated"},
		{"a token", "Bearer " + ch.token, nil, 200, "BearerToken"},
		{"a key", "Bearer " + ch.key, nil, 200, "apiKey"},
		{"a session", "", []*http.Cookie{ch.cookie}, 200, "sessionCookie"},
		{"a token and a session", "Bearer " + ch.token, []*http.Cookie{ch.cookie}, 200, "BearerToken"},
		{"another scheme and a session", "Basic YTpi", []*http.Cookie{ch.cookie}, 200, "sessionCookie"},
		{"a bad token and a session", "Bearer x.y.z", []*http.Cookie{ch.cookie}, 401, "bad_credentials"},
		{"a bad key and a session", "Bearer " + ch.key + "x", []*http.Cookie{ch.cookie}, 401, "bad_credentials"},
		{"a token in small letters", "bearer " + ch.token, []*http.Cookie{ch.cookie}, 200, "BearerToken"}, // SEC-102
		{"a key in small letters", "bearer  " + ch.key, []*http.Cookie{ch.cookie}, 200, "apiKey"},
		{"a bad token in small letters", "bearer x.y.z", []*http.Cookie{ch.cookie}, 401, "bad_credentials"},
	} {
		if w := ch.via(test.authorization, test.cookies...); w.Code != test.status || !strings.Contains(w.Body.String(), test.want) {
			t.Errorf("%s: %d %s, want %d %s", test.name, w.Code, w.Body, test.status, test.want)
		}
	}
}

// SEC-161: one bad token is one event, with the reason and without the token.
func TestBadTokenIsOneEventWithItsReason(t *testing.T) {
	t.Parallel()
	ch := newChain(t)
	spent := ch.token
	ch.clock.Advance(time.Hour)
	for token, reason := range map[string]string{"x.y.z": "the token's header", spent: "expired", "x": "malformed"} {
		before := len(ch.log.Events(""))
		ch.via("Bearer " + token)
		events := ch.log.Events("")[before:]
		if len(events) != 1 || events[0]["event"] != "authn_credentials_fail" || events[0]["via"] != "BearerToken" || events[0]["level"] != "WARN" {
			t.Fatalf("%v", events)
		}
		if text, _ := events[0]["reason"].(string); !strings.Contains(text, reason) || strings.Contains(marshal(t, events), spent) {
			t.Errorf("%v, want %q", events, reason)
		}
	}
	before := len(ch.log.Events(""))
	if ch.via(""); len(ch.log.Events("")) != before {
		t.Error("no token is an event")
	}
}

// RFC 6750, 3.1
func TestBadTokenIsNamedInTheChallenge(t *testing.T) {
	t.Parallel()
	ch := newChain(t)
	for authorization, want := range map[string]string{
		"": `Bearer realm="api"`, "Bearer x.y.z": `Bearer realm="api", error="invalid_token"`, "bearer x": `Bearer realm="api", error="invalid_token"`,
	} {
		got := ch.via(authorization).Header().Values("WWW-Authenticate")
		if diff := cmp.Diff([]string{want, `Cookie cookie-name="__Host-session"`}, got); diff != "" {
			t.Errorf("%q: %s", authorization, diff)
		}
	}
}

// SEC-83: a token in a cookie is sent by browsers unasked, one in a header is not.
func TestTokenInACookieIsRefusedFromOtherSites(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	router := func(backends ...ginauth.Backend[user]) *gin.Engine {
		r := gin.New()
		r.Use(authenticate(quiet(), backends...))
		r.Any("/change", ginauth.Require(ginauth.AnyScope()), func(c *gin.Context) { c.Status(http.StatusNoContent) })
		return r
	}
	cookie, header := router(jwt.Cookie(config(), b.options, jwt.CookieOptions{})), router(jwt.Bearer(config(), b.options))
	for _, test := range []struct {
		router       *gin.Engine
		method, site string
		want         int
	}{
		{cookie, http.MethodPost, "cross-site", http.StatusForbidden},
		{cookie, http.MethodDelete, "same-site", http.StatusForbidden},
		{cookie, http.MethodPost, "same-origin", http.StatusNoContent},
		{cookie, http.MethodPost, "", http.StatusNoContent},
		{cookie, http.MethodGet, "cross-site", http.StatusNoContent},
		{header, http.MethodPost, "cross-site", http.StatusNoContent},
	} {
		r := httptest.NewRequest(test.method, "/change", nil)
		if test.router == cookie {
			r.AddCookie(&http.Cookie{Name: "__Host-token", Value: b.token(t, nil)})
		} else {
			r.Header.Set("Authorization", "Bearer "+b.token(t, nil))
		}
		if test.site != "" {
			r.Header.Set("Sec-Fetch-Site", test.site)
		}
		if w := send(test.router, r); w.Code != test.want {
			t.Errorf("%s from %q: %d %s", test.method, test.site, w.Code, w.Body)
		}
	}
}

// SEC-171
func TestGuardsDecideByTheToken(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.clock.Advance(time.Since(b.clock.Now())) // Fresh has no other clock
	roles := func(u user) []string { return []string{strings.ToLower(u.Name)} }
	r := gin.New()
	r.Use(authenticate(quiet(), jwt.Bearer(config(), b.options)))
	r.GET("/scope", ginauth.Require(ginauth.Scope("read", "write")), me)
	r.GET("/fresh", ginauth.Require(ginauth.AnyScope(), ginauth.Fresh(10*time.Minute)), me)
	r.GET("/own", ginauth.Require(ginauth.AnyScope(), ginauth.CheckAuth("own", func(_ *gin.Context, a ginauth.Auth) error {
		if a.AuthenticatedAt.IsZero() || a.Now.Sub(a.AuthenticatedAt) > time.Hour {
			return ginauth.ErrForbidden
		}
		return nil
	})), me)
	r.GET("/ada", ginauth.Require(ginauth.AnyScope(), ginauth.Role(roles, "ada")), me)
	r.GET("/admin", ginauth.Require(ginauth.Role(roles, "admin")), me)
	open := gin.New()
	open.GET("/scope", ginauth.Require(ginauth.Scope("read", "write")), me)
	ago := func(d time.Duration) object { return object{"auth_time": time.Now().Add(-d).Unix()} }
	for _, test := range []struct {
		router *gin.Engine
		path   string
		claims object
		code   string
	}{
		{r, "/scope", nil, ""}, // a token without scopes may do what its user may
		{r, "/scope", object{"scope": "write read more"}, ""},
		{r, "/scope", object{"scope": "read"}, "insufficient_scope"},
		{r, "/scope", object{"scope": ""}, "insufficient_scope"},
		{open, "/scope", object{"scope": "write read"}, "not_mounted"},
		{r, "/fresh", ago(time.Minute), ""},
		{r, "/fresh", ago(11 * time.Minute), "reauthentication_required"},
		{r, "/fresh", nil, "reauthentication_required"},
		{r, "/fresh", ago(-20 * time.Second), ""}, // the clocks may differ
		{r, "/fresh", ago(-2 * time.Minute), "reauthentication_required"},
		{r, "/fresh", ago(-24 * time.Hour), "reauthentication_required"},
		{r, "/fresh", object{"auth_time": 253402300799}, "reauthentication_required"},
		{r, "/own", ago(-24 * time.Hour), "forbidden"},
		{r, "/own", ago(time.Minute), ""},
		{r, "/ada", nil, ""},
		{r, "/admin", nil, "forbidden"},
	} {
		request := httptest.NewRequest(http.MethodGet, test.path, nil)
		request.Header.Set("Authorization", "Bearer "+b.token(t, test.claims))
		w := send(test.router, request)
		if (w.Code == http.StatusOK) != (test.code == "") || !strings.Contains(w.Body.String(), test.code) {
			t.Errorf("%s with %v: %d %s", test.path, test.claims, w.Code, w.Body)
		}
		scope := `Bearer realm="api", error="insufficient_scope", scope="read write"`
		if challenged := slices.Contains(w.Header().Values("WWW-Authenticate"), scope); challenged != (test.code == "insufficient_scope") {
			t.Errorf("%s with %v: WWW-Authenticate %q", test.path, test.claims, w.Header().Values("WWW-Authenticate"))
		}
	}
}

// Two services' tokens, each in places of their own.
func TestBackendsOfOneKindStandSideBySide(t *testing.T) {
	t.Parallel()
	mine, theirs := newBench(t), newBench(t)
	other := func(b *bench, name string) jwt.BackendOptions[user] {
		o := b.options
		o.SchemeName, o.SchemeDescription = name, "A token of the partner's."
		return o
	}
	header := other(theirs, "PartnerToken")
	header.Header = "x-partner-token"
	backends := []ginauth.Backend[user]{
		jwt.Bearer(config(), mine.options), jwt.Bearer(config(), header),
		jwt.Cookie(config(), mine.options, jwt.CookieOptions{}), jwt.Cookie(config(), other(theirs, "PartnerCookie"), jwt.CookieOptions{Name: "partner"}),
	}
	r := gin.New()
	r.Use(authenticate(quiet(), backends...))
	r.GET("/via", ginauth.Require(ginauth.AnyScope()), func(c *gin.Context) {
		auth, err := ginauth.CurrentAuth(c)
		if err != nil {
			ginauth.Fail(c, err)
			return
		}
		c.String(http.StatusOK, auth.Via)
	})
	alone := gin.New()
	alone.Use(authenticate(quiet(), backends[1]))
	alone.POST("/via", me)
	good, partner := mine.token(t, nil), theirs.token(t, nil)
	for _, test := range []struct {
		name, value string
		want        string
	}{
		{"Authorization", "Bearer " + good, "BearerToken"},
		{"Authorization", "Bearer " + partner, "bad_credentials"},
		{"X-Partner-Token", partner, "PartnerToken"},
		{"X-Partner-Token", "Bearer " + partner, "PartnerToken"},
		{"X-Partner-Token", "bearer  " + partner, "PartnerToken"},
		{"X-Partner-Token", good, "bad_credentials"},
		{"X-Partner-Token", "Basic " + partner, "bad_credentials"},
		{"X-Partner-Token", "", "bad_credentials"},
		{"X-Partner-Token", strings.Repeat("a", 1<<20), "bad_credentials"},
		{"Cookie", "__Host-token=" + good, "TokenCookie"},
		{"Cookie", "__Host-partner=" + partner, "PartnerCookie"},
		{"Cookie", "__Host-partner=" + good, "bad_credentials"},
		{"X-Other", partner, "unauthenticated"},
	} {
		request := httptest.NewRequest(http.MethodGet, "/via", nil)
		request.Header[test.name] = []string{test.value}
		if w := send(r, request); !strings.Contains(w.Body.String(), test.want) {
			t.Errorf("%s: %.60s: %d %s, want %s", test.name, test.value, w.Code, w.Body, test.want)
		}
	}
	cross := httptest.NewRequest(http.MethodPost, "/via", nil) // SEC-182: a proxy may have added it
	cross.Header.Set("X-Partner-Token", partner)
	cross.Header.Set("Sec-Fetch-Site", "cross-site")
	if w := send(alone, cross); w.Code != http.StatusForbidden {
		t.Errorf("from another site: %d", w.Code)
	}
	double := httptest.NewRequest(http.MethodGet, "/via", nil)
	double.Header["X-Partner-Token"] = []string{partner, partner}
	if w := send(r, double); !strings.Contains(w.Body.String(), "bad_credentials") {
		t.Errorf("two headers: %s", w.Body)
	}
	got := send(r, httptest.NewRequest(http.MethodGet, "/via", nil)).Header()
	if diff := cmp.Diff([]string{`Bearer realm="api"`, `ApiKey name="X-Partner-Token"`, `Cookie cookie-name="__Host-token"`, `Cookie cookie-name="__Host-partner"`}, got.Values("WWW-Authenticate")); diff != "" {
		t.Error(diff)
	}
	if vary := strings.Join(got.Values("Vary"), ","); !strings.Contains(vary, "X-Partner-Token") {
		t.Errorf("Vary: %s", vary)
	}
	if s := backends[1].Scheme(); s.Name != "PartnerToken" || s.Description != "A token of the partner's." || s.Type != "apiKey" || s.In != "header" || s.Parameter != "X-Partner-Token" {
		t.Errorf("%+v", s)
	}
	for _, bad := range []string{"Cookie", "cookie", "a b", "x:y", "Host", "é"} {
		o := mine.options
		o.Header = bad
		if got := panicOf(func() { jwt.Bearer(config(), o) }); !strings.Contains(got, "BackendOptions.Header") {
			t.Errorf("%q: %q", bad, got)
		}
	}
	if got := panicOf(func() { jwt.Cookie(config(), header, jwt.CookieOptions{}) }); !strings.Contains(got, "BackendOptions.Header") {
		t.Errorf("a cookie with a header: %q", got)
	}
	if got := panicOf(func() { jwt.OAuth2Password(config(), header, jwt.PasswordFlow{TokenURL: "/token"}) }); !strings.Contains(got, "BackendOptions.Header") {
		t.Errorf("OAuth 2 with a header: %q", got)
	}
}
