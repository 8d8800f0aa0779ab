package ginauthtest_test

import (
	"os"
	"strings"
	"testing"
)

func TestGuideHasTheExample(t *testing.T) {
	t.Parallel()
	example, err := os.ReadFile("example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	guide, err := os.ReadFile("../../docs/testing.md")
	if err != nil {
		t.Fatal(err)
	}
	_, code, _ := strings.Cut(string(example), "\n)\n\n")
	if code == "" || !strings.Contains(string(guide), "```go\n"+code+"```") {
		t.Error("docs/testing.md has another example than example_test.go")
	}
}
