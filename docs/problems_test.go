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
	found := map[string]string{}
	for code, p := range problemsInSource(t) {
		found[code] = strings.ReplaceAll(p.Title, " ", "")
	}
	if diff := cmp.Diff(found, problemsInGuide(t)); diff != "" {
		t.Errorf("docs/problems.md differs from the calls of problempage.New in package ginauth and below (-source +guide):\n%s", diff)
	}
}

// The examples of the OpenAPI document are made of it.
func TestProblemsAreFresh(t *testing.T) {
	t.Parallel()
	list, err := json.MarshalIndent(problemsInSource(t), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "problems.json", append(list, '\n'))
}

// The description of a failure in the annotations lists the codes that it can have.
func TestSwaggerNamesDocumentedProblems(t *testing.T) {
	t.Parallel()
	var document struct {
		Paths map[string]map[string]struct {
			Responses map[string]struct {
				Description string
				Schema      struct {
					Ref string `json:"$ref"`
				}
			}
		}
	}
	if err := json.Unmarshal(swagger(t), &document); err != nil {
		t.Fatal(err)
	}
	guide, oauth := problemsInGuide(t), oauthErrorsInSource(t)
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
					if strings.HasSuffix(response.Schema.Ref, "OAuthError") {
						if !oauth[code] || number != http.StatusBadRequest {
							t.Errorf("%s %s %s: %q is no error of ginauth/jwt", method, path, status, code)
						}
						continue
					}
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

// oauthErrorsInSource finds the codes of RFC 6749, 5.2 in package jwt: oauthError{"code", …}.
func oauthErrorsInSource(t *testing.T) map[string]bool {
	t.Helper()
	source, err := os.ReadFile("../ginauth/jwt/oauth2.go")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, match := range regexp.MustCompile(`oauthError\{"([a-z_]+)"`).FindAllSubmatch(source, -1) {
		found[string(match[1])] = true
	}
	return found
}

// sourceProblem is a problem as the source has it.
type sourceProblem struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
}

// problemsInSource finds the calls problempage.New(http.StatusX, code, detail). Of a code that has several
// details, the first is an example.
func problemsInSource(t *testing.T) map[string]sourceProblem {
	t.Helper()
	var files []string
	for _, depth := range []string{"../ginauth/*.go", "../ginauth/internal/*/*.go", "../ginauth/*/*.go"} {
		found, err := filepath.Glob(depth)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
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
				if types.ExprString(n.Fun) == "problempage.New" {
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

	found := map[string]sourceProblem{}
	for _, call := range calls {
		code, status := text(t, call.Args[1], constants), strings.TrimPrefix(types.ExprString(call.Args[0]), "http.Status")
		if _, known := found[code]; known {
			continue
		}
		number := statusOf(status)
		if number == 0 {
			t.Fatalf("%s: no status is called %s", code, status)
		}
		found[code] = sourceProblem{Title: http.StatusText(number), Status: number, Detail: text(t, call.Args[2], constants)}
	}
	return found
}

// text is the value of a string or of a constant of the package.
func text(t *testing.T, e ast.Expr, constants map[string]ast.Expr) string {
	t.Helper()
	if selector, ok := e.(*ast.SelectorExpr); ok {
		e = selector.Sel
	}
	if name, ok := e.(*ast.Ident); ok {
		e = constants[name.Name]
	}
	literal, ok := e.(*ast.BasicLit)
	if !ok {
		t.Fatalf("%s is neither a string nor a constant", types.ExprString(e))
	}
	value, err := strconv.Unquote(literal.Value)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func statusOf(name string) int {
	for number := range 600 {
		if strings.ReplaceAll(http.StatusText(number), " ", "") == name {
			return number
		}
	}
	return 0
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
