package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.+)$`)
	noSlug  = regexp.MustCompile(`[^a-z0-9 _-]`)
	code    = regexp.MustCompile("(?ms)^```.*?^```$|`[^`\n]+`")
)

// Links between documents lead to files and headings that exist.
func TestLinksOfTheDocumentsLeadSomewhere(t *testing.T) {
	t.Parallel()
	documents, err := filepath.Glob("*.md")
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, document := range append(documents, "../README.md") {
		for _, found := range link.FindAllStringSubmatch(code.ReplaceAllString(readFile(t, document), ""), -1) {
			if strings.Contains(found[1], "://") || strings.HasPrefix(found[1], "mailto:") {
				continue
			}
			count++
			path, anchor, _ := strings.Cut(found[1], "#")
			target := document
			if path != "" {
				target = filepath.Join(filepath.Dir(document), filepath.FromSlash(path))
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s: %s leads to nothing", document, found[1])
			} else if anchor != "" && strings.HasSuffix(target, ".md") && !slices.Contains(anchors(t, target), anchor) {
				t.Errorf("%s: %s has no heading #%s", document, path, anchor)
			}
		}
	}
	if count < 100 {
		t.Errorf("only %d links were found", count)
	}
}

// anchors are those that GitHub makes of a document's headings.
func anchors(t *testing.T, document string) (list []string) {
	t.Helper()
	for _, h := range heading.FindAllStringSubmatch(readFile(t, document), -1) {
		slug := noSlug.ReplaceAllString(strings.ToLower(h[1]), "")
		list = append(list, strings.ReplaceAll(slug, " ", "-"))
	}
	return list
}
