package docs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// sqlParts are what statements are joined of besides constants: columns of the app's user, whose
// names pgx.Identifier has quoted, the numbers of their parameters, constants handed over, a name
// that checkSource has taken, and of an app's own table what the catalogue says of it: names, quoted,
// and types of a list.
var sqlParts = map[string][]string{
	"store/users.go":        {"columns"},
	"store/mail_sql.go":     {"columns"},
	"store/profile.go":      {"set"},
	"store/user_create.go":  {"columns.String()", "parameters.String()"},
	"store/lookup.go":       {"columns", "from", "clock", "condition", "rest"},
	"store/import_write.go": {"columns.String()", "values.String()"},
	"store/table.go":        {"m.join()"},
	"store/table_check.go":  {"id.column", "m.table", "demanded", "of"},
	"store/table_sql.go":    {"m.table", "m.id", "m.source", "m.idType", "m.hash", "m.goodHash()", "m.from()", "m.ofShadow()", "m.isRow()", "m.isOldEnough()", "joined()", "columns", "found", "set", "c.column", "c.kind", "parameter", "m.email.is()", "m.username.is()", "m.inRealm()"},
	"store/table_account_sql.go": {
		"m.table", "m.id", "m.source", "m.idType", "m.hash", "m.goodHash()", "m.from()", "of.is()", "m.inRealm()", "m.ofRealm()", "m.ofShadow()", "m.isRow()", "m.enabled()", "m.setUpdated()", "columns", "set",
	},
	"store/table_mail_sql.go": {
		"m.table", "m.id", "m.source", "m.idType", "m.hash", "m.storedHash()", "m.noHash()", "m.join()", "m.isRow()", "m.ofShadow()", "m.enabled()", "m.setUpdated()",
		"m.realm", "m.inRealm()", "m.email.column", "m.email.is()", "m.email.read()", "m.username.is()", "m.canonical()", "m.named()", "m.unmarked()", "m.proved()", "m.goodToken()",
		"columns", "epoch", "other", "shadow", "strings.Join()", "users",
	},
	"store/table_write.go": {"m.table", "strings.Join()", "t.db.statements.columns"},
	"store/shadow.go":      {"column", "h.source", "h.realm"},
}

var sqlWord = regexp.MustCompile(`\b(SELECT|INSERT|UPDATE|DELETE|FROM|WHERE|RETURNING|VALUES|SET|ORDER BY)\b`)

// Values reach PostgreSQL as parameters: nothing that a request brings can be part of a statement.
func TestStatementsAreJoinedOfConstants(t *testing.T) { // SEC-135
	t.Parallel()
	statements := 0
	for _, p := range packages(t) {
		local, ours := p.local()
		if !ours || local != "store" && local != "migrations" {
			continue
		}
		var files []*ast.File
		constants := map[string]string{}
		for _, name := range p.GoFiles {
			file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, file)
			collectConstants(file, constants)
		}
		for i, file := range files {
			statements += checkStatements(t, local+"/"+p.GoFiles[i], file, constants)
		}
	}
	if statements < 10 {
		t.Errorf("only %d joined statements were read", statements)
	}
}

func collectConstants(file *ast.File, to map[string]string) {
	for _, decl := range file.Decls {
		if group, ok := decl.(*ast.GenDecl); ok && group.Tok == token.CONST {
			ast.Inspect(group, func(n ast.Node) bool {
				if spec, ok := n.(*ast.ValueSpec); ok {
					for i, name := range spec.Names {
						to[name.Name] = ""
						if i < len(spec.Values) {
							to[name.Name] = literals(spec.Values[i])
						}
					}
				}
				return true
			})
		}
	}
}

// literals joins the literals of an expression.
func literals(e ast.Expr) string {
	var b strings.Builder
	ast.Inspect(e, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			if s, err := strconv.Unquote(lit.Value); err == nil {
				b.WriteString(s)
			}
		}
		return true
	})
	return b.String()
}

// checkStatements looks at what is joined or formatted to SQL.
func checkStatements(t *testing.T, path string, file *ast.File, constants map[string]string) (joined int) {
	t.Helper()
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BinaryExpr:
			if n.Op != token.ADD {
				return true
			}
			sql, others := taken(n, constants)
			if !sqlWord.MatchString(sql) {
				return true
			}
			joined++
			for _, other := range others {
				if !slices.Contains(sqlParts[path], other) && other != "d.statements.columns" && !isDriverConstant(other) {
					t.Errorf("%s joins %s to a statement: hand it over as a parameter", path, other)
				}
			}
			return false
		case *ast.CallExpr:
			if name := spelled(n.Fun); (strings.HasPrefix(name, "fmt.") || name == "strings.ReplaceAll") && len(n.Args) > 0 && sqlWord.MatchString(literals(n.Args[0])) {
				t.Errorf("%s makes a statement with %s: write it as a constant", path, name)
			}
		}
		return true
	})
	return joined
}

// isDriverConstant says whether a name such as driver.MailReset is a constant of package driver.
func isDriverConstant(name string) bool {
	name, ok := strings.CutPrefix(name, "driver.")
	return ok && driverConstants()[name]
}

var driverConstants = sync.OnceValue(func() map[string]bool {
	files, _ := filepath.Glob("../ginauth/driver/*.go")
	constants := map[string]bool{}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			panic(err)
		}
		for _, d := range parsed.Decls {
			if d, ok := d.(*ast.GenDecl); ok && d.Tok == token.CONST {
				for _, spec := range d.Specs {
					if spec, ok := spec.(*ast.ValueSpec); ok {
						for _, n := range spec.Names {
							constants[n.Name] = true
						}
					}
				}
			}
		}
	}
	return constants
})

// taken tells the constants of a sum from what else is in it.
func taken(sum ast.Expr, constants map[string]string) (constant string, others []string) {
	var b strings.Builder
	for _, part := range summands(sum) {
		value, named := constants[spelled(part)]
		switch _, literal := part.(*ast.BasicLit); {
		case named:
			b.WriteString(value)
		case literal:
			b.WriteString(literals(part))
		default:
			others = append(others, spelled(part))
		}
	}
	return b.String(), others
}

func summands(e ast.Expr) []ast.Expr {
	if sum, ok := e.(*ast.BinaryExpr); ok && sum.Op == token.ADD {
		return append(summands(sum.X), summands(sum.Y)...)
	}
	return []ast.Expr{e}
}

// spelled is a name, a selection or a call without its arguments, as the source has it; conversions
// to a string are left out.
func spelled(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return spelled(e.X) + "." + e.Sel.Name
	case *ast.CallExpr:
		if name := spelled(e.Fun); name != "string" || len(e.Args) != 1 {
			return name + "()"
		}
		return spelled(e.Args[0])
	default:
		return "an expression"
	}
}
