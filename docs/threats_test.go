package docs_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var ruleNumber = regexp.MustCompile(`SEC-(\d+)`)

const threatsHead = `# Rules against threats

The rules that the code and its tests cite as ` + "`SEC-n`" + `, and the tests that prove them. A number stays its rule's; numbers that are not here
belong to what the library does not do. Generated from the tests by ` + "`make docs`" + `, which fails for a rule without a test.

Where they come from: OWASP ASVS 5.0 and its cheat sheets, NIST SP 800-63B, the RFCs, published faults of other libraries, and attacks on this one.
What a deployment has to add is in the [security policy](SECURITY.md).
`

// cited returns the tests that cite each rule, and all rules that any file of the module cites.
func cited(t *testing.T) (tests map[string][]string, all map[string]string) {
	t.Helper()
	tests, all = map[string][]string{}, map[string]string{}
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		name := d.Name()
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != ".." && (strings.HasPrefix(name, ".") || name == "node_modules" || name == "bench"):
			return filepath.SkipDir
		case d.IsDir() || !slices.Contains([]string{".go", ".md", ".sql"}, filepath.Ext(name)) || name == "threats.md":
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, m := range ruleNumber.FindAllStringSubmatch(string(text), -1) {
			all[m[1]] = path
		}
		if strings.HasSuffix(name, "_test.go") {
			return citedByTests(path, text, tests)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return tests, all
}

// citedByTests gives a rule to the test that it is in, or before which it stands.
func citedByTests(path string, text []byte, tests map[string][]string) error {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, path, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	dir := strings.TrimPrefix(filepath.ToSlash(filepath.Dir(path)), "../")
	for _, group := range file.Comments {
		for _, m := range ruleNumber.FindAllStringSubmatch(group.Text(), -1) {
			if name := testAt(set, file, group); name != "" {
				tests[m[1]] = append(tests[m[1]], dir+" "+name)
			}
		}
	}
	return nil
}

// testAt finds the test of a comment: one that it is in, on the line of, or above; else the first one that follows, as for a
// comment at the head of a file or of a helper.
func testAt(set *token.FileSet, file *ast.File, at *ast.CommentGroup) string {
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Recv != nil || !regexp.MustCompile(`^(Test|Fuzz|Example|Benchmark)`).MatchString(f.Name.Name) {
			continue
		}
		if at.Pos() < f.End() || set.Position(at.Pos()).Line == set.Position(f.End()).Line {
			return f.Name.Name
		}
	}
	return ""
}

func TestRulesAreProvedAndListed(t *testing.T) {
	t.Parallel()
	tests, all := cited(t)
	var b bytes.Buffer
	b.WriteString(threatsHead)
	section, known := "", map[string]bool{}
	for line := range strings.Lines(readFile(t, "testdata/rules.txt")) {
		line = strings.TrimSpace(line)
		if title, ok := strings.CutPrefix(line, "## "); ok {
			section = title
			continue
		}
		number, rule, ok := strings.Cut(line, " ")
		if !ok || number == "#" {
			continue
		}
		if known[number] {
			t.Errorf("SEC-%s is in testdata/rules.txt twice", number)
		}
		known[number] = true
		if len(tests[number]) == 0 {
			continue
		}
		if section != "" {
			fmt.Fprintf(&b, "\n## %s\n\n| | rule | proved by |\n|---|---|---|\n", section)
			section = ""
		}
		fmt.Fprintf(&b, "| SEC-%s | %s | %s |\n", number, rule, proofs(tests[number]))
	}
	for _, number := range slices.Sorted(maps.Keys(all)) {
		switch {
		case !known[number]:
			t.Errorf("%s cites SEC-%s, which is not in docs/testdata/rules.txt", all[number], number)
		case len(tests[number]) == 0:
			t.Errorf("%s cites SEC-%s, which no test proves: name it in the comment of the test that does", all[number], number)
		}
	}
	golden(t, "threats.md", b.Bytes())
}

// proofs shows three tests at most, for the reader's sake; the source has the others.
func proofs(tests []string) string {
	const shown = 3
	slices.Sort(tests)
	tests = slices.Compact(tests)
	var b strings.Builder
	for i, test := range tests[:min(shown, len(tests))] {
		dir, name, _ := strings.Cut(test, " ")
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "`%s` in %s", name, dir)
	}
	if more := len(tests) - shown; more > 0 {
		fmt.Fprintf(&b, " and %d more", more)
	}
	return b.String()
}
