package ginauth_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/ginauthtest"
	"github.com/ginauth/ginauth/ginauth/internal/built"
)

// Scopes are a ceiling: a credential that has some opens no route that does not say which it takes, whatever its user
// may do. A session opens them all.
func TestScopesAreACeiling(t *testing.T) { // SEC-179
	t.Parallel()
	admin := ginauth.Role(roles, "admin") // ada is one
	any1 := ginauth.Require(ginauth.AnyScope())
	scope := func(scopes ...string) gin.HandlerFunc { return ginauth.Require(ginauth.Scope(scopes...)) }
	answer := func(c *gin.Context) { c.String(http.StatusOK, "ran") }
	wrapped := gin.WrapH(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ran")) }))
	ofUser := ginauth.With(func(c *gin.Context, _ user) { answer(c) })
	own := ginauth.Require(ginauth.CheckAuth("own", func(_ *gin.Context, a ginauth.Auth) error {
		if slices.Contains(a.Scopes, "x") {
			return nil
		}
		return ginauth.ErrForbidden
	}))
	middleware := func(c *gin.Context) { c.Next() }
	late := func(c *gin.Context) { // asks for the user itself, on an excluded route
		if _, err := ginauth.CurrentUser[user](c); err != nil {
			ginauth.Fail(c, err)
			return
		}
		answer(c)
	}
	again := func(c *gin.Context) { // as a stream does
		if _, err := ginauth.Recheck[user](c); err != nil {
			ginauth.Fail(c, err)
			return
		}
		answer(c)
	}
	all, anyOf, require := ginauth.All, ginauth.Any, ginauth.Require
	x := ginauth.Scope("x")
	for name, test := range map[string]struct {
		chain  []gin.HandlerFunc
		x, y   int  // the statuses for an admin's credentials with the scope x, and with the scope y
		nobody bool // the route is excluded
	}{
		"nothing":                         {chain: []gin.HandlerFunc{answer}, x: 403, y: 403},
		"a role":                          {chain: []gin.HandlerFunc{require(admin), answer}, x: 403, y: 403},
		"a user":                          {chain: []gin.HandlerFunc{require(), answer}, x: 403, y: 403},
		"With":                            {chain: []gin.HandlerFunc{ofUser}, x: 403, y: 403},
		"a net/http handler":              {chain: []gin.HandlerFunc{wrapped}, x: 403, y: 403},
		"a rule about scopes":             {chain: []gin.HandlerFunc{own, answer}, x: 403, y: 403},
		"a rule about scopes, said":       {chain: []gin.HandlerFunc{any1, own, answer}, x: 200, y: 403},
		"a scope":                         {chain: []gin.HandlerFunc{scope("x"), answer}, x: 200, y: 403},
		"a scope and With":                {chain: []gin.HandlerFunc{scope("x"), ofUser}, x: 200, y: 403},
		"a scope, net/http":               {chain: []gin.HandlerFunc{scope("x"), wrapped}, x: 200, y: 403},
		"two scopes":                      {chain: []gin.HandlerFunc{scope("x", "y"), answer}, x: 403, y: 403},
		"any scope":                       {chain: []gin.HandlerFunc{any1, answer}, x: 200, y: 200},
		"a scope behind a role":           {chain: []gin.HandlerFunc{require(admin), scope("x"), answer}, x: 200, y: 403},
		"a scope before a role":           {chain: []gin.HandlerFunc{scope("x"), require(admin), answer}, x: 200, y: 403},
		"a scope behind middleware":       {chain: []gin.HandlerFunc{middleware, scope("x"), answer}, x: 200, y: 403},
		"a scope that comes too late":     {chain: []gin.HandlerFunc{answer, scope("x")}, x: 403, y: 403},
		"a scope in a closure":            {chain: []gin.HandlerFunc{func(c *gin.Context) { scope("x")(c) }, answer}, x: 403, y: 403},
		"any of a role and a scope":       {chain: []gin.HandlerFunc{require(anyOf(admin, x)), answer}, x: 200, y: 403},
		"any of a scope and a role":       {chain: []gin.HandlerFunc{require(anyOf(x, admin)), answer}, x: 200, y: 403},
		"any of roles":                    {chain: []gin.HandlerFunc{require(anyOf(admin, admin)), answer}, x: 403, y: 403},
		"any of roles, any scope":         {chain: []gin.HandlerFunc{require(anyOf(admin, all(admin, ginauth.AnyScope()))), answer}, x: 200, y: 200},
		"all of a scope and any of roles": {chain: []gin.HandlerFunc{require(all(x, anyOf(admin, admin))), answer}, x: 200, y: 403},
		"any of nested ones":              {chain: []gin.HandlerFunc{require(anyOf(admin, all(admin, anyOf(admin, x)))), answer}, x: 200, y: 403},
		"any of all":                      {chain: []gin.HandlerFunc{require(anyOf(all(admin, admin), all(x, admin))), answer}, x: 200, y: 403},
		"all of any":                      {chain: []gin.HandlerFunc{require(all(anyOf(admin, x), anyOf(ginauth.Scope("y"), x))), answer}, x: 200, y: 403},
		"all of none":                     {chain: []gin.HandlerFunc{require(all()), answer}, x: 403, y: 403},
		"any of any scope and a role":     {chain: []gin.HandlerFunc{require(anyOf(admin, ginauth.AnyScope())), answer}, x: 200, y: 200},
		"an excluded route that asks":     {chain: []gin.HandlerFunc{late}, x: 403, y: 403, nobody: true},
		"an excluded route that rechecks": {chain: []gin.HandlerFunc{again}, x: 403, y: 403, nobody: true},
		"an excluded route with a guard":  {chain: []gin.HandlerFunc{require(admin), answer}, x: 403, y: 403, nobody: true},
		"an excluded route with With":     {chain: []gin.HandlerFunc{ofUser}, x: 403, y: 403, nobody: true},
		"an excluded route with a scope":  {chain: []gin.HandlerFunc{scope("x"), late}, x: 200, y: 403, nobody: true},
		"an excluded route for anybody":   {chain: []gin.HandlerFunc{answer}, x: 200, y: 200, nobody: true},
	} {
		for where, mount := range map[string]func(*gin.Engine, ...gin.HandlerFunc){
			"a route": func(r *gin.Engine, chain ...gin.HandlerFunc) { r.GET("/x", chain...) },
			"any":     func(r *gin.Engine, chain ...gin.HandlerFunc) { r.Any("/x", chain...) },
			"a group": func(r *gin.Engine, chain ...gin.HandlerFunc) {
				r.Group("", chain[:len(chain)-1]...).GET("/x", chain[len(chain)-1])
			},
			"groups": func(r *gin.Engine, chain ...gin.HandlerFunc) {
				r.Group("/", chain[0]).Group("", chain[1:]...).GET("/x", nop)
			},
			"engine": func(r *gin.Engine, chain ...gin.HandlerFunc) {
				r.Use(chain[:len(chain)-1]...)
				r.GET("/x", chain[len(chain)-1])
			},
			"no route": func(r *gin.Engine, chain ...gin.HandlerFunc) { r.NoRoute(chain...) },
		} {
			if where == "groups" && strings.Contains(name, "too late") {
				continue // there is a handler behind it
			}
			for scopes, want := range map[string]int{"x": test.x, "y": test.y} {
				cfg := config{Logger: quiet}
				if test.nobody {
					cfg.Exclude = []string{"/x", ginauth.NoRoute}
				}
				r := gin.New()
				r.Use(ginauth.Authenticate(built.Config(cfg), &keys{scheme: apiKey, find: findKey, scopes: []string{scopes}}, &keys{scheme: bearer, find: findKey}))
				mount(r, test.chain...)
				w := ask(r, http.MethodGet, "/x", header("X-API-Key", "ada"))
				if w.Code == http.StatusNotFound && where == "no route" && w.Body.String() == "ran" {
					w.Code = http.StatusOK
				}
				if w.Code != want || (w.Code == http.StatusForbidden) == strings.Contains(w.Body.String(), "ran") {
					t.Errorf("%s at %s with %s: %d %s, want %d", name, where, scopes, w.Code, w.Body, want)
				}
				if w := ask(r, http.MethodGet, "/x", header("Authorization", "Bearer ada")); w.Code >= 400 && !strings.Contains(name, "a rule") && w.Body.String() != "ran" {
					t.Errorf("%s at %s without scopes: %d %s", name, where, w.Code, w.Body)
				}
			}
		}
	}
}

func nop(*gin.Context) {}

// Under a name alone, nothing is found: that is no question of scopes.
func TestUnknownPathsAreUnknownToAScopedKey(t *testing.T) {
	t.Parallel()
	log := &ginauthtest.Log{}
	r := api(config{Logger: log.Logger()}, &keys{scheme: apiKey, find: findKey, scopes: []string{}})
	r.HandleMethodNotAllowed = true
	for path, want := range map[string]int{"/nowhere": 404, "/change": 405, "/who": 403} {
		w := ask(r, http.MethodGet, path, header("X-API-Key", "ada"))
		if w.Code != want {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
		if want != http.StatusForbidden {
			continue
		}
		if p := problemIn(t, w); p.Code != "insufficient_scope" || !strings.Contains(p.Detail, "ginauth.AnyScope") || w.Header().Get("Www-Authenticate") != `Bearer realm="api", error="insufficient_scope"` {
			t.Errorf("%+v, %q", p, w.Header())
		}
	}
	if events := log.Events("authz_fail"); len(events) != 1 || events[0]["user_id"] != "ada" || events[0]["via"] != "apiKey" {
		t.Errorf("%v", events)
	}
}

// What declares that its credentials have scopes has none where it says nothing.
func TestAScopedSchemeWithoutScopesHasNone(t *testing.T) {
	t.Parallel()
	scoped := apiKey
	scoped.Scoped = true
	r := api(config{Logger: quiet}, &keys{scheme: scoped, find: findKey})
	r.GET("/any", ginauth.Require(ginauth.AnyScope()), nop)
	r.GET("/x", ginauth.Require(ginauth.Scope("x")), nop)
	for path, want := range map[string]int{"/who": 403, "/x": 403, "/any": 200} {
		if w := ask(r, http.MethodGet, path, header("X-API-Key", "ada")); w.Code != want {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}

// The ceiling is over the library's own handlers as well: those that change an account refuse by themselves, those that take
// a proof of their own let that count, and all others want a guard.
func TestScopesAreACeilingForEveryHandler(t *testing.T) { // SEC-179
	t.Parallel()
	s := newStage(t)
	rows := principalRows(s)
	open := []string{
		"ginauth.Login", "ginauth.Logout", "ginauth.SignUp", "ginauth.SignUpWith", "account.RestoreAccount", "ginauth.SignIn",
	} // SignIn is on an excluded route
	for name, r := range rows {
		if r.handler != nil {
			s.engine.Handle(rowMethod(r), "/"+name+"/:id", r.handler)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(rows)) {
		r := rows[name]
		if r.handler == nil {
			continue
		}
		r.method = rowMethod(r)
		c := s.scene(t)
		want := http.StatusForbidden
		ofItself := strings.HasPrefix(name, "email.") || strings.HasPrefix(name, "jwt.") && name != "jwt.SignIn" || slices.Contains(open, name)
		if ofItself {
			want = r.narrow
		}
		by := askers[2] // a key
		w := c.request(t, "/"+name+"/"+string(c.otherKey), r, by)
		if w.Code != want {
			t.Errorf("%s: %d %s, want %d", name, w.Code, w.Body, want)
		}
		c.check(t, name, r, by, w)
	}
}

func TestCheckRoutesFindsWhatScopesMakeUseless(t *testing.T) {
	t.Parallel()
	scoped := apiKey
	scoped.Scoped = true
	answer := func(*gin.Context) {}
	for name, test := range map[string]struct {
		mount func(*gin.Engine)
		want  string
	}{
		"no route for keys":        {func(r *gin.Engine) { r.GET("/x", answer) }, "credentials of the scheme apiKey open no route"},
		"a route for them":         {func(r *gin.Engine) { r.GET("/x", ginauth.Require(ginauth.Scope("x")), answer) }, ""},
		"one of many":              {func(r *gin.Engine) { r.GET("/x", answer); r.GET("/y", ginauth.Require(ginauth.AnyScope()), answer) }, ""},
		"a guard behind the route": {func(r *gin.Engine) { r.GET("/x", answer, ginauth.Require(ginauth.Scope("x"))) }, "the guard scope(x) is the last handler of GET /x"},
	} {
		r := gin.New()
		r.Use(ginauth.Authenticate(built.Config(config{Logger: quiet}), &keys{scheme: scoped, find: findKey}))
		test.mount(r)
		err := ginauth.CheckRoutes(r)
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
