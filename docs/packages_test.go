package docs_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const module = "github.com/ginauth/ginauth"

var update = flag.Bool("update", false, "write the generated documents instead of comparing them")

// goPackage is what `go list -json` says about a package.
type goPackage struct {
	ImportPath, Name, Dir string
	Standard              bool
	GoFiles               []string
	Imports, Deps         []string
	Module                *struct{ Path string }
}

// local is the import path below the module's own.
func (p goPackage) local() (string, bool) { return strings.CutPrefix(p.ImportPath, module+"/") }

// public tells whether other modules can import the package.
func (p goPackage) public() bool {
	return p.Name != "main" && !strings.Contains(p.ImportPath+"/", "/internal/")
}

var listed = sync.OnceValues(goList)

// packages returns the module's packages and all they import, tests apart.
func packages(t *testing.T) []goPackage {
	t.Helper()
	list, err := listed()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range list {
		if _, ours := p.local(); !ours {
			continue
		}
		// Reading the folder here makes a new file invalidate a cached test result.
		if _, err := os.ReadDir(p.Dir); err != nil {
			t.Fatal(err)
		}
	}
	return list
}

func goList() ([]goPackage, error) {
	cmd := exec.Command("go", "list", "-deps", "-json=ImportPath,Name,Dir,Standard,GoFiles,Imports,Deps,Module", "./...")
	cmd.Dir = ".."
	// One platform, so that the result is the same on every machine.
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=0")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("listing packages: %w\n%s", err, stderr.Bytes())
	}
	var list []goPackage
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p goPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return list, nil
		} else if err != nil {
			return nil, fmt.Errorf("reading go list's answer: %w", err)
		}
		list = append(list, p)
	}
}

// golden compares a generated document with the file that is committed, or writes it.
func golden(t *testing.T, file string, generated []byte) {
	t.Helper()
	if *update {
		err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, generated, 0o644))
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	committed, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v; run `make docs`", err)
	}
	if diff := cmp.Diff(strings.Split(string(committed), "\n"), strings.Split(string(generated), "\n")); diff != "" {
		t.Errorf("docs/%s is stale; run `make docs` and review the change (-committed +generated):\n%s", file, diff)
	}
}
