package docs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// jitter spreads retries and sweeps, which is no secret.
var jitter = []string{"store/call.go", "store/sweep.go"}

// Secrets come from crypto/rand, whose failure ends the process, and from nothing that could stand
// in for it; ids made of it report the failure.
func TestSecretsComeFromCryptoRandAlone(t *testing.T) { // SEC-49, SEC-159
	t.Parallel()
	seen := 0
	for _, p := range packages(t) {
		local, ours := p.local()
		if !ours || strings.HasPrefix(local, "store/storetest") {
			continue
		}
		for _, name := range p.GoFiles {
			path := filepath.Join(p.Dir, name)
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			seen++
			checkRandomness(t, local+"/"+name, file)
		}
	}
	if seen < 50 {
		t.Errorf("only %d files were read", seen)
	}
}

// keyMakers hand rand.Reader to the generators of the standard library, which want one, and return
// their errors.
var keyMakers = []string{"ginauth/jwt/key.go"}

func checkRandomness(t *testing.T, path string, file *ast.File) {
	t.Helper()
	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(imported, "math/rand") && !slices.Contains(jitter, path) {
			t.Errorf("%s imports %s: use crypto/rand", path, imported)
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		selector, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		of, ok := selector.X.(*ast.Ident)
		if !ok {
			return true
		}
		switch of.Name + "." + selector.Sel.Name {
		case "rand.Reader":
			if slices.Contains(keyMakers, path) {
				return true
			}
			t.Errorf("%s uses rand.Reader, which reports a failure: rand.Read ends the process", path)
		case "uuid.New", "uuid.NewString", "uuid.NewUUID", "uuid.Must", "uuid.SetRand", "uuid.EnableRandPool":
			t.Errorf("%s uses uuid.%s: use NewRandom or NewV7, and return the error", path, selector.Sel.Name)
		}
		return true
	})
}
