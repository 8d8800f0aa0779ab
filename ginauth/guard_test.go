package ginauth_test

import (
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/built"
)

func roles(u user) []string {
	if u.Name == "ada" {
		return []string{"admin", "editor"}
	}
	return []string{"reader"}
}

func can(u user, permission string) bool { return u.Name == "ada" && permission != "fly" }

func pass(*gin.Context, user) error   { return nil }
func refuse(*gin.Context, user) error { return ginauth.ErrForbidden }
func away(*gin.Context, user) error   { return driver.ErrUnavailable }

func TestGuards(t *testing.T) {
	t.Parallel()
	yes, no, unsure := ginauth.Check("yes", pass), ginauth.Check("no", refuse), ginauth.Check("unsure", away)
	ownerOf := func(id driver.UserID, err error) ginauth.Guard {
		return ginauth.Owner(func(*gin.Context) (driver.UserID, error) { return id, err })
	}
	for name, test := range map[string]struct {
		guard  ginauth.Guard
		status int
		code   string
	}{
		"zero":                     {ginauth.Guard{}, 403, "forbidden"},
		"zero among others":        {ginauth.All(yes, ginauth.Guard{}), 403, "forbidden"},
		"check":                    {yes, 200, ""},
		"check refuses":            {no, 403, "forbidden"},
		"check cannot tell":        {unsure, 503, "unavailable"},
		"all":                      {ginauth.All(yes, yes), 200, ""},
		"all but one":              {ginauth.All(yes, no, yes), 403, "forbidden"},
		"all of none":              {ginauth.All(), 200, ""},
		"any":                      {ginauth.Any(no, yes), 200, ""},
		"any of none":              {ginauth.Any(), 403, "forbidden"},
		"none of any":              {ginauth.Any(no, no), 403, "forbidden"},
		"any that cannot tell":     {ginauth.Any(no, unsure), 503, "unavailable"},
		"any beside an outage":     {ginauth.Any(unsure, yes), 200, ""},
		"nested":                   {ginauth.All(ginauth.Any(no, yes), ginauth.Any(yes, no)), 200, ""},
		"role":                     {ginauth.Role(roles, "owner", "admin"), 200, ""},
		"role refuses":             {ginauth.Role(roles, "owner"), 403, "forbidden"},
		"role of another case":     {ginauth.Role(roles, "Admin"), 403, "forbidden"},
		"permission":               {ginauth.Permission(can, "read", "write"), 200, ""},
		"permission refuses":       {ginauth.Permission(can, "read", "fly"), 403, "forbidden"},
		"owner":                    {ownerOf("ada", nil), 200, ""},
		"owner of another's":       {ownerOf("bob", nil), 403, "forbidden"},
		"owner of nobody's":        {ownerOf("", nil), 403, "forbidden"},
		"owner cannot tell":        {ownerOf("ada", driver.ErrUnavailable), 503, "unavailable"},
		"owner of nothing":         {ownerOf("ada", ginauth.NewProblem(404, "post_not_found", "There is no such post.")), 404, "post_not_found"},
		"verified refuses":         {ginauth.Verified(), 403, "not_verified"},
		"fresh":                    {ginauth.Fresh(time.Hour), 200, ""},
		"fresh refuses":            {ginauth.Fresh(time.Minute), 403, "reauthentication_required"},
		"scope":                    {ginauth.Scope("posts:read"), 200, ""},
		"scope refuses":            {ginauth.Scope("posts:read", "posts:write"), 403, "insufficient_scope"},
		"how the user is known":    {ginauth.CheckAuth("key", func(_ *gin.Context, a ginauth.Auth) error { return viaKey(a) }), 200, ""},
		"a fault of the app's own": {ginauth.Check("bug", func(*gin.Context, user) error { return errors.New("a bug") }), 500, "internal"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			backend := &keys{scheme: apiKey, find: findKey, scopes: []string{"posts:read"}, at: time.Now().Add(-10 * time.Minute)}
			r := api(config{Logger: quiet}, backend)
			var ran atomic.Int32
			r.GET("/guarded", ginauth.Require(ginauth.AnyScope()), ginauth.Require(test.guard), func(*gin.Context) { ran.Add(1) }) // SEC-172
			if w := ask(r, http.MethodGet, "/guarded"); w.Code != http.StatusUnauthorized || ran.Load() != 0 {
				t.Errorf("nobody: %d, and the handler ran %d times", w.Code, ran.Load())
			}
			w := ask(r, http.MethodGet, "/guarded", header("X-API-Key", "ada"))
			if w.Code != test.status || ran.Load() == 1 != (test.status == 200) {
				t.Fatalf("%d %s, want %d; the handler ran %d times", w.Code, w.Body, test.status, ran.Load())
			}
			if test.status != 200 && !strings.Contains(w.Body.String(), `"code":"`+test.code+`"`) {
				t.Errorf("%s, want %s", w.Body, test.code)
			}
		})
	}
}

// A backend's clock may be ahead of ours, and its issuer may lie: the future is no proof.
func TestFreshRefusesTheFuture(t *testing.T) {
	t.Parallel()
	for ahead, want := range map[time.Duration]int{
		0: 200, 30 * time.Second: 200, 2 * time.Minute: 403, 24 * time.Hour: 403, 200 * 365 * 24 * time.Hour: 403,
	} {
		r := api(config{Logger: quiet}, &keys{scheme: apiKey, find: findKey, at: time.Now().Add(ahead)})
		r.GET("/guarded", ginauth.Require(ginauth.Fresh(time.Hour)), func(*gin.Context) {})
		if w := ask(r, http.MethodGet, "/guarded", header("X-API-Key", "ada")); w.Code != want {
			t.Errorf("%s ahead: %d, want %d", ahead, w.Code, want)
		}
	}
}

func viaKey(a ginauth.Auth) error {
	if a.Via == "apiKey" && a.Credential == "key of ada" && a.Account.Identifier == "ada@example.com" {
		return nil
	}
	return ginauth.ErrForbidden
}

// RFC 6750, 3.1
func TestScopeThatLacksIsNamed(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	c := app.signUp(t, ada)
	r := api(app.cfg, &keys{scheme: bearer, find: findKey, scopes: []string{}}, ginauth.SessionAuth(built.Config(app.cfg)))
	r.GET("/posts", ginauth.Require(ginauth.Scope("posts:read", "posts:write")), func(c *gin.Context) { c.String(http.StatusOK, "posts") })
	w := ask(r, http.MethodGet, "/posts", header("Authorization", "Bearer tom"))
	denied := app.log.Events("authz_fail") // SEC-161
	if len(denied) != 1 || denied[0]["user_id"] != "tom" || denied[0]["via"] != "BearerToken" || denied[0]["guard"] != "scope(posts:read posts:write)" || denied[0]["route"] != "/posts" {
		t.Errorf("events %v", denied)
	}
	if got, want := w.Header().Get("WWW-Authenticate"), `Bearer realm="api", error="insufficient_scope", scope="posts:read posts:write"`; got != want || w.Code != http.StatusForbidden {
		t.Errorf("%d %s, want %s", w.Code, got, want)
	}
	w = ask(r, http.MethodGet, "/posts", func(r *http.Request) { r.AddCookie(&http.Cookie{Name: cookie, Value: c.value}) })
	if w.Code != http.StatusOK {
		t.Errorf("a session: %d", w.Code)
	}
}

// SEC-171
func TestAGuardWithoutAuthenticationInFrontLetsNobodyPass(t *testing.T) {
	t.Parallel()
	r := gin.New()
	ran := false
	r.GET("/guarded", ginauth.Require(), func(*gin.Context) { ran = true })
	if w := ask(r, http.MethodGet, "/guarded", header("X-API-Key", "ada")); w.Code != http.StatusInternalServerError || problemIn(t, w).Code != "not_mounted" || ran {
		t.Errorf("%d, the handler ran: %t", w.Code, ran)
	}
}

// SEC-171: on an excluded route a guard still asks; on a group and on the engine it covers what follows.
func TestGuardsStandOnRoutesGroupsAndTheEngine(t *testing.T) {
	t.Parallel()
	r := api(config{Logger: quiet, Exclude: []string{"/open"}}, &keys{scheme: apiKey, find: findKey})
	answer := func(c *gin.Context) { c.String(http.StatusOK, "in") }
	r.GET("/open", ginauth.Require(), answer)
	group := r.Group("/group", ginauth.Require(ginauth.Role(roles, "admin")))
	group.GET("/a", answer)
	group.OPTIONS("/a", func(c *gin.Context) { c.String(http.StatusOK, "go on") })
	r.Use(ginauth.Require(ginauth.Role(roles, "editor")))
	r.GET("/late", answer)
	for _, test := range []struct {
		method, path, key string
		status            int
	}{
		{"GET", "/open", "", 401},
		{"GET", "/open", "bob", 200},
		{"GET", "/group/a", "bob", 403},
		{"GET", "/group/a", "ada", 200},
		{"GET", "/late", "bob", 403},
		{"GET", "/late", "ada", 200},
		{"OPTIONS", "/group/a", "", 401},
	} {
		send := header("X-API-Key", test.key)
		if w := ask(r, test.method, test.path, send); w.Code != test.status {
			t.Errorf("%s %s as %q: %d, want %d", test.method, test.path, test.key, w.Code, test.status)
		}
	}
}

// SEC-171: a preflight that anybody can forge opens no guarded handler on an excluded route.
func TestAForgedPreflightDoesNotPassAGuardOnAnOpenRoute(t *testing.T) {
	t.Parallel()
	r := api(config{Logger: quiet, Exclude: []string{"/any"}}, &keys{scheme: apiKey, find: findKey})
	ran := false
	r.Any("/any", ginauth.Require(), func(*gin.Context) { ran = true })
	ask(r, http.MethodOptions, "/any", header("Origin", "https://app.example"), header("Access-Control-Request-Method", "GET"))
	if ran {
		t.Error("the handler ran for nobody")
	}
}

// SEC-173
func TestARoleThatChangesCountsAtTheNextRequest(t *testing.T) {
	t.Parallel()
	app := newApp(t, routes(func(r *gin.Engine, _ config) {
		named := ginauth.Role(func(u user) []string { return []string{u.Name} }, "Boss")
		r.GET("/office", ginauth.Require(named), func(c *gin.Context) { c.String(http.StatusOK, "in") })
		r.GET("/verified", ginauth.Require(ginauth.Verified()), func(c *gin.Context) { c.String(http.StatusOK, "in") })
	}))
	other := newAppOn(t, app.pool, routes(func(*gin.Engine, config) {}))
	c := app.signUp(t, ada)
	for _, change := range []struct {
		sql, path string
		status    int
	}{
		{"UPDATE ginauth.users SET name = 'Boss'", "/office", 200},
		{"UPDATE ginauth.users SET name = 'boss'", "/office", 403},
		{"UPDATE ginauth.users SET verified_at = now()", "/verified", 200},
		{"UPDATE ginauth.users SET verified_at = NULL", "/verified", 403},
	} {
		other.exec(t, change.sql)
		if w := c.get(change.path); w.Code != change.status {
			t.Errorf("after %s: %d, want %d", change.sql, w.Code, change.status)
		}
	}
}

func TestGuardsThatCannotWorkFailAtConstruction(t *testing.T) {
	t.Parallel()
	for want, build := range map[string]func(){
		"ginauth.Role":             func() { ginauth.Role(roles) },
		"ginauth.Role: ":           func() { ginauth.Role(roles, "") },
		"ginauth.Permission":       func() { ginauth.Permission(can) },
		"ginauth.Permission: ":     func() { ginauth.Permission[user](nil, "read") },
		"ginauth.Check":            func() { ginauth.Check[user]("name", nil) },
		"ginauth.Check: ":          func() { ginauth.Check("", pass) },
		"ginauth.CheckAuth":        func() { ginauth.CheckAuth("", nil) },
		"ginauth.Owner":            func() { ginauth.Owner(nil) },
		"ginauth.Scope: name":      func() { ginauth.Scope() },
		"is not a scope of RFC":    func() { ginauth.Scope("two words") },
		`"quote\"" is not a scope`: func() { ginauth.Scope(`quote"`) },
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
