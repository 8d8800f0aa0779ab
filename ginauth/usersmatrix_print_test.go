package ginauth_test

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const (
	matrixGuide = "../docs/sessions.md"
	matrixBegin = "<!-- users and sessions, by make docs -->\n"
	matrixEnd   = "<!-- end of users and sessions -->\n"
)

// checkGuide compares the matrix with the guide, or writes it.
func (m matrix) checkGuide(t *testing.T) {
	t.Helper()
	guide, err := os.ReadFile(matrixGuide)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, begins := bytes.Cut(guide, []byte(matrixBegin))
	committed, after, ends := bytes.Cut(rest, []byte(matrixEnd))
	if !begins || !ends {
		t.Fatalf("%s has no %s… %s", matrixGuide, matrixBegin, matrixEnd)
	}
	printed := m.String()
	switch {
	case string(committed) == printed:
	case *update:
		if err := os.WriteFile(matrixGuide, slices.Concat(before, []byte(matrixBegin+printed+matrixEnd), after), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("the matrix in docs/sessions.md is stale: run `make docs` and review the change:\n%s", printed)
	}
}

// String returns a table for each place, in which functions that behave alike share a row.
func (m matrix) String() string {
	var out strings.Builder
	var notes footnotes
	for _, at := range places {
		fmt.Fprintf(&out, "\n**Sessions in %s**\n\n|", at)
		for _, u := range usersColumns {
			out.WriteString(" | " + u.name)
		}
		out.WriteString(" |\n|---" + strings.Repeat("|---", len(usersColumns)) + "|\n")
		alike := map[string][]string{} // functions by their cells
		for _, name := range slices.Sorted(maps.Keys(m)) {
			var cells strings.Builder
			for _, u := range usersColumns {
				cells.WriteString(" | " + notes.cell(m[name][u.name][at]))
			}
			alike[cells.String()] = append(alike[cells.String()], name)
		}
		var most string
		for cells, names := range alike {
			if len(names) > len(alike[most]) {
				most = cells
			}
		}
		for _, cells := range slices.SortedFunc(maps.Keys(alike), func(a, b string) int { return strings.Compare(alike[a][0], alike[b][0]) }) {
			if cells != most {
				out.WriteString("| " + m.functions(alike[cells]) + cells + " |\n")
			}
		}
		rest := map[bool]string{true: "all", false: "all others"}[len(alike) == 1]
		out.WriteString("| " + rest + most + " |\n")
	}
	out.WriteString("\n")
	for i, note := range notes.texts {
		fmt.Fprintf(&out, "%d. %s\n", i+1, note)
	}
	out.WriteString("\n")
	return out.String()
}

// functions names a group: a package of which it has all functions by a star.
func (m matrix) functions(names []string) string {
	byPackage, all := map[string][]string{}, map[string]int{}
	for name := range m {
		pkg, _, _ := strings.Cut(name, ".")
		all[pkg]++
	}
	for _, name := range names {
		pkg, function, _ := strings.Cut(name, ".")
		byPackage[pkg] = append(byPackage[pkg], "`"+function+"`")
	}
	var groups []string
	for _, pkg := range slices.Sorted(maps.Keys(byPackage)) {
		if functions := byPackage[pkg]; len(functions) == all[pkg] {
			groups = append(groups, "all of package `"+pkg+"`")
		} else {
			functions[0] = "`" + pkg + "." + functions[0][1:]
			groups = append(groups, strings.Join(functions, ", "))
		}
	}
	return strings.Join(groups, "; ")
}

// footnotes are numbered in the order of their first use.
type footnotes struct{ texts []string }

func (n *footnotes) cell(o outcome) string {
	answer, text := "yes", o.note
	if o.refused != "" {
		answer, text = "no", plainReason(o.refused)
	}
	if text == "" {
		return answer
	}
	i := slices.Index(n.texts, text)
	if i < 0 {
		i = len(n.texts)
		n.texts = append(n.texts, text)
	}
	return fmt.Sprintf("%s (%d)", answer, i+1)
}

var (
	constructorName = regexp.MustCompile(`^(?:not_mounted: The server is not set up correctly\.: )?(?:[a-z]+\.[A-Z]\w+(: | ))?`)
	typeName        = regexp.MustCompile(`\ba \*[\w.]+(?:\[[\w./]+\])?`) // with the article
	codeName        = regexp.MustCompile(`\b(?:store|Options|driver|ginauth|flow|jwt|memory|sessions)\.[A-Z]\w+(?:\[[\w.]+\])?(?:\(pool\))?|\b(?:RetrieveUser|FindUser|NoRefresh|Stateless)\b`)
)

// plainReason leaves out of an error which function has refused and the names of the types of this test.
func plainReason(text string) string {
	text = strings.ReplaceAll(text, "\n", "; ")
	needs := constructorName.FindStringSubmatch(text)
	text = text[len(needs[0]):]
	if needs[1] == " " {
		text = "the handler " + text
	}
	text = typeName.ReplaceAllStringFunc(text, func(name string) string {
		for of, kind := range map[string]string{
			"club": "a store of your own", "redis": "a store of gin-contrib", "cookie": "a store of gin-contrib", "store.table": "a store.Table", "memory.store": "a memory.Store",
		} {
			if strings.Contains(strings.ToLower(name), of) {
				return kind
			}
		}
		return strings.Replace(name, "*", "", 1)
	})
	text = codeName.ReplaceAllString(text, "`$0`")
	return strings.ToUpper(text[:1]) + text[1:] + "."
}
