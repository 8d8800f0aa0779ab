package ginauth_test

import (
	"cmp"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// requestCode returns, as "package.Name", the exported functions of this package and those below that make a Gin
// handler or take a *gin.Context, from the source: what there is for a test about all of them.
func requestCode(t *testing.T) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() && (entry.Name() == "internal" || entry.Name() == "testdata") {
			return cmp.Or(err, fs.SkipDir)
		}
		if entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if ok && f.Recv == nil && f.Name.IsExported() && meetsRequests(f.Type) {
				found[file.Name.Name+"."+f.Name.Name] = true
			}
		}
		return nil
	})
	if err != nil || len(found) == 0 {
		t.Fatalf("%d functions, %v", len(found), err)
	}
	return found
}

func meetsRequests(f *ast.FuncType) bool {
	for _, fields := range []*ast.FieldList{f.Params, f.Results} {
		if fields == nil {
			continue
		}
		for _, field := range fields.List {
			if kind := types.ExprString(field.Type); kind == "*gin.Context" || kind == "gin.HandlerFunc" {
				return true
			}
		}
	}
	return false
}
