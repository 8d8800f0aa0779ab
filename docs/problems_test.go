package docs_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Clients branch on the codes, so each one is described, with the status it really has.
func TestProblemsAreDocumented(t *testing.T) {
	t.Parallel()
	if diff := cmp.Diff(problemsInSource(t), problemsInGuide(t)); diff != "" {
		t.Errorf("docs/problems.md differs from the calls of problem in package ginauth and below (-source +guide):\n%s", diff)
	}
}

// The description of a failure in the annotations lists the codes that it can have.
func TestSwaggerNamesDocumentedProblems(t *testing.T) {
	t.Parallel()
	var document struct {
		Paths map[string]map[string]struct {
			Responses map[string]struct{ Description string }
		}
	}
	if err := json.Unmarshal(swagger(t), &document); err != nil {
		t.Fatal(err)
	}
	guide := problemsInGuide(t)
	checked := 0
	for path, operations := range document.Paths {
		for method, operation := range operations {
			for status, response := range operation.Responses {
				number, err := strconv.Atoi(status)
				if err != nil || number < http.StatusBadRequest {
					continue
				}
				checked++
				for code := range strings.SplitSeq(response.Description, ", ") {
					if want := strings.ReplaceAll(http.StatusText(number), " ", ""); guide[code] != want {
						t.Errorf("%s %s %s: problems.md does not list %q with this status", method, path, status, code)
					}
				}
			}
		}
	}
	if checked == 0 {
		t.Error("swagger.json describes no failure")
	}
}

// problemsInSource finds the calls problem(http.StatusX, code, …); a code's value is "X".
func problemsInSource(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("../ginauth/*.go")
	if err != nil {
		t.Fatal(err)
	}
	below, err := filepath.Glob("../ginauth/*/*.go")
	if err != nil {
		t.Fatal(err)
	}
	files = append(files, below...)
	var calls []*ast.CallExpr
	constants := map[string]ast.Expr{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				if name, ok := n.Fun.(*ast.Ident); ok && name.Name == "problem" {
					calls = append(calls, n)
				}
			case *ast.ValueSpec:
				for i, value := range n.Values {
					constants[n.Names[i].Name] = value
				}
			}
			return true
		})
	}

	found := map[string]string{}
	for _, call := range calls {
		code, status := call.Args[1], types.ExprString(call.Args[0])
		if name, ok := code.(*ast.Ident); ok {
			code = constants[name.Name]
		}
		literal, ok := code.(*ast.BasicLit)
		if !ok {
			t.Fatalf("%s: the code is neither a string nor a constant of the package", types.ExprString(call))
		}
		text, err := strconv.Unquote(literal.Value)
		if err != nil {
			t.Fatal(err)
		}
		found[text] = strings.TrimPrefix(status, "http.Status")
	}
	return found
}

var section = regexp.MustCompile(`(?m)^## (\S+)\n\n\*\*(\d{3}) (.+)\*\*$`)

// problemsInGuide reads the guide's sections; a code's value is its status text in one word.
func problemsInGuide(t *testing.T) map[string]string {
	t.Helper()
	guide, err := os.ReadFile("problems.md")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, match := range section.FindAllSubmatch(guide, -1) {
		code, number, text := string(match[1]), string(match[2]), string(match[3])
		if n, err := strconv.Atoi(number); err != nil || http.StatusText(n) != text {
			t.Errorf("problems.md, %s: status %s is not called %q", code, number, text)
		}
		found[code] = strings.ReplaceAll(text, " ", "")
	}
	return found
}
