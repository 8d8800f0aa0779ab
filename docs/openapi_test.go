package docs_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/docs"
	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/account"
	"github.com/ginauth/ginauth/ginauth/apikey"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/email"
	"github.com/ginauth/ginauth/ginauth/email/smtp"
	"github.com/ginauth/ginauth/ginauth/jwt"
	"github.com/ginauth/ginauth/ginauth/openapi"
	"github.com/ginauth/ginauth/store"
)

const referenceURL = "https://api.example.com"

// withUsernames is the same app with usernames, for the one handler that needs them.
func withUsernames(t *testing.T, cfg *ginauth.Config[store.User]) *ginauth.Config[store.User] {
	t.Helper()
	o := cfg.Options()
	o.Identifier = driver.EitherIdentifier
	named, err := ginauth.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return named
}

// reference mounts everything that ginauth has. It describes itself and is never asked.
func reference(t *testing.T) *gin.Engine {
	t.Helper()
	gin.SetMode(gin.ReleaseMode)
	db := store.New[store.User](&pgxpool.Pool{})
	cfg, err := ginauth.New(ginauth.Options[store.User]{
		Users: db,
		Exclude: []string{
			"/.well-known/jwks.json", "/signup", "/login", "/token", "/token/login", "/refresh", "/revoke", "/user/restore",
			"/signup/mail", "/forgot", "/verify/resend", "/magic/send", "/reset", "/verify", "/magic", "/email/confirm", "/email/undo",
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	key, err := jwt.Generate("reference", jwt.EdDSA)
	if err != nil {
		t.Fatal(err)
	}
	ring, err := jwt.NewRing(key)
	if err != nil {
		t.Fatal(err)
	}
	flow, err := jwt.New(cfg, jwt.Options[store.User]{Issuer: jwt.NewIssuer(jwt.IssuerOptions{Keys: ring, Issuer: referenceURL, Audiences: []string{referenceURL}})})
	if err != nil {
		t.Fatal(err)
	}
	bearer := jwt.OAuth2Password(cfg, jwt.BackendOptions[store.User]{
		Accept: jwt.Accept{Issuers: []jwt.Trust{{Issuer: referenceURL, Keys: ring}}, Audiences: []string{referenceURL}}, Users: db,
	}, jwt.PasswordFlow{TokenURL: "/token", RefreshURL: "/refresh"})
	keys, err := apikey.New(cfg, apikey.Options[store.User]{})
	if err != nil {
		t.Fatal(err)
	}
	fresh := ginauth.Require(ginauth.Fresh(10 * time.Minute))

	r := gin.New()
	r.Use(ginauth.Authenticate(cfg, apikey.Backend(keys), bearer, ginauth.SessionAuth(cfg)))
	r.POST("/signup", ginauth.SignUp(cfg))
	r.POST("/login", ginauth.Login(cfg))
	r.POST("/logout", ginauth.Logout(cfg))
	r.GET("/user", ginauth.Require(ginauth.AnyScope()), ginauth.Me(cfg))
	r.POST("/reauthenticate", account.Reauthenticate(cfg))
	r.POST("/username", account.ChangeUsername(withUsernames(t, cfg)))
	r.POST("/password", account.SetPassword(cfg))
	r.POST("/password/change", account.ChangePassword(cfg))
	r.PATCH("/user", account.UpdateProfile(cfg))
	r.DELETE("/user", account.DeleteAccount(cfg))
	r.POST("/user/archive", account.DeleteAccountAfter(cfg, 30*24*time.Hour))
	r.POST("/user/restore", account.RestoreAccount(cfg))
	r.GET("/user/export", account.ExportAccount(cfg))
	r.GET("/events", account.Events(cfg))
	r.GET("/sessions", account.Sessions(cfg))
	r.DELETE("/sessions/:id", account.RevokeSession(cfg))
	r.POST("/sessions/revoke-others", account.RevokeOtherSessions(cfg))
	r.POST("/sessions/revoke-all", account.RevokeAllSessions(cfg))
	r.POST("/api-keys", fresh, apikey.Create(keys))
	r.GET("/api-keys", apikey.List(keys))
	r.DELETE("/api-keys/:id", apikey.Revoke(keys))
	r.DELETE("/api-keys", apikey.RevokeAll(keys))
	mails, err := email.New(cfg, email.Options[store.User]{
		BaseURL: referenceURL, From: "ginauth <hello@example.com>",
		Sender: smtp.New(smtp.Options{Host: "mail.example.com"}),
		Pages:  email.Pages{Verify: "/verify", Reset: "/reset", Login: "/magic", Change: "/email/confirm", Undo: "/email/undo"},
	})
	if err != nil {
		t.Fatal(err)
	}
	r.POST("/signup/mail", email.SignUp(mails))
	r.POST("/forgot", email.ForgotPassword(mails))
	r.POST("/reset", email.ResetPassword(mails))
	r.POST("/verify", email.VerifyEmail(mails))
	r.POST("/verify/resend", email.ResendVerification(mails))
	r.POST("/magic/send", email.SendMagicLink(mails))
	r.POST("/magic", email.MagicLink(mails))
	r.POST("/email", email.ChangeEmail(mails))
	r.POST("/email/confirm", email.ConfirmEmailChange(mails))
	r.POST("/email/undo", email.UndoEmailChange(mails))
	r.POST("/token", jwt.Token(flow))
	r.POST("/token/login", jwt.Login(flow, jwt.InBody))
	r.POST("/token/logout", jwt.Logout(flow))
	r.POST("/refresh", jwt.Refresh(flow))
	r.POST("/revoke", jwt.Revoke(flow))
	r.GET("/.well-known/jwks.json", jwt.PublicKeys(ring))
	return r
}

// referenceOptions take what docs/api.go says in general.
func referenceOptions(t *testing.T) openapi.Options {
	t.Helper()
	var general struct{ Info map[string]any }
	if err := json.Unmarshal([]byte(docs.Swagger()), &general); err != nil {
		t.Fatal(err)
	}
	general.Info["description"] = "Accounts and sessions for a Gin app, on PostgreSQL: every operation of ginauth, as an app that mounts all of them would have it.\n\nEvery error is application/problem+json (RFC 9457) with a stable `code`, listed in docs/problems.md."
	swagger, err := json.Marshal(map[string]any{"swagger": "2.0", "info": general.Info, "paths": map[string]any{}})
	if err != nil {
		t.Fatal(err)
	}
	return openapi.Options{Swagger: string(swagger)}
}

func TestOpenAPIIsFresh(t *testing.T) {
	t.Parallel()
	d, err := openapi.Build(reference(t), referenceOptions(t))
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "openapi.json", d.JSON())
	golden(t, "openapi.yaml", d.YAML())
}

func TestOpenAPIHasEveryOperation(t *testing.T) {
	t.Parallel()
	openapi.Check(t, reference(t), referenceOptions(t))
	d, err := openapi.Build(reference(t), referenceOptions(t))
	if err != nil {
		t.Fatal(err)
	}
	described := operationIDs(t, d.JSON())
	for _, id := range operationIDs(t, swagger(t)) {
		if !slices.Contains(described, id) {
			t.Errorf("the reference app does not mount %s: add it in docs/openapi_test.go", id)
		}
	}
}

// middleware are constructors of what answers nothing by itself.
var middleware = []string{"Session", "Authenticate", "Require", "With", "Wrap"}

// An operation is annotated below the constructor of its handler, in the same file, so that `go doc` shows prose alone.
func TestEveryHandlerIsAnnotatedBelowItsConstructor(t *testing.T) {
	t.Parallel()
	handlers := 0
	for _, folder := range []string{"../ginauth", "../ginauth/account", "../ginauth/apikey", "../ginauth/email", "../ginauth/jwt"} {
		files, err := filepath.Glob(folder + "/*.go")
		if err != nil || len(files) == 0 {
			t.Fatal(folder, err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			handlers += annotated(t, file, parsed)
		}
	}
	if handlers < 30 {
		t.Errorf("%d handlers were found", handlers)
	}
}

var annotation = regexp.MustCompile(`(?m)^\s*@\w`)

// annotated returns how many handlers a file has an exported constructor of, each with its annotations below.
func annotated(t *testing.T, file string, parsed *ast.File) (handlers int) {
	t.Helper()
	var waiting []string // constructors whose annotations have not come yet
	for _, declared := range parsed.Decls {
		f, ok := declared.(*ast.FuncDecl)
		if !ok {
			continue
		}
		has := strings.Contains(f.Doc.Text(), "@ID") && strings.Contains(f.Doc.Text(), "@Router")
		switch {
		case f.Name.IsExported() && annotation.MatchString(f.Doc.Text()):
			t.Errorf("%s: %s is exported and has annotations: they belong to a function below it", file, f.Name.Name)
		case returnsHandler(f) && !strings.HasSuffix(f.Name.Name, "With"): // which answers as the one without a payload of the app's
			handlers++
			waiting = append(waiting, f.Name.Name)
		case has && len(waiting) == 0:
			t.Errorf("%s: %s has annotations, and no constructor stands above it", file, f.Name.Name)
		case has:
			waiting = waiting[1:]
		}
	}
	for _, name := range waiting {
		t.Errorf("%s: %s is a handler without annotations", file, name)
	}
	return handlers
}

func returnsHandler(f *ast.FuncDecl) bool {
	if f.Recv != nil || !f.Name.IsExported() || slices.Contains(middleware, f.Name.Name) || f.Type.Results == nil || len(f.Type.Results.List) != 1 {
		return false
	}
	result, ok := f.Type.Results.List[0].Type.(*ast.SelectorExpr)
	return ok && result.Sel.Name == "HandlerFunc"
}

func operationIDs(t *testing.T, document []byte) (ids []string) {
	t.Helper()
	var d struct {
		Paths map[string]map[string]struct{ OperationID string }
	}
	if err := json.Unmarshal(document, &d); err != nil {
		t.Fatal(err)
	}
	for _, operations := range d.Paths {
		for _, operation := range operations {
			ids = append(ids, operation.OperationID)
		}
	}
	return ids
}
