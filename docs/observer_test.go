package docs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strconv"
	"strings"
	"testing"
)

// Whoever makes a metric, an outcome or a budget also says what it is.
func TestSamplesAreDocumented(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile("observer.md")
	if err != nil {
		t.Fatal(err)
	}
	file, err := parser.ParseFile(token.NewFileSet(), "../ginauth/driver/observe.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	constants := 0
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		for i, value := range spec.Values {
			text, err := strconv.Unquote(value.(*ast.BasicLit).Value) //nolint:errcheck,forcetypeassert // all constants of the file are literals
			if err != nil {
				t.Fatal(err)
			}
			constants++
			row := "`" + text + "`"
			if typ, ok := spec.Type.(*ast.Ident); ok && typ.Name == "Metric" {
				row = "| `" + text + "` | `driver." + spec.Names[i].Name + "` |"
			}
			if !strings.Contains(string(guide), row) {
				t.Errorf("observer.md does not have %s", row)
			}
		}
		return true
	})
	if constants < 20 {
		t.Errorf("only %d constants were found", constants)
	}
}
