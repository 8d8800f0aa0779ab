package docs_test

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// taught are the packages whose functions an app calls in code of its own.
var taught = []string{"ginauth", "ginauth/account", "ginauth/flow", "ginauth/email", "ginauth/apikey", "ginauth/jwt", "ginauth/openapi", "ginauth/ginauthtest"}

// Readers find a function in a guide, or see it run on pkg.go.dev.
func TestEveryFunctionIsInAGuideOrAnExample(t *testing.T) {
	t.Parallel()
	code := codeOfGuides(t)
	for _, local := range taught {
		p := readSource(t, local)
		if len(p.functions) == 0 {
			t.Errorf("%s has no functions", local)
		}
		for name := range p.functions {
			named := regexp.MustCompile(path.Base(local) + `\.` + name + "\\b|`" + name + "[`(]")
			if !p.examples[name] && !named.MatchString(code) {
				t.Errorf("%s.%s is named in no guide and has no Example: write one of them", local, name)
			}
		}
	}
}

// pkg.go.dev shows an Example with the package that it stands in.
func TestExamplesStandInThePackageThatTheyShow(t *testing.T) {
	t.Parallel()
	for _, listed := range packages(t) {
		local, ours := listed.local()
		if !ours || !listed.public() {
			continue
		}
		p := readSource(t, local)
		for name := range p.examples {
			if name != "" && !p.functions[name] && !p.types[name] {
				t.Errorf("%s has an Example of %s, which another package declares: move it there", local, name)
			}
		}
	}
}

var (
	codeBlock = regexp.MustCompile("(?ms)^```.*?^```")
	codeSpan  = regexp.MustCompile("`[^`\n]+`")
)

// codeOfGuides is what stands in the guides as code. The change log is no guide.
func codeOfGuides(t *testing.T) string {
	t.Helper()
	guides, err := filepath.Glob("*.md")
	if err != nil {
		t.Fatal(err)
	}
	var code strings.Builder
	for _, guide := range append(guides, "../README.md") {
		if guide == "CHANGELOG.md" {
			continue
		}
		text := readFile(t, guide)
		for _, part := range append(codeBlock.FindAllString(text, -1), codeSpan.FindAllString(codeBlock.ReplaceAllString(text, ""), -1)...) {
			code.WriteString(part + "\n")
		}
	}
	return code.String()
}

// source has the exported functions and types of a package, and what its Examples show.
type source struct{ functions, types, examples map[string]bool }

func readSource(t *testing.T, local string) source {
	t.Helper()
	p := source{map[string]bool{}, map[string]bool{}, map[string]bool{}}
	files, err := filepath.Glob("../" + local + "/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(file, "_test.go") {
			for _, e := range doc.Examples(parsed) {
				shown, _, _ := strings.Cut(e.Name, "_")
				p.examples[shown] = true
			}
			continue
		}
		p.add(parsed)
	}
	return p
}

func (p source) add(file *ast.File) {
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil && d.Name.IsExported() {
				p.functions[d.Name.Name] = true
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				if spec, ok := spec.(*ast.TypeSpec); ok && spec.Name.IsExported() {
					p.types[spec.Name.Name] = true
				}
			}
		}
	}
}
