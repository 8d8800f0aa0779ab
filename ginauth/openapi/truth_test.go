package openapi_test

import (
	"net/http"
	"regexp"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/account"
	"github.com/ginauth/ginauth/ginauth/apikey"
	"github.com/ginauth/ginauth/ginauth/internal/built"
	"github.com/ginauth/ginauth/ginauth/openapi"
	"github.com/ginauth/ginauth/store"
	"github.com/ginauth/ginauth/store/storetest"
)

// The property that the package exists for: without credentials a request is 401 exactly where the
// document says that it needs some. SEC-171
func TestDocumentSaysSecuredExactlyWhereTheAnswerIs401(t *testing.T) {
	t.Parallel()
	for name, build := range map[string]func(*testing.T) *gin.Engine{
		"groups, nested, mounted twice": nestedRouter,
		"rules and methods":             rulesRouter,
		"several backends":              backendsRouter,
		"keys only":                     keysRouter,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			engine := build(t)
			secured, public := compareWithAnswers(t, engine, openapi.Options{})
			if secured < 3 || public < 1 {
				t.Errorf("only %d secured and %d public operations were compared", secured, public)
			}
		})
	}
}

var parameter = regexp.MustCompile(`\{[^}]+\}`)

func compareWithAnswers(t *testing.T, engine *gin.Engine, opts openapi.Options) (secured, public int) {
	t.Helper()
	doc := document(t, engine, opts)
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			if op.Security == nil {
				t.Fatalf("%s %s says nothing about security", method, path)
			}
			says := len(*op.Security) > 0
			is := ask(engine, method, parameter.ReplaceAllString(path, "x")).Code == http.StatusUnauthorized
			if says != is {
				t.Errorf("%s %s: the document says secured = %t, and 401 = %t", method, path, says, is)
			}
			if says {
				secured++
			} else {
				public++
			}
		}
	}
	return secured, public
}

// nestedRouter has two apps with cookies of their own, each with groups in groups.
func nestedRouter(t *testing.T) *gin.Engine {
	t.Helper()
	r := gin.New()
	r.GET("/health", answer) // before any Session
	for _, name := range []string{"shop", "admin"} {
		cfg := newConfig(t, "/"+name+"/login", "/"+name+"/v2/login", "/"+name+"/open/:id", "/"+name+"/me")
		cfg.Cookie.Name = name
		app := r.Group("/"+name, ginauth.Session(built.Config(cfg)))
		app.POST("/login", ginauth.Login(built.Config(cfg)))
		app.POST("/v2/login", ginauth.Login(built.Config(cfg)))
		app.GET("/me", ginauth.Me(built.Config(cfg))) // excluded, and 401 by itself
		app.POST("/logout", ginauth.Logout(built.Config(cfg)))
		app.GET("/open/:id", answer)
		app.GET("/open/:id/deep/:part", answer)
		inner := app.Group("/inner")
		inner.GET("/a", answer)
		stricter := cfg
		stricter.Exclude = nil
		strict := app.Group("/open", ginauth.Session(built.Config(stricter))) // a second Session adds its rules
		strict.DELETE("/:id", answer)
		deeper := inner.Group("/deeper/:tenant", ginauth.Require(ginauth.Verified()))
		deeper.PATCH("/b", answer)
		deeper.GET("/files/*path", answer)
	}
	return r
}

func rulesRouter(t *testing.T) *gin.Engine {
	t.Helper()
	cfg := newConfig(t, "/", "POST /login", "/static/*any", "GET /page", "/late", ginauth.NoRoute)
	r := gin.New()
	r.HandleMethodNotAllowed = true
	r.Use(ginauth.Session(built.Config(cfg)))
	r.GET("/", answer)
	r.POST("/login", ginauth.Login(built.Config(cfg)))
	r.GET("/login", answer)
	r.GET("/static/*file", answer)
	r.HEAD("/static/*file", answer)
	r.GET("/static-not", answer)
	r.GET("/page", answer)
	r.HEAD("/page", answer) // the rule names GET alone
	r.OPTIONS("/page", answer)
	r.Any("/any", answer)
	r.GET("/sessions", account.Sessions(built.Config(cfg)))
	r.DELETE("/sessions/:id", account.RevokeSession(built.Config(cfg)))
	r.POST("/sessions/:sid/revoke", account.RevokeSession(built.Config(cfg)))
	r.POST("/reauthenticate", account.Reauthenticate(built.Config(cfg)))
	r.GET("/late", ginauth.Require(), answer) // excluded, and guarded all the same
	r.PUT("/late", ginauth.With(func(c *gin.Context, _ user) { answer(c) }))
	r.NoRoute(answer)
	r.NoMethod(answer)
	return r
}

func backendsRouter(t *testing.T) *gin.Engine {
	t.Helper()
	db := store.New[user](storetest.NewDB(t), store.WithTimeout(time.Minute))
	cfg := config{Users: db, Exclude: []string{"/login", "/token", "/public"}, Logger: quiet}
	keys := built.Keys(cfg, apikey.Options[user]{})
	r := gin.New()
	r.Use(ginauth.Authenticate(built.Config(cfg), apikey.Backend(keys), ginauth.Backend[user](token{oauth}), ginauth.SessionAuth(built.Config(cfg))))
	r.POST("/login", ginauth.Login(built.Config(cfg)))
	r.POST("/token", answer)
	r.GET("/user", ginauth.Require(ginauth.AnyScope()), ginauth.Me(built.Config(cfg)))
	r.GET("/account", ginauth.Me(built.Config(cfg)))
	r.POST("/api-keys", ginauth.Require(ginauth.Fresh(600e9)), apikey.Create(keys))
	r.GET("/api-keys", apikey.List(keys))
	r.DELETE("/api-keys/:id", apikey.Revoke(keys))
	r.GET("/posts", ginauth.Require(ginauth.Scope("posts:read")), answer)
	r.GET("/public", answer)
	return r
}

func keysRouter(t *testing.T) *gin.Engine {
	t.Helper()
	cfg := config{NoSessions: true, Logger: quiet, Exclude: []string{"/status"}}
	r := gin.New()
	r.Use(ginauth.Authenticate(built.Config(cfg), apikey.Backend(built.Keys(cfg, apikey.Options[user]{Store: store.New[user](storetest.NewDB(t), store.WithTimeout(time.Minute))}))))
	r.GET("/status", answer)
	r.GET("/me", ginauth.With(func(c *gin.Context, _ user) { answer(c) }))
	r.POST("/things", ginauth.Require(ginauth.Any(ginauth.Scope("things:write"), ginauth.Scope("all"))), answer)
	r.DELETE("/things/:id", answer)
	return r
}

var oauth = ginauth.Scheme{
	Name: "BearerToken", Type: "oauth2", TokenURL: "/token", Description: "A token.",
	Scopes: map[string]string{"posts:write": "Change posts."},
}
