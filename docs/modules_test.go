package docs_test

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// How many modules an app carries is published, so that a new one is a decision.
func TestSecurityPolicyCountsTheModules(t *testing.T) { // SEC-170
	t.Parallel()
	const file, opening, closing = "SECURITY.md", "<!-- modules -->\n", "<!-- /modules -->"
	policy, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(policy), opening)
	_, after, closed := strings.Cut(rest, closing)
	if !found || !closed {
		t.Fatalf("%s has no place for the table", file)
	}
	golden(t, file, []byte(before+opening+moduleTable(packages(t))+closing+after))
}

func moduleTable(list []goPackage) string {
	of := map[string]string{} // the module of a package
	for _, p := range list {
		if p.Module != nil && p.Module.Path != module {
			of[p.ImportPath] = p.Module.Path
		}
	}
	var b strings.Builder
	b.WriteString("| Package | Modules | beyond those of `ginauth` |\n| --- | ---: | --- |\n")
	core := map[string]bool{}
	for _, p := range list {
		if local, ours := p.local(); ours && local == "ginauth" {
			core = modulesOf(p, of)
		}
	}
	list = slices.SortedFunc(slices.Values(list), func(a, b goPackage) int { return strings.Compare(a.ImportPath, b.ImportPath) })
	for _, p := range list {
		local, ours := p.local()
		if !ours || !p.public() {
			continue
		}
		linked := modulesOf(p, of)
		var more []string
		for _, m := range slices.Sorted(maps.Keys(linked)) {
			if !core[m] {
				more = append(more, m)
			}
		}
		fmt.Fprintf(&b, "| `%s` | %d | %s |\n", local, len(linked), strings.Join(more, ", "))
	}
	return b.String()
}

func modulesOf(p goPackage, of map[string]string) map[string]bool {
	linked := map[string]bool{}
	for _, dep := range p.Deps {
		if m := of[dep]; m != "" {
			linked[m] = true
		}
	}
	return linked
}
