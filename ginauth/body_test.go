package ginauth_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// readers are the ways to a request's body, in net/http and in Gin.
var readers = []string{
	"Body", "ParseForm", "ParseMultipartForm", "PostForm", "PostFormArray", "PostFormMap", "DefaultPostForm", "GetPostForm",
	"GetPostFormArray", "GetPostFormMap", "FormValue", "PostFormValue", "FormFile", "MultipartForm", "MultipartReader", "GetRawData",
	"ShouldBind", "ShouldBindWith", "ShouldBindBodyWith", "ShouldBindJSON", "ShouldBindXML", "ShouldBindYAML", "ShouldBindTOML",
	"BindJSON", "BindXML", "BindYAML", "BindTOML", "MustBindWith",
}

// SEC-145: what reads bodies stands where they are bounded. What a handler does with a body that is too long,
// the example's test shows.
func TestBodiesAreReadInOnePlace(t *testing.T) {
	t.Parallel()
	allowed := map[string]string{
		"internal/form/decode.go":             "Body",
		"internal/form/form.go":               "Body PostForm",
		"internal/engine/state.go":            "MultipartForm", // its files are removed
		"internal/requesttest/requesttest.go": "Body",          // of an answer
		"jwt/jwks/client.go":                  "Body",          // of an answer
		"openapi/internal/swaggerui/main.go":  "Body",          // of an answer
	}
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "ginauthtest") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			s, ok := n.(*ast.SelectorExpr)
			if ok && slices.Contains(readers, s.Sel.Name) && !slices.Contains(strings.Fields(allowed[filepath.ToSlash(path)]), s.Sel.Name) {
				t.Errorf("%s uses %s: read bodies by flow.Bind", path, s.Sel.Name)
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
