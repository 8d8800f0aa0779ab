package openapi_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/gin-gonic/gin"
	"github.com/google/go-cmp/cmp"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/account"
	"github.com/ginauth/ginauth/ginauth/internal/built"
	"github.com/ginauth/ginauth/ginauth/openapi"
)

func TestDocumentIsTheSameByteForByte(t *testing.T) {
	t.Parallel()
	cfg := newConfig(t, "/login")
	build := func(backwards bool) *openapi.Document {
		mount := []func(*gin.Engine){
			func(r *gin.Engine) { r.POST("/login", ginauth.Login(built.Config(cfg))) },
			func(r *gin.Engine) { r.POST("/v2/login", ginauth.Login(built.Config(cfg))) },
			func(r *gin.Engine) { r.GET("/user", ginauth.Me(built.Config(cfg))) },
			func(r *gin.Engine) { r.GET("/things/:id", answer) },
			func(r *gin.Engine) { r.PUT("/things/:name", answer) },
		}
		if backwards {
			slices.Reverse(mount)
		}
		r := gin.New()
		r.Use(ginauth.Session(built.Config(cfg)))
		for _, m := range mount {
			m(r)
		}
		d, err := openapi.Build(r, openapi.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	first := build(false)
	for range 5 {
		for _, backwards := range []bool{false, true} {
			again := build(backwards)
			if !bytes.Equal(first.JSON(), again.JSON()) || !bytes.Equal(first.YAML(), again.YAML()) {
				t.Fatal("two documents of one router differ")
			}
		}
	}
	if diff := cmp.Diff(read(t, first.JSON()), read(t, first.YAML()), cmp.Comparer(func(a, b *openapi3.T) bool {
		x, errX := a.MarshalJSON()
		y, errY := b.MarshalJSON()
		return errX == nil && errY == nil && bytes.Equal(x, y)
	})); diff != "" {
		t.Error("JSON and YAML differ")
	}
	if !bytes.HasPrefix(first.JSON(), []byte("{\n  \"openapi\": \"3.1.0\",\n  \"info\": {")) {
		t.Errorf("the document begins with %.60s", first.JSON())
	}
}

func TestOperationsAppearWhereTheyAreMounted(t *testing.T) {
	t.Parallel()
	cfg := newConfig(t, "/auth/login", "/v2/auth/login")
	r := gin.New()
	r.Use(ginauth.Session(built.Config(cfg)))
	r.POST("/auth/login", ginauth.Login(built.Config(cfg)))
	r.POST("/v2/auth/login", ginauth.Login(built.Config(cfg)))
	r.DELETE("/t/:tenant/sessions/:id", account.RevokeSession(built.Config(cfg)))
	r.GET("/t/:org/sessions/:session/raw", answer)
	r.GET("/users/:id", answer)
	r.PUT("/users/:name", answer)
	r.Handle("CONNECT", "/users/:id", answer)
	doc := document(t, r, openapi.Options{})
	for path, id := range map[string]string{"/auth/login": "login", "/v2/auth/login": "loginV2AuthLogin"} {
		op := operation(t, doc, "POST", path)
		if op.OperationID != id || op.Summary != "Log in" || op.RequestBody == nil {
			t.Errorf("%s is %s, %q", path, op.OperationID, op.Summary)
		}
	}
	revoke := operation(t, doc, "DELETE", "/t/{tenant}/sessions/{id}")
	if diff := cmp.Diff([]string{"id Id of the session", "tenant "}, described(revoke)); diff != "" {
		t.Error(diff)
	}
	operation(t, doc, "GET", "/users/{id}")
	if diff := cmp.Diff([]string{"id "}, described(operation(t, doc, "PUT", "/users/{id}"))); diff != "" {
		t.Error("one path has two spellings:", diff)
	}
}

func described(op *openapi3.Operation) (list []string) {
	for _, p := range op.Parameters {
		list = append(list, p.Value.Name+" "+p.Value.Description)
	}
	slices.Sort(list)
	return list
}

func TestSecurityNamesTheSchemesOfTheBackends(t *testing.T) {
	t.Parallel()
	doc := document(t, backendsRouter(t), openapi.Options{})
	want := openapi3.SecurityRequirements{{"apiKey": {"posts:read"}}, {"BearerToken": {"posts:read"}}, {"sessionCookie": {}}}
	posts := operation(t, doc, "GET", "/posts")
	if diff := cmp.Diff(want, *posts.Security); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]any{"scope(posts:read)"}, posts.Extensions["x-ginauth-guards"]); diff != "" {
		t.Error(diff)
	}
	if examples(t, posts, "403") != "insufficient_scope" || examples(t, posts, "401") != "bad_credentials, unauthenticated" {
		t.Errorf("403 has %q, 401 %q", examples(t, posts, "403"), examples(t, posts, "401"))
	}
	schemes := doc.Components.SecuritySchemes
	cookie, key, oauth2 := schemes["sessionCookie"].Value, schemes["apiKey"].Value, schemes["BearerToken"].Value
	if cookie.Type != "apiKey" || cookie.In != "cookie" || cookie.Name != "__Host-session" {
		t.Errorf("the cookie is %+v", cookie)
	}
	if key.Type != "http" || key.Scheme != "bearer" || key.BearerFormat != "API key" {
		t.Errorf("the key is %+v", key)
	}
	wantScopes := map[string]string{"posts:write": "Change posts.", "posts:read": ""}
	if oauth2.Type != "oauth2" || oauth2.Flows.Password.TokenURL != "/token" || !cmp.Equal(wantScopes, oauth2.Flows.Password.Scopes) {
		t.Errorf("the token is %+v with %v", oauth2, oauth2.Flows.Password)
	}
	if create := operation(t, doc, "POST", "/api-keys"); examples(t, create, "403") != "cross_origin, forbidden, reauthentication_required, session_required" {
		t.Errorf("a guarded operation has the refusals %q", examples(t, create, "403"))
	}
}

// examples are the codes of a status, after a look at each.
// What a route asks of credentials with scopes is in the document: which scopes, in alternatives, that any will do, or that there is
// no way in with them.
func TestScopesThatARouteTakesAreNamed(t *testing.T) {
	t.Parallel()
	doc := document(t, backendsRouter(t), openapi.Options{})
	for path, want := range map[string]openapi3.SecurityRequirements{
		"/user":    {{"apiKey": {}}, {"BearerToken": {}}, {"sessionCookie": {}}},
		"/account": {{"BearerToken": {}}, {"sessionCookie": {}}}, // a key has scopes, a token may have none
	} {
		if diff := cmp.Diff(want, *operation(t, doc, "GET", path).Security); diff != "" {
			t.Errorf("%s: %s", path, diff)
		}
	}
	account := operation(t, doc, "GET", "/account")
	if diff := cmp.Diff([]any{"unscoped"}, account.Extensions["x-ginauth-guards"]); diff != "" || examples(t, account, "403") != "insufficient_scope" {
		t.Errorf("%s, 403 has %q", diff, examples(t, account, "403"))
	}
	user := operation(t, doc, "GET", "/user")
	if diff := cmp.Diff([]any{"anyScope"}, user.Extensions["x-ginauth-guards"]); diff != "" || user.Responses.Value("403") != nil {
		t.Errorf("%s, or a 403", diff)
	}
	keys := document(t, keysRouter(t), openapi.Options{})
	want := openapi3.SecurityRequirements{{"apiKey": {"things:write"}}, {"apiKey": {"all"}}}
	if diff := cmp.Diff(want, *operation(t, keys, "POST", "/things").Security); diff != "" {
		t.Error(diff)
	}
	// Where nothing else is taken, the scheme is named all the same: an empty list would say that the route is open.
	if diff := cmp.Diff(openapi3.SecurityRequirements{{"apiKey": {}}}, *operation(t, keys, "GET", "/me").Security); diff != "" {
		t.Error(diff)
	}
}

func examples(t *testing.T, op *openapi3.Operation, status string) string {
	t.Helper()
	response := op.Responses.Value(status)
	if response == nil {
		t.Fatalf("%s has no %s", op.OperationID, status)
	}
	media := response.Value.Content["application/problem+json"]
	if media == nil || len(response.Value.Content) != 1 {
		t.Fatalf("%s %s is not application/problem+json", op.OperationID, status)
	}
	var codes []string
	for code, example := range media.Examples {
		codes = append(codes, code)
		if value, ok := example.Value.Value.(map[string]any); !ok || value["code"] != code || value["detail"] == "" {
			t.Errorf("the example %s is %v", code, example.Value.Value)
		}
	}
	slices.Sort(codes)
	return strings.Join(codes, ", ")
}

// Every operation of ginauth's lists its problems with examples.
func TestEveryProblemHasAnExample(t *testing.T) {
	t.Parallel()
	doc := document(t, backendsRouter(t), openapi.Options{})
	checked := 0
	for _, item := range doc.Paths.Map() {
		for _, op := range item.Operations() {
			for status := range op.Responses.Map() {
				if strings.HasPrefix(status, "4") || strings.HasPrefix(status, "5") {
					checked++
					if examples(t, op, status) == "" {
						t.Errorf("%s %s has no example", op.OperationID, status)
					}
				}
			}
		}
	}
	if checked < 20 {
		t.Errorf("only %d answers were looked at", checked)
	}
}

func TestSchemesThatDifferDoNotShareAName(t *testing.T) {
	t.Parallel()
	doc := document(t, nestedRouter(t), openapi.Options{})
	names := map[string]string{}
	for name, scheme := range doc.Components.SecuritySchemes {
		names[name] = scheme.Value.Name
	}
	want := map[string]string{"sessionCookie": "__Host-shop", "sessionCookie-__Host-admin": "__Host-admin"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(openapi3.SecurityRequirements{{"sessionCookie-__Host-admin": {}}}, *operation(t, doc, "GET", "/admin/inner/a").Security); diff != "" {
		t.Error(diff)
	}
}

func TestOptionsThatCannotWorkAreRefused(t *testing.T) {
	t.Parallel()
	for want, opts := range map[string]openapi.Options{
		"must begin with a slash":     {Path: "schema"},
		`the Exclude rule "x"`:        {Hide: []string{"x"}},
		`the Exclude rule "y"`:        {Open: []string{"y"}},
		"Options.Swagger":             {Swagger: "{"},
		"no Swagger 2.0 document":     {Swagger: `{"openapi": "3.0.0"}`},
		"the document is not valid":   {Swagger: swag2(`"/users/{id}": {"get": {"security": [{"nobody": []}], "responses": {"200": {"description": "OK"}}}}`)},
		"converting from Swagger 2.0": {Swagger: swag2(`"/users/{id}": {"get": {"responses": {"200": {"description": "OK", "schema": {"$ref": "#/definitions/x"}}}}}`)},
	} {
		r := gin.New()
		r.GET("/users/:id", answer)
		if _, err := openapi.Build(r, opts); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", opts, err, want)
		}
	}
}

func TestTheServerIsWhereBrowsersFindTheApp(t *testing.T) {
	t.Parallel()
	cfg := newConfig(t)
	cfg.BaseURL = "https://example.com/my/app"
	r := gin.New()
	r.Use(ginauth.Session(built.Config(cfg)))
	r.GET("/user", ginauth.Me(built.Config(cfg)))
	for server, want := range map[string]string{"": "/my/app", "/other": "/other"} {
		if got := document(t, r, openapi.Options{Server: server}).Servers[0].URL; got != want {
			t.Errorf("Server %q: %s", server, got)
		}
	}
}
