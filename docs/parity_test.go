package docs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var namedTest = regexp.MustCompile("`([a-z0-9/_]+_test\\.go):([A-Za-z0-9_]+)`")

// Every line of the table names a test that exists, or says why there is none.
func TestParityNamesTestsThatExist(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile("parity.md")
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]map[string]bool{}
	proved := 0
	for line := range strings.Lines(string(guide)) {
		if !strings.HasPrefix(line, "| ") || strings.Contains(line, "| test, or why not |") {
			continue
		}
		named := namedTest.FindAllStringSubmatch(line, -1)
		if len(named) == 0 && !strings.Contains(line, "| Not here: ") {
			t.Errorf("neither a test nor a reason: %s", line)
		}
		if strings.Count(line, "|") != 4 {
			t.Errorf("not three columns: %s", line)
		}
		for _, match := range named {
			file, name := match[1], match[2]
			if tests[file] == nil {
				tests[file] = testsIn(t, file)
			}
			if !tests[file][name] {
				t.Errorf("%s has no %s", file, name)
			}
			proved++
		}
	}
	if proved < 100 {
		t.Errorf("only %d lines name a test", proved)
	}
}

// testsIn are the functions of a test file, by name.
func testsIn(t *testing.T, file string) map[string]bool {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", file), nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, d := range parsed.Decls {
		f, ok := d.(*ast.FuncDecl)
		if ok && f.Recv == nil && regexp.MustCompile(`^(Test|Fuzz|Example)`).MatchString(f.Name.Name) {
			found[f.Name.Name] = true
		}
	}
	return found
}
