package openapi_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/gin-contrib/sessions/memstore"
	"github.com/gin-gonic/gin"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/built"
	"github.com/ginauth/ginauth/ginauth/openapi"
	"github.com/ginauth/ginauth/store"
)

// member is a user with columns of the app's own.
type member struct {
	store.User
	Plan    string            `db:"plan" json:"plan" enums:"free,paid"`
	Since   time.Time         `db:"since" json:"since"`
	Team    uuid.UUID         `db:"team" json:"team"`
	Labels  map[string]int    `db:"labels" json:"labels,omitempty"`
	Referee *string           `db:"referee" json:"referee"`
	Boss    *person           `db:"boss" json:"boss,omitempty"`
	Extra   json.RawMessage   `db:"extra" json:"extra,omitempty"`
	Avatar  []byte            `db:"avatar" json:"avatar,omitempty"`
	Secret  string            `db:"secret" json:"-"`
	hidden  map[string]string //nolint:unused // must not be shown
}

type person struct {
	Name    string   `json:"name"`
	Friends []person `json:"friends"`
}

// application is a sign-up payload of the app's own.
type application struct {
	ginauth.Registration
	Company string   `json:"company" binding:"required,min=2,max=80" example:"Acme"`
	Size    int      `json:"size" binding:"gte=1,lt=1000"`
	Site    string   `json:"site" binding:"omitempty,url"`
	Kind    string   `json:"kind" binding:"oneof=school firm"`
	Tags    []string `json:"tags" binding:"max=3,dive,max=20"`
}

func TestTheAppsOwnTypesAreShown(t *testing.T) {
	t.Parallel()
	cfg := ginauth.Options[member]{Users: fakeUsers[member]{}, RetrieveUser: nil, Sessions: memstore.NewStore([]byte("0123456789abcdef0123456789abcdef")), Logger: quiet, Exclude: []string{"/signup"}}
	r := gin.New()
	r.Use(ginauth.Session(built.Config(cfg)))
	r.POST("/signup", ginauth.SignUpWith(built.Config(cfg), func(context.Context, application, *member) error { return nil }))
	r.GET("/user", ginauth.Me(built.Config(cfg)))
	doc := document(t, r, openapi.Options{})
	for name, want := range map[string]string{
		"member": `{"type": "object", "required": ["id", "email", "name", "plan", "since", "team", "referee"], "properties": {
			"id": {"type": "string", "format": "uuid"}, "email": {"type": "string", "format": "email"}, "name": {"type": "string"},
			"verified_at": {"type": "string", "format": "date-time"}, "username": {"type": "string"}, "must_change_password": {"type": "boolean"},
			"plan": {"type": "string", "enum": ["free", "paid"]}, "since": {"type": "string", "format": "date-time"},
			"team": {"type": "string", "format": "uuid"}, "labels": {"type": "object", "additionalProperties": {"type": "integer"}},
			"referee": {"type": ["string", "null"]}, "boss": {"$ref": "#/components/schemas/person"},
			"extra": {}, "avatar": {"type": "string", "format": "byte"}}}`,
		"person": `{"type": "object", "required": ["name", "friends"], "properties": {
			"name": {"type": "string"}, "friends": {"type": "array", "items": {"$ref": "#/components/schemas/person"}}}}`,
		"application": `{"type": "object", "required": ["name", "email", "password", "company"], "properties": {
			"name": {"type": "string", "maxLength": 200, "examples": ["Ada Lovelace"]},
			"email": {"type": "string", "format": "email", "examples": ["ada@example.com"]},
			"password": {"type": "string", "format": "password", "examples": ["correct horse battery staple"]},
			"remember": {"type": "boolean"},
			"company": {"type": "string", "minLength": 2, "maxLength": 80, "examples": ["Acme"]},
			"size": {"type": "integer", "minimum": 1, "exclusiveMaximum": 1000},
			"site": {"type": "string", "format": "uri"}, "kind": {"type": "string", "enum": ["school", "firm"]},
			"tags": {"type": "array", "items": {"type": "string"}, "maxItems": 3}}}`,
	} {
		schema := doc.Components.Schemas[name]
		if schema == nil {
			t.Fatalf("%s is not in the document", name)
		}
		got, err := json.Marshal(schema)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(parsed(t, want), parsed(t, string(got))); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
	body := operation(t, doc, "POST", "/signup").RequestBody.Value.Content["application/json"].Schema.Ref
	shown := operation(t, doc, "GET", "/user").Responses.Value("200").Value.Content["application/json"].Schema.Ref
	if body != "#/components/schemas/application" || shown != "#/components/schemas/member" {
		t.Errorf("sign-up takes %s, Me shows %s", body, shown)
	}
}

func parsed(t *testing.T, text string) (v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// fakeUsers are only there to be mounted.
type fakeUsers[U any] struct{ driver.Users[U] }

func TestWhatViewMakesOfAUserIsShown(t *testing.T) {
	t.Parallel()
	type public struct {
		Nick string `json:"nick"`
	}
	for name, test := range map[string]struct {
		view func(user) any
		opts openapi.Options
	}{
		"by its type":    {view: func(user) any { return public{} }},
		"by a pointer":   {view: func(user) any { return &public{} }},
		"by the Options": {view: func(u user) any { return gin.H{"nick": u.Name[:1]} }, opts: openapi.Options{User: public{}}}, // panics on nobody
	} {
		cfg := newConfig(t)
		cfg.View = test.view
		r := gin.New()
		r.Use(ginauth.Session(built.Config(cfg)))
		r.GET("/user", ginauth.Me(built.Config(cfg)))
		schema := operation(t, document(t, r, test.opts), "GET", "/user").Responses.Value("200").Value.Content["application/json"].Schema
		if schema.Ref != "#/components/schemas/public" || schema.Value.Properties["nick"] == nil {
			t.Errorf("%s: the user is %s %v", name, schema.Ref, schema.Value)
		}
	}
}

func TestPayloadsAskForWhatUsersLogInWith(t *testing.T) {
	t.Parallel()
	for of, want := range map[driver.IdentifierKind]string{
		driver.EmailIdentifier:    `{"required": ["name", "email", "password", "company"], "username": false}`,
		driver.UsernameIdentifier: `{"required": ["name", "username", "password", "company"], "username": true}`,
		driver.EitherIdentifier:   `{"required": ["name", "password", "company"], "username": true}`,
	} {
		cfg := built.Config(ginauth.Options[member]{
			Users: fakeUsers[member]{}, Sessions: memstore.NewStore([]byte("0123456789abcdef0123456789abcdef")), Logger: quiet, Identifier: of,
		})
		r := gin.New()
		r.Use(ginauth.Session(cfg))
		r.POST("/signup", ginauth.SignUpWith(cfg, func(context.Context, application, *member) error { return nil }))
		schema := document(t, r, openapi.Options{}).Components.Schemas["application"].Value
		got, err := json.Marshal(map[string]any{"required": schema.Required, "username": schema.Properties["username"] != nil})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(parsed(t, want), parsed(t, string(got))); diff != "" {
			t.Errorf("%v:\n%s", of, diff)
		}
	}
}

// What the document says of a login follows Options.Identifier, in every text of ginauth's.
func TestTextsFollowTheIdentifier(t *testing.T) {
	t.Parallel()
	for of, want := range map[driver.IdentifierKind][]string{
		driver.EmailIdentifier:    {"Name, e-mail address and password", "E-mail address and password", "E-mail address or password is wrong"},
		driver.UsernameIdentifier: {"Name, username and password", "Username and password", "Username or password is wrong."},
		driver.EitherIdentifier:   {"Name, username or e-mail address, and password", "Username or e-mail address, and password", "Username, e-mail address or password is wrong"},
	} {
		cfg := built.Config(ginauth.Options[member]{
			Users: fakeUsers[member]{}, Sessions: memstore.NewStore([]byte("0123456789abcdef0123456789abcdef")), Logger: quiet, Identifier: of,
		})
		r := gin.New()
		r.Use(ginauth.Session(cfg))
		r.POST("/signup", ginauth.SignUpWith(cfg, func(context.Context, application, *member) error { return nil }))
		r.POST("/login", ginauth.Login(cfg))
		doc := document(t, r, openapi.Options{})
		got := []string{
			operation(t, doc, "POST", "/signup").RequestBody.Value.Description, operation(t, doc, "POST", "/login").RequestBody.Value.Description,
		}
		for i, text := range append(got, doc.Components.Examples["invalid_credentials"].Value.Summary) {
			if !strings.HasPrefix(text, want[i]) {
				t.Errorf("%v: %q, want %q", of, text, want[i])
			}
		}
	}
}
