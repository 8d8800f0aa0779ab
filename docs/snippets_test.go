package docs_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/format"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// snippet is a block of Go in a document.
type snippet struct {
	document string // below the module's root
	line     int    // of its first line
	code     string
}

var goBlock = regexp.MustCompile("(?ms)^```go\n(.*?)^```$")

func snippets(t *testing.T) map[string][]snippet {
	t.Helper()
	documents, err := filepath.Glob("*.md")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]snippet{}
	for _, path := range append(documents, "../README.md") {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if marked := strings.Count(string(text), "```go"); marked != len(goBlock.FindAll(text, -1)) {
			t.Errorf("%s: a block of Go does not begin or end at the margin", path)
		}
		name := strings.TrimSuffix(filepath.Base(path), ".md")
		for _, at := range goBlock.FindAllSubmatchIndex(text, -1) {
			all[name] = append(all[name], snippet{
				document: filepath.ToSlash(filepath.Join("docs", path)),
				line:     1 + bytes.Count(text[:at[2]], []byte("\n")), code: string(text[at[2]:at[3]]),
			})
		}
	}
	return all
}

// others are packages that blocks import and packages does not list.
var others = map[string]string{
	"cookie": "github.com/gin-contrib/sessions/cookie", "testing": "testing", "httptest": "net/http/httptest",
	"pgconn": "github.com/jackc/pgx/v5/pgconn",
}

// importsOf finds the packages behind the names before dots.
func importsOf(t *testing.T, file *ast.File) string {
	t.Helper()
	known := map[string]string{}
	for _, p := range packages(t) {
		if _, ours := p.local(); (p.Standard || ours) && p.Name != "main" && !strings.Contains(p.ImportPath, "internal") && !strings.HasPrefix(p.ImportPath, "vendor/") {
			if before, taken := known[p.Name]; !taken || len(p.ImportPath) < len(before) || ours {
				known[p.Name] = p.ImportPath
			}
		}
	}
	for _, path := range []string{"github.com/gin-gonic/gin", "github.com/gin-contrib/sessions", "github.com/jackc/pgx/v5", "github.com/jackc/pgx/v5/pgxpool"} {
		known[filepath.Base(strings.TrimSuffix(path, "/v5"))] = path
	}
	for name, path := range others {
		known[name] = path
	}
	used := map[string]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok && known[x.Name] != "" {
				used[known[x.Name]] = true
			}
		}
		return true
	})
	var b strings.Builder
	for path := range used {
		fmt.Fprintf(&b, "import %q\n", path)
	}
	return b.String()
}

// program says whether the block is a whole file, with its package and its imports.
func (s snippet) program() bool {
	_, err := parser.ParseFile(token.NewFileSet(), "", s.code, parser.PackageClauseOnly)
	return err == nil
}

// file is Go code of a snippet: declarations as they are, statements as a function that uses each
// variable which they define, since the block goes on in the reader's program.
func (s snippet) file(t *testing.T, n int) (code string, declares []string) {
	t.Helper()
	set := token.NewFileSet()
	where := fmt.Sprintf("//line %s:%d\n", s.document, s.line)
	if parsed, err := parser.ParseFile(set, "", "package p\n"+s.code, parser.SkipObjectResolution); err == nil {
		for _, d := range parsed.Decls {
			declares = append(declares, declared(d)...)
		}
		return "package p\n" + importsOf(t, parsed) + where + s.code, declares
	}
	body := fmt.Sprintf("package p\nfunc block%d() {\n", n)
	parsed, err := parser.ParseFile(set, "", body+s.code+"}", parser.SkipObjectResolution)
	if err != nil {
		t.Fatalf("%s:%d is neither declarations nor statements: %v", s.document, s.line, err)
	}
	uses, head := "", strings.TrimPrefix(body, "package p\n")
	if returnsError(parsed.Decls[0]) {
		head, uses = strings.Replace(head, ") {", ") error {", 1), "return nil\n"
	}
	for _, statement := range parsed.Decls[0].(*ast.FuncDecl).Body.List { //nolint:errcheck // it is what body says
		if a, ok := statement.(*ast.AssignStmt); ok && a.Tok == token.DEFINE {
			for _, v := range a.Lhs {
				if name := v.(*ast.Ident).Name; name != "_" { //nolint:errcheck // := defines names
					uses = "_ = " + name + "\n" + uses
				}
			}
		}
	}
	return "package p\n" + importsOf(t, parsed) + head + where + s.code + uses + "}\n", nil
}

// returnsError says whether statements return something, as in a function of the reader's.
func returnsError(d ast.Decl) (returns bool) {
	ast.Inspect(d, func(n ast.Node) bool {
		if r, ok := n.(*ast.ReturnStmt); ok && len(r.Results) > 0 {
			returns = true
		}
		_, inner := n.(*ast.FuncLit)
		return !inner
	})
	return returns
}

// declared are the names of a declaration; a method's is its type's, with which it comes and goes.
func declared(d ast.Decl) (names []string) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil {
			return []string{d.Name.Name}
		}
		switch of := d.Recv.List[0].Type.(type) {
		case *ast.Ident:
			return []string{of.Name}
		case *ast.StarExpr:
			return []string{fmt.Sprint(of.X)}
		}
	case *ast.GenDecl:
		for _, s := range d.Specs {
			switch s := s.(type) {
			case *ast.TypeSpec:
				names = append(names, s.Name.Name)
			case *ast.ValueSpec:
				for _, n := range s.Names {
					names = append(names, n.Name)
				}
			}
		}
	}
	return names
}

// given is what the blocks of a document take as given, apart from what they declare themselves.
func given(t *testing.T, document string, taken []string) map[string]string {
	t.Helper()
	files := map[string]string{}
	for _, name := range []string{document, "given"} { // the document's own go first
		path := filepath.Join("testdata", "given", name+".go")
		set := token.NewFileSet()
		parsed, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
		if os.IsNotExist(err) && name != "given" {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		var own []string
		parsed.Decls = slices.DeleteFunc(parsed.Decls, func(d ast.Decl) bool {
			if g, ok := d.(*ast.GenDecl); ok {
				g.Specs = slices.DeleteFunc(g.Specs, func(s ast.Spec) bool {
					return slices.ContainsFunc(declared(&ast.GenDecl{Specs: []ast.Spec{s}}), func(n string) bool { return slices.Contains(taken, n) })
				})
			}
			names := declared(d)
			own = append(own, names...)
			return len(names) == 0 || slices.Contains(taken, names[0])
		})
		taken = append(taken, own...)
		parsed.Name.Name, parsed.Comments = "p", nil
		var b bytes.Buffer
		if err := format.Node(&b, set, parsed); err != nil {
			t.Fatal(err)
		}
		files["given_"+name+".go"] = strings.Replace(b.String(), "package p\n", "package p\n"+importsOf(t, parsed), 1)
	}
	return files
}

// check type-checks the packages that the files of each folder make. It finds what the compiler would
// report, in a tenth of its time.
func check(t *testing.T, folders map[string]map[string]string) {
	t.Helper()
	set, parsed, imports := token.NewFileSet(), map[string][]*ast.File{}, map[string]bool{}
	for folder, files := range folders {
		for name, code := range files {
			file, err := parser.ParseFile(set, folder+"/"+name, code, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			parsed[folder] = append(parsed[folder], file)
			for _, i := range file.Imports {
				imports[strings.Trim(i.Path.Value, `"`)] = true
			}
		}
	}
	config := types.Config{
		Importer: importer.ForCompiler(set, "gc", exported(t, slices.Sorted(maps.Keys(imports)))),
		Error:    func(err error) { t.Error(err) },
	}
	for folder, files := range parsed {
		_, _ = config.Check(folder, set, files, nil) // Error has its errors
	}
}

// exported opens what the compiler wrote about packages and about all that they import.
func exported(t *testing.T, paths []string) importer.Lookup {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"list", "-export", "-deps", "-f", "{{.ImportPath}} {{.Export}}"}, paths...)...)
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("listing what the blocks import: %v", err)
	}
	files := map[string]string{}
	for line := range strings.Lines(string(out)) {
		path, file, _ := strings.Cut(strings.TrimSpace(line), " ")
		files[path] = file
	}
	return func(path string) (io.ReadCloser, error) { return os.Open(files[path]) }
}

func TestEveryGoBlockCompiles(t *testing.T) {
	t.Parallel()
	if *update {
		t.Skip("nothing is made of these blocks")
	}
	folders, blocks := map[string]map[string]string{}, 0
	for name, list := range snippets(t) {
		files := map[string]string{}
		var taken []string
		for i, s := range list {
			if s.program() {
				folders[fmt.Sprintf("%s.%d", name, i)] = map[string]string{"main.go": s.code}
				blocks++
				continue
			}
			code, declares := s.file(t, i)
			files[fmt.Sprintf("block%d.go", i)] = code
			taken = append(taken, declares...)
			blocks++
		}
		maps.Copy(files, given(t, name, taken))
		folders[name] = files
	}
	if blocks < 25 {
		t.Errorf("only %d blocks were found", blocks)
	}
	check(t, folders)
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
