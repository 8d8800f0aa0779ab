package docs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var packageRow = regexp.MustCompile("(?m)^\\| `([a-z/]+)` \\| .+ \\|$")

func TestTheArchitectureNamesEveryPackage(t *testing.T) {
	t.Parallel()
	var named, exist []string
	for _, row := range packageRow.FindAllStringSubmatch(readFile(t, "architecture.md"), -1) {
		named = append(named, row[1])
	}
	for _, p := range packages(t) {
		if local, ours := p.local(); ours {
			exist = append(exist, local)
		}
	}
	for _, name := range named {
		if !slices.Contains(exist, name) {
			t.Errorf("architecture.md names %s, which does not exist: remove its row", name)
		}
	}
	for _, name := range exist {
		if !slices.Contains(named, name) {
			t.Errorf("architecture.md does not name %s: add a row with one sentence", name)
		}
	}
}

var (
	walk = regexp.MustCompile(`(?m)^<!-- walk (\d+) -->\n((?:\d+\. .+\n)+)`)
	step = regexp.MustCompile("(?m)^\\d+\\. \\[([^]]+)\\]\\(\\.\\./([^)]+)\\) `([A-Za-z]+)`: .+\n")
)

// A walk leads a reader through the code. Each step names a file and a function in it, and there are few files.
func TestTheWalksOfTheArchitectureAreThere(t *testing.T) {
	t.Parallel()
	walks := walk.FindAllStringSubmatch(readFile(t, "architecture.md"), -1)
	if len(walks) != 2 {
		t.Fatalf("there are %d walks, not 2", len(walks))
	}
	for _, w := range walks {
		steps := step.FindAllStringSubmatch(w[2], -1)
		if len(steps) != strings.Count(w[2], "\n") {
			t.Errorf("a step is not written as [file](../file) `function`: text\n%s", w[2])
		}
		files := map[string]bool{}
		for _, s := range steps {
			if s[1] != s[2] {
				t.Errorf("the link of %s leads to %s", s[1], s[2])
			}
			files[s[1]] = true
			if !declares(t, s[1], s[3]) {
				t.Errorf("%s does not declare %s: correct the walk", s[1], s[3])
			}
		}
		if most, _ := strconv.Atoi(w[1]); len(files) > most {
			t.Errorf("a walk goes through %d files, more than %d", len(files), most)
		}
	}
}

// declares says whether a file has a function or a method of that name.
func declares(t *testing.T, path, name string) bool {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", filepath.FromSlash(path)), nil, parser.SkipObjectResolution)
	if err != nil {
		t.Error(err)
		return true // is said already
	}
	return slices.ContainsFunc(file.Decls, func(d ast.Decl) bool {
		f, ok := d.(*ast.FuncDecl)
		return ok && f.Name.Name == name
	})
}
