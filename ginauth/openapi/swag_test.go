package openapi_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/gin-gonic/gin"
	"github.com/google/go-cmp/cmp"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/internal/built"
	"github.com/ginauth/ginauth/ginauth/openapi"
)

// swag2 is a document as swag writes them.
func swag2(paths string) string {
	return fmt.Sprintf(`{
		"swagger": "2.0", "host": "api.example", "basePath": "/", "schemes": ["https"],
		"info": {"title": "Shop", "version": "2.1", "description": "Sells.", "contact": {}},
		"paths": {%s},
		"definitions": {
			"main.Order": {"type": "object", "properties": {"id": {"type": "integer"}}},
			"main.Unused": {"type": "object"},
			"store.User": {"type": "object", "properties": {"shelf": {"type": "integer"}}}
		},
		"securityDefinitions": {
			"sessionCookie": {"type": "apiKey", "in": "header", "name": "Cookie"},
			"partner": {"type": "basic"}
		}
	}`, paths)
}

const orders = `
	"/orders/{orderID}": {
		"get": {
			"operationId": "order", "summary": "One order", "tags": ["orders"], "produces": ["application/json"],
			"parameters": [{"name": "orderID", "in": "path", "type": "integer", "required": true}],
			"responses": {
				"200": {"description": "OK", "schema": {"$ref": "#/definitions/main.Order"}},
				"404": {"description": "no_order", "schema": {"$ref": "#/definitions/main.Order"}}
			}
		}
	},
	"/shelf": {"get": {"responses": {"200": {"description": "OK", "schema": {"$ref": "#/definitions/store.User"}}}}}`

func shop(t *testing.T) *gin.Engine {
	t.Helper()
	cfg := newConfig(t, "/login", "/partner", "/open")
	r := gin.New()
	r.Use(ginauth.Session(built.Config(cfg)))
	r.POST("/login", ginauth.Login(built.Config(cfg)))
	r.GET("/orders/:id", answer)
	r.GET("/shelf", answer)
	r.GET("/partner", answer)
	r.GET("/open", answer)
	return r
}

func TestTheAppsOwnDocumentIsKeptAndSecured(t *testing.T) {
	t.Parallel()
	doc := document(t, shop(t), openapi.Options{Swagger: swag2(orders)})
	if doc.Info.Title != "Shop" || doc.Info.Version != "2.1" || doc.Info.Contact != nil || doc.Servers[0].URL != "/" {
		t.Errorf("the document is about %+v at %s", doc.Info, doc.Servers[0].URL)
	}
	op := operation(t, doc, "GET", "/orders/{orderID}") // the app's spelling
	if op.OperationID != "order" || op.Summary != "One order" || op.Responses.Value("200").Value.Content["application/json"].Schema.Ref != "#/components/schemas/Order" {
		t.Errorf("the operation is %+v", op)
	}
	if diff := cmp.Diff(openapi3.SecurityRequirements{{"sessionCookie": {}}}, *op.Security); diff != "" {
		t.Error(diff)
	}
	if examples(t, op, "401") != "unauthenticated" || examples(t, op, "503") != "unavailable" {
		t.Error("the answers of the middleware are missing")
	}
	if got := op.Responses.Value("404").Value; got.Content["application/json"] == nil {
		t.Errorf("an answer of the app's own was changed: %+v", got)
	}
	if cookie := doc.Components.SecuritySchemes["sessionCookie"].Value; cookie.In != "cookie" || cookie.Name != "__Host-session" {
		t.Errorf("the stand-in of Swagger 2.0 for the cookie was kept: %+v", cookie)
	}
	if doc.Components.Schemas["Unused"] != nil {
		t.Error("a type that no operation has is in the document")
	}
}

// Two packages called store, each with a User.
func TestTypesOfOneNameAreKeptApart(t *testing.T) {
	t.Parallel()
	doc := document(t, shop(t), openapi.Options{Swagger: swag2(orders)})
	schemas := doc.Components.Schemas
	if schemas["StoreUser"].Value.Properties["shelf"] == nil || schemas["GinauthStoreUser"].Value.Properties["email"] == nil {
		t.Errorf("the types are %v", schemas)
	}
	for name := range schemas {
		if strings.Contains(name, ".") {
			t.Errorf("the schema %s tells its package", name)
		}
	}
	login := operation(t, doc, "POST", "/login").Responses.Value("200").Value.Content["application/json"].Schema.Ref
	if login != "#/components/schemas/GinauthStoreUser" {
		t.Errorf("Login answers with %s", login)
	}
}

func TestBasePathIsPartOfThePath(t *testing.T) {
	t.Parallel()
	r := gin.New()
	r.GET("/api/v1/orders/:id", answer)
	swagger := strings.Replace(swag2(orders), `"basePath": "/"`, `"basePath": "/api/v1"`, 1)
	d, err := openapi.Build(r, openapi.Options{Swagger: swagger})
	if err != nil {
		t.Fatal(err)
	}
	operation(t, read(t, d.JSON()), "GET", "/api/v1/orders/{orderID}")
	if diff := cmp.Diff([]string{"GET /api/v1/shelf"}, d.Report().Missing); diff != "" {
		t.Error(diff)
	}
}

func TestExplicitSecurityIsKeptAndContradictionsAreReported(t *testing.T) {
	t.Parallel()
	described := func(path, scheme string) string {
		return fmt.Sprintf(`%q: {"get": {"security": [{%q: []}], "responses": {"200": {"description": "OK"}}}}`, path, scheme)
	}
	swagger := swag2(described("/partner", "partner") + "," + described("/open", "sessionCookie") + "," + described("/shelf", "partner"))
	d, err := openapi.Build(shop(t), openapi.Options{Swagger: swagger, Hide: []string{"/orders/:id"}})
	if err != nil {
		t.Fatal(err)
	}
	doc := read(t, d.JSON())
	for path, scheme := range map[string]string{"/partner": "partner", "/open": "sessionCookie", "/shelf": "partner"} {
		if diff := cmp.Diff(openapi3.SecurityRequirements{{scheme: {}}}, *operation(t, doc, "GET", path).Security); diff != "" {
			t.Errorf("%s: %s", path, diff)
		}
	}
	if diff := cmp.Diff(openapi.Report{Contradicted: []string{"GET /open"}, Public: []string{"GET /open", "GET /partner", "POST /login"}}, d.Report()); diff != "" {
		t.Error(diff)
	}
}

// swag's general @security is about what the app's own middleware asks for.
func TestGeneralSecurityOfTheAppIsKept(t *testing.T) {
	t.Parallel()
	cfg := newConfig(t, "/login", "/open", "/free")
	router := func() *gin.Engine {
		r := gin.New()
		r.GET("/early", answer)
		r.GET("/early/undocumented", answer)
		r.GET("/early/free", answer)
		r.POST("/token", ginauth.Logout(built.Config(cfg))) // ginauth's own, outside of Session
		r.Use(ginauth.Session(built.Config(cfg)))
		r.POST("/login", ginauth.Login(built.Config(cfg)))
		r.GET("/open", answer)
		r.GET("/free", answer)
		r.GET("/shelf", answer)
		r.GET("/partner", answer)
		return r
	}
	plain := `%q: {"get": {"responses": {"200": {"description": "OK"}}}}`
	free := `%q: {"get": {"security": [], "responses": {"200": {"description": "OK"}}}}`
	own := `%q: {"get": {"security": [{"partner": []}], "responses": {"200": {"description": "OK"}}}}`
	paths := strings.Join([]string{
		fmt.Sprintf(plain, "/early"), fmt.Sprintf(free, "/early/free"), fmt.Sprintf(plain, "/open"), fmt.Sprintf(free, "/free"),
		fmt.Sprintf(plain, "/shelf"), fmt.Sprintf(own, "/partner"),
	}, ",")
	session, partner, none := openapi3.SecurityRequirements{{"sessionCookie": {}}}, openapi3.SecurityRequirements{{"partner": {}}}, openapi3.SecurityRequirements{}
	for general, want := range map[string]map[string]*openapi3.SecurityRequirements{
		"": {"/early": &none, "/early/undocumented": &none, "/early/free": &none, "/open": &none, "/free": &none, "/shelf": &session, "/partner": &partner},
		// nil says nothing, and so what the whole document says
		`[{"partner": []}]`:                        {"/early": nil, "/early/undocumented": nil, "/early/free": &none, "/open": nil, "/free": &none, "/shelf": &session, "/partner": &partner},
		`[{"sessionCookie": []}, {"partner": []}]`: {"/early": nil, "/early/undocumented": nil, "/early/free": &none, "/open": nil, "/free": &none, "/shelf": &session, "/partner": &partner},
		`[{"sessionCookie": []}]`:                  {"/early": nil, "/early/undocumented": nil, "/early/free": &none, "/open": &none, "/free": &none, "/shelf": &session, "/partner": &partner},
	} {
		swagger := swag2(paths)
		if general != "" {
			swagger = strings.Replace(swagger, `"paths":`, `"security": `+general+`, "paths":`, 1)
		}
		doc := document(t, router(), openapi.Options{Swagger: swagger})
		if (len(doc.Security) > 0) != (general != "") {
			t.Errorf("%s: the document says %v", general, doc.Security)
		}
		for path, security := range want {
			if diff := cmp.Diff(security, operation(t, doc, "GET", path).Security); diff != "" {
				t.Errorf("%s, %s: %s", general, path, diff)
			}
		}
		for _, path := range []string{"/login", "/token"} { // ginauth knows what its own handlers ask for
			if got := operation(t, doc, "POST", path).Security; got == nil || len(*got) != 0 {
				t.Errorf("%s, %s: %v", general, path, got)
			}
		}
	}
}

func TestAnOperationOfTheAppReplacesOurs(t *testing.T) {
	t.Parallel()
	mine := `"/login": {"post": {"operationId": "login", "summary": "Come in", "responses": {"200": {"description": "OK"}}}}`
	op := operation(t, document(t, shop(t), openapi.Options{Swagger: swag2(mine)}), "POST", "/login")
	if op.Summary != "Come in" || op.OperationID != "login" || op.RequestBody != nil {
		t.Errorf("the operation is %+v", op)
	}
	if len(*op.Security) != 0 || examples(t, op, "403") != "cross_origin" {
		t.Errorf("it has the security %v", *op.Security)
	}
}
