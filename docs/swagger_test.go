package docs_test

import (
	"encoding/json"
	"os"
	"regexp"
	"testing"

	"github.com/swaggo/swag"
)

func TestSwaggerIsFresh(t *testing.T) {
	t.Parallel()
	golden(t, "swagger.json", swagger(t))
}

// swagger generates the document from the annotations.
func swagger(t *testing.T) []byte {
	t.Helper()
	parser := swag.New(swag.SetStrict(true), swag.SetDebugger(quiet{}))
	parser.RequiredByDefault = true // an answer has all its fields, unless a tag says otherwise
	// The general information stands in the first folder; types are looked for in all.
	if err := parser.ParseAPIMultiSearchDir([]string{".", "../ginauth", "../ginauth/apikey", "../ginauth/driver", "../ginauth/jwt", "../store"}, "api.go", 0); err != nil {
		t.Fatal(err)
	}
	document, err := json.MarshalIndent(parser.GetSwagger(), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(document, '\n')
}

// quiet drops swag's progress report.
type quiet struct{}

func (quiet) Printf(string, ...any) {}

var (
	annotatedVersion = regexp.MustCompile(`(?m)^//\t@version\s+(\S+)$`)
	newestRelease    = regexp.MustCompile(`(?m)^## (\d+\.\d+\.\d+)`)
)

func TestSwaggerNamesTheNewestRelease(t *testing.T) {
	t.Parallel()
	annotated, newest := find(t, "api.go", annotatedVersion), find(t, "CHANGELOG.md", newestRelease)
	if annotated != newest {
		t.Errorf("docs/api.go says version %q, docs/CHANGELOG.md %q; change @version and run `make docs`", annotated, newest)
	}
}

func find(t *testing.T, file string, pattern *regexp.Regexp) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	match := pattern.FindSubmatch(text)
	if match == nil {
		t.Fatalf("docs/%s has nothing like %s", file, pattern)
	}
	return string(match[1])
}
