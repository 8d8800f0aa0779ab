//go:build unix

package docs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/store/storetest"
)

var guideBlock = regexp.MustCompile("(?ms)^```(sh|sql|text)\n(.*?)^```$")

// The guide's commands are run in their order, and print what the guide says.
func TestCommandsOfTheImportGuidePrintWhatItSays(t *testing.T) {
	t.Parallel()
	if *update {
		t.Skip("nothing is made of these commands")
	}
	programs, dir, url := t.TempDir(), t.TempDir(), storetest.NewURL(t)
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", programs, "../store/cmd/ginauth").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	pool, err := pgxpool.New(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	printed, compared := "", 0
	for _, block := range guideBlock.FindAllStringSubmatch(readFile(t, "import.md"), -1) {
		switch kind, text := block[1], block[2]; kind {
		case "sql":
			if _, err := pool.Exec(t.Context(), text); err != nil {
				t.Fatal(err)
			}
		case "sh":
			script := regexp.MustCompile(`(?m)^go install .*$`).ReplaceAllString(text, "")
			cmd := exec.CommandContext(t.Context(), "bash", "-c", script)
			cmd.Dir, cmd.Env = dir, append(os.Environ(), "DATABASE_URL="+url, "PATH="+programs+string(filepath.ListSeparator)+os.Getenv("PATH"))
			out, _ := cmd.CombinedOutput() // with the exit codes that the guide lists
			printed = string(out)
		case "text":
			compared++
			if diff := cmp.Diff(text, printed); diff != "" {
				t.Errorf("(-guide +command):\n%s", diff)
			}
		}
	}
	if compared != 3 {
		t.Errorf("%d outputs were compared", compared)
	}
}

var reasonRow = regexp.MustCompile("(?m)^\\| ((?:`[a-z_]+`(?:, )?)+) \\| (?:has|is|cannot|says) ")

// Every code that a refusal can have is explained, and no other.
func TestCodesOfRefusedRowsAreDocumented(t *testing.T) {
	t.Parallel()
	documented := map[string]bool{}
	for _, row := range reasonRow.FindAllStringSubmatch(readFile(t, "import.md"), -1) {
		for _, code := range strings.Split(row[1], ", ") {
			documented[strings.Trim(code, "`")] = true
		}
	}
	used := map[string]bool{}
	for _, glob := range []string{"../store/import*.go", "../store/internal/records/*.go", "../store/cmd/ginauth/user_*.go"} {
		files, err := filepath.Glob(glob)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v", glob, err)
		}
		for _, path := range files {
			if !strings.HasSuffix(path, "_test.go") {
				collectCodes(t, path, used)
			}
		}
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(used)), slices.Sorted(maps.Keys(documented))); diff != "" || len(used) < 10 {
		t.Errorf("(-code +guide):\n%s", diff)
	}
}

// refusalCode does not match the names of fields and columns.
var refusalCode = regexp.MustCompile(`^(duplicate|conflict|constraint|unreadable|(no|too|invalid|weak|unknown)_[a-z]+)$`)

func collectCodes(t *testing.T, path string, to map[string]bool) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			if text, err := strconv.Unquote(lit.Value); err == nil && refusalCode.MatchString(text) {
				to[text] = true
			}
		}
		return true
	})
}
