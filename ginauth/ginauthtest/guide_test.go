package ginauthtest_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/ginauth/ginauth/ginauth/ginauthtest"
)

func TestGuideHasTheExamples(t *testing.T) {
	t.Parallel()
	guide := readFile(t, "../../docs/testing.md")
	for _, name := range []string{"example_test.go", "conformance_example_test.go"} {
		_, code, _ := strings.Cut(readFile(t, name), "\n)\n\n")
		if code == "" || !strings.Contains(guide, "```go\n"+code+"```") {
			t.Errorf("docs/testing.md has another example than %s", name)
		}
	}
}

// The guide has a row for each requirement, and names no other.
func TestGuideHasTheRequirements(t *testing.T) {
	t.Parallel()
	var listed, checked []string
	for _, row := range regexp.MustCompile(`(?m)^\| (ASVS-\S+) \|`).FindAllStringSubmatch(readFile(t, "../../docs/testing.md"), -1) {
		listed = append(listed, row[1])
	}
	for _, r := range ginauthtest.Examine(t, ginauthtest.New(t, house, ginauthtest.InMemory())).Requirements {
		checked = append(checked, r.ID)
	}
	slices.Sort(listed)
	slices.Sort(checked)
	if !slices.Equal(listed, checked) {
		t.Errorf("docs/testing.md lists\n%v, and Conformance checks\n%v", listed, checked)
	}
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
