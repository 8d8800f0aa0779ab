package ginauth_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// A handler that does not say whom it is for would be taken for one that wants verified users.
func TestEveryHandlerSaysWhomItIsFor(t *testing.T) {
	t.Parallel()
	handlers := 0
	err := filepath.WalkDir(".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			literal, ok := n.(*ast.CompositeLit)
			if !ok || !isRouteInfo(literal.Type) {
				return true
			}
			handlers++
			if !hasField(literal, "For") {
				t.Errorf("%s: a route.Info has no field For", set.Position(literal.Pos()))
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if handlers < 25 {
		t.Errorf("%d handlers: the list is not whole", handlers)
	}
}

func isRouteInfo(e ast.Expr) bool {
	name, ok := e.(*ast.SelectorExpr)
	if !ok || name.Sel.Name != "Info" {
		return false
	}
	from, ok := name.X.(*ast.Ident)
	return ok && from.Name == "route"
}

func hasField(literal *ast.CompositeLit, name string) bool {
	for _, e := range literal.Elts {
		if pair, ok := e.(*ast.KeyValueExpr); ok {
			if key, ok := pair.Key.(*ast.Ident); ok && key.Name == name {
				return true
			}
		}
	}
	return false
}
