package ginauth_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/internal/built"
)

// Gin's list of routes, its log and c.HandlerName show the constructor of a handler.
func TestHandlersShowTheirOwnNames(t *testing.T) {
	t.Parallel()
	app, _ := policed(t, ginauth.UnverifiedAllowed)
	app.POST("/in", ginauth.Login(built.Config(app.cfg)))
	want := map[string]string{
		"GET /user": "ginauth.Me[", "POST /logout": "ginauth.Logout[", "DELETE /sessions/:id": "account.RevokeSession[", "PATCH /user": "account.UpdateProfile[",
		"POST /in": "ginauth.Login[", "GET /open/with": "ginauth.With[",
	}
	for _, r := range app.Routes() {
		if name := want[r.Method+" "+r.Path]; name != "" && !strings.Contains(r.Handler, name) {
			t.Errorf("%s %s is handled by %s, not by %s…]", r.Method, r.Path, r.Handler, name)
		}
		if strings.Contains(r.Handler, "internal/") {
			t.Errorf("%s %s is handled by %s", r.Method, r.Path, r.Handler)
		}
		delete(want, r.Method+" "+r.Path)
	}
	if len(want) > 0 {
		t.Errorf("there is no route %v", want)
	}
}

// Every exported function that returns a handler names it itself, with a function literal of its own.
func TestEveryConstructorNamesItsHandler(t *testing.T) {
	t.Parallel()
	constructors := 0
	for _, dir := range []string{".", "jwt", "apikey", "email", "openapi"} {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range file.Decls {
				f, ok := d.(*ast.FuncDecl)
				if !ok || !f.Name.IsExported() || !returnsHandler(f) {
					continue
				}
				constructors++
				if !namesHandler(f) {
					t.Errorf("%s: %s does not call As with a function literal", name, f.Name)
				}
			}
		}
	}
	if constructors < 30 {
		t.Errorf("%d constructors: the list is not whole", constructors)
	}
}

func returnsHandler(f *ast.FuncDecl) bool {
	if f.Type.Results == nil || len(f.Type.Results.List) == 0 {
		return false
	}
	result, ok := f.Type.Results.List[0].Type.(*ast.SelectorExpr)
	return ok && result.Sel.Name == "HandlerFunc"
}

func namesHandler(f *ast.FuncDecl) (named bool) {
	ast.Inspect(f.Body, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) != 1 {
			return true
		}
		if as, ok := call.Fun.(*ast.SelectorExpr); ok && as.Sel.Name == "As" {
			_, literal := call.Args[0].(*ast.FuncLit)
			named = named || literal
		}
		return true
	})
	return named
}
