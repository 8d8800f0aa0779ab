package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/gin-gonic/gin"
	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/swaggo/swag/gen"

	"github.com/ginauth/ginauth/ginauth/openapi"
)

func TestMain(m *testing.M) {
	gin.SetMode(gin.TestMode)
	m.Run()
}

func app(t *testing.T) *gin.Engine {
	t.Helper()
	r, err := router(&pgxpool.Pool{}) // nobody logs in
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// The two lines that the guide recommends for an app's own tests.
func TestDescriptionTellsTheTruth(t *testing.T) {
	t.Parallel()
	openapi.Check(t, app(t), options)
}

func TestSwagDocumentIsFresh(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	err := gen.New().Build(&gen.Config{
		SearchDir: "./", MainAPIFile: "main.go", OutputDir: dir, OutputTypes: []string{"json"},
		PropNamingStrategy: "camelcase", ParseDepth: 100, Debugger: quiet{},
	})
	if err != nil {
		t.Fatal(err)
	}
	fresh, err := os.ReadFile(dir + "/swagger.json")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(swagger, "\n"), strings.Split(string(fresh), "\n")); diff != "" {
		t.Errorf("docs/swagger.json is stale; run swag init as main.go says (-committed +generated):\n%s", diff)
	}
}

// Swag reads a type that embeds ginauth's only with the flag that docs/openapi.md names: --parseDependencyLevel 1.
func TestSwagReadsAUserTypeThatEmbedsGinauths(t *testing.T) {
	t.Parallel()
	build := func(level int) (string, error) {
		dir := t.TempDir()
		err := gen.New().Build(&gen.Config{
			SearchDir: "./docs/owntype", MainAPIFile: "main.go", OutputDir: dir, OutputTypes: []string{"json"},
			PropNamingStrategy: "camelcase", ParseDepth: 2, ParseDependency: level, Debugger: quiet{},
		})
		if err != nil {
			return "", err
		}
		document, err := os.ReadFile(dir + "/swagger.json")
		return string(document), err
	}
	if _, err := build(0); err == nil || !strings.Contains(err.Error(), "store.User") {
		t.Errorf("without the flag: %v; if swag can do without it now, docs/openapi.md need not name it", err)
	}
	document, err := build(1)
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range []string{"plan", "email", "name", "verified_at"} {
		if !strings.Contains(document, `"`+field+`": {`) {
			t.Errorf("the schema lacks %s:\n%s", field, document)
		}
	}
	if strings.Contains(document, "disabled") {
		t.Error("the schema shows what answers do not")
	}
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}

func TestOwnAndMountedOperationsShareOneDocument(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	app(t).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/schema/openapi.json", nil))
	doc, err := openapi3.NewLoader().LoadFromData(w.Body.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			says := "open"
			if len(*op.Security) > 0 {
				says = "secured"
			}
			got[method+" "+path] = op.OperationID + ", " + says
		}
	}
	want := map[string]string{
		"POST /api/signup": "signUp, open",
		"POST /api/login":  "login, open",
		"POST /api/logout": "logout, open",
		"GET /api/notes":   "notes, secured",
		"POST /api/notes":  "addNote, secured",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	add := doc.Paths.Value("/api/notes").Post
	for status, code := range map[string]string{"401": "unauthenticated", "403": "not_verified", "422": "validation_failed"} {
		if media := add.Responses.Value(status).Value.Content["application/problem+json"]; media == nil || media.Examples[code] == nil {
			t.Errorf("%s has no example of %s", status, code)
		}
	}
	if text := doc.Components.Schemas["Note"].Value.Properties["text"].Value; *text.MaxLength != 1000 {
		t.Errorf("the rule of the binding tag is missing: %+v", text)
	}
}
