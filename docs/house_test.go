package docs_test

import (
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// layers hold the packages from the ground up, each with those below it unless they stand in a
// layer of their own. A package imports its own layer and those under it. Paths are written as in
// arrows.
var layers = [][]string{
	{"ginauth/internal", "ginauth/problem", "ginauth/codec", "ginauth/password/internal", "docs", "migrations$", "store/internal", "store/embedded"},
	{"ginauth/password$"},
	{"ginauth/driver"},
	{"ginauth/internal/engine", "ginauth/internal/throttle", "ginauth/internal/form", "ginauth/internal/identifier", "ginauth/internal/otherstore", "ginauth/internal/oldlogin", "ginauth/internal/proxy", "ginauth/internal/values", "ginauth/internal/audit", "ginauth/refresh", "ginauth/bridge", "store"},
	{"ginauth$", "ginauth/flow"},
	{"ginauth/account", "ginauth/apikey", "ginauth/email$", "ginauth/jwt$", "ginauth/openapi"},
	{"ginauth/email/smtp", "ginauth/jwt/jwks", "ginauth/ginauthtest", "ginauth/internal/built", "migrations/migrate", "store/cmd"},
	{"example"},
}

// layerOf is the layer of the longest path that the package stands at or below, or -1.
func layerOf(local string) int {
	layer, longest := -1, 0
	for i, paths := range layers {
		for _, path := range paths {
			if length := len(strings.TrimSuffix(path, "$")); below(local, path) && length > longest {
				layer, longest = i, length
			}
		}
	}
	return layer
}

func TestNoPackageImportsUpward(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		local, ours := p.local()
		if !ours {
			continue
		}
		layer := layerOf(local)
		if layer < 0 {
			t.Errorf("%s stands in no layer: add it to the list", local)
		}
		for _, path := range p.Imports {
			if imported, ours := strings.CutPrefix(path, module+"/"); ours && layerOf(imported) > layer {
				t.Errorf("%s imports %s, which stands above it", local, imported)
			}
		}
	}
}

// A way to log in is written on what is exported: what ginauth/flow lacks is missing for everybody.
func TestOnlyTheCoreImportsTheEngine(t *testing.T) {
	t.Parallel()
	const engine = "ginauth/internal/engine"
	found := map[string]bool{}
	for _, p := range packages(t) {
		local, ours := p.local()
		if ours && slices.Contains(p.Imports, module+"/"+engine) {
			found[local] = true
		}
	}
	if want := map[string]bool{"ginauth": true, "ginauth/account": true, "ginauth/flow": true}; !maps.Equal(found, want) {
		t.Errorf("%s is imported by %v, and only %v may: use ginauth/flow, and add there what it lacks", engine, found, want)
	}
}

// maxReferences is how many references between files of one package there may be in the core. It may be lowered and not
// raised.
const maxReferences = 275

// core are the packages that were one.
var core = []string{"ginauth", "ginauth/account", "ginauth/flow", "ginauth/internal/engine"}

// A reader of one file has to open each file that it refers to. So the number of references is held
// down.
func TestFilesOfTheCoreReferToFewOthers(t *testing.T) {
	t.Parallel()
	counted, total := 0, 0
	for _, p := range packages(t) {
		local, _ := p.local()
		if !slices.Contains(core, local) {
			continue
		}
		counted++
		references := len(references(t, p))
		total += references
		t.Logf("%s: %d files refer to others %d times", local, len(p.GoFiles), references)
	}
	if counted != len(core) {
		t.Errorf("%d packages were counted, not %d", counted, len(core))
	}
	if total > maxReferences {
		t.Errorf("files refer to others of their package %d times, more than %d: move what belongs together into one file, or out of the package", total, maxReferences)
	}
}

// fileArrow means that a file uses something that is declared in another one, however often.
type fileArrow struct{ from, to string }

func references(t *testing.T, p goPackage) map[fileArrow]bool {
	t.Helper()
	set := token.NewFileSet()
	var files []*ast.File
	for _, name := range p.GoFiles {
		file, err := parser.ParseFile(set, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	info := types.Info{Uses: map[*ast.Ident]types.Object{}}
	config := types.Config{Importer: importer.ForCompiler(set, "gc", exported(t, p.Imports))}
	if _, err := config.Check(p.ImportPath, set, files, &info); err != nil {
		t.Fatal(err)
	}
	found := map[fileArrow]bool{}
	for name, object := range info.Uses {
		if object.Pkg() == nil || object.Pkg().Path() != p.ImportPath {
			continue
		}
		if r := (fileArrow{set.Position(name.Pos()).Filename, set.Position(object.Pos()).Filename}); r.from != r.to {
			found[r] = true
		}
	}
	return found
}
