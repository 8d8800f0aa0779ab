package openapi_test

import (
	"fmt"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/google/go-cmp/cmp"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/internal/built"
	"github.com/ginauth/ginauth/ginauth/openapi"
)

// recorder is a TB that remembers.
type recorder struct{ faults []string }

func (*recorder) Helper() {}

func (r *recorder) Errorf(format string, args ...any) {
	r.faults = append(r.faults, fmt.Sprintf(format, args...))
}

func TestCheckFindsWhereDocumentAndRouterDiffer(t *testing.T) {
	t.Parallel()
	cfg := newConfig(t, "/login", "/typo", "/open")
	r := gin.New()
	r.GET("/early", answer)
	r.GET("/health", answer)
	r.Use(ginauth.Session(built.Config(cfg)))
	r.POST("/login", ginauth.Login(built.Config(cfg)))
	r.GET("/open", answer)
	r.GET("/page", answer)
	swagger := swag2(orders + `, "/open": {"get": {"security": [{"sessionCookie": []}], "responses": {"200": {"description": "OK"}}}}`)
	var got recorder
	openapi.Check(&got, r, openapi.Options{Swagger: swagger, Open: []string{"/health"}, Hide: []string{"/page", "/health"}})
	want := []string{
		"GET /early is not documented: annotate its handler, or name it in Options.Hide",
		"GET /orders/{orderID} is documented and has no route: correct its @Router",
		"GET /shelf is documented and has no route: correct its @Router",
		`the Exclude rule "/typo" matches no route: correct or remove it`,
		"GET /early is not covered by Session: register it after router.Use(ginauth.Session(cfg)), or name it in Options.Open",
		"GET /open is documented with @Security and answers without credentials: remove the annotation, or the rule that excludes the route",
	}
	if diff := cmp.Diff(want, got.faults); diff != "" {
		t.Error(diff)
	}
}

func TestCheckPassesAGoodRouterAndFailsWithoutADocument(t *testing.T) {
	t.Parallel()
	cfg := newConfig(t, "/login")
	r := gin.New()
	r.Use(ginauth.Session(built.Config(cfg)))
	r.POST("/login", ginauth.Login(built.Config(cfg)))
	r.GET("/user", ginauth.Me(built.Config(cfg)))
	if err := openapi.Mount(r, openapi.Options{}); err != nil {
		t.Fatal(err)
	}
	openapi.Check(t, r, openapi.Options{})
	var got recorder
	openapi.Check(&got, r, openapi.Options{Path: "nowhere"})
	if len(got.faults) != 1 {
		t.Errorf("the faults are %q", got.faults)
	}
}

// Whoever removes a guard or opens a route sees it in the document.
func TestDocumentShowsWhatWasTakenAway(t *testing.T) {
	t.Parallel()
	build := func(guard gin.HandlerFunc, path string, exclude ...string) string {
		cfg := newConfig(t, exclude...)
		r := gin.New()
		r.Use(ginauth.Session(built.Config(cfg)))
		r.GET(path, guard, answer)
		d, err := openapi.Build(r, openapi.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return string(d.JSON())
	}
	verified := ginauth.Require(ginauth.Verified())
	nothing := func(*gin.Context) {}
	seen := map[string]string{}
	for name, doc := range map[string]string{
		"as it was":      build(verified, "/a"),
		"no guard":       build(nothing, "/a"),
		"moved":          build(verified, "/b"),
		"open, no guard": build(nothing, "/a", "/a"),
	} {
		if other, same := seen[doc]; same {
			t.Errorf("%q and %q have the same document", name, other)
		}
		seen[doc] = name
	}
}
