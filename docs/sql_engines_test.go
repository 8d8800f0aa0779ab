package docs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// inPages is why a statement names ctid, the place of a row.
const inPages = "it reads the table in the order of its pages: no index finds what has ended, and one would slow down every write"

// fallShort are the statements that another engine than PostgreSQL could not carry, with the reason.
var fallShort = map[string]string{
	"sweepSessions":  inPages,
	"sweepFamilies":  inPages,
	"sweepThrottles": inPages,
	"sweepDevices":   inPages,
}

// Engines that speak PostgreSQL's protocol have no ctid, and take a slower path where an UPDATE
// calls now(). A statement reads the database's clock in a row of its own, from which the UPDATE
// takes it, or from EXCLUDED.
func TestStatementsCanBeCarriedByOtherEngines(t *testing.T) {
	t.Parallel()
	statements := storeStatements(t)
	if len(statements) < 100 {
		t.Fatalf("only %d statements were read", len(statements))
	}
	for _, name := range slices.Sorted(maps.Keys(statements)) {
		fault := ""
		switch sql := statements[name]; {
		case namesCtid.MatchString(sql):
			fault = "names ctid: find rows by their key"
		case readsClockInUpdate(sql):
			fault = "reads the clock within an UPDATE: take the time from a row, such as theClock, or from EXCLUDED"
		}
		_, listed := fallShort[name]
		switch {
		case fault != "" && !listed:
			t.Errorf("%s %s", name, fault)
		case fault == "" && listed:
			t.Errorf("%s is listed, but can be carried", name)
		}
	}
	for name := range fallShort {
		if _, known := statements[name]; !known {
			t.Errorf("%s is listed, and there is no such statement", name)
		}
	}
}

var (
	namesCtid = regexp.MustCompile(`\bctid\b`)
	clockRow  = regexp.MustCompile(`\((SELECT|VALUES) \(?(COALESCE\(\$\d+::timestamptz, )?(now|clock_timestamp)\(\)\)*( AS now\))? AS clock( \(now\))?`)
	sqlTokens = regexp.MustCompile(`'[^']*'|[()]|\bFOR (?:NO KEY )?UPDATE\b|\b(?:SELECT|INSERT|UPDATE|DELETE)\b` +
		`|\b(?:now|clock_timestamp|statement_timestamp|transaction_timestamp)\(|(?i)\b(?:current_timestamp|localtimestamp|current_date)\b`)
)

// readsClockInUpdate tells whether a function that reads the clock is called in an UPDATE or a DO
// UPDATE, or in a query within it, apart from rows of the clock.
func readsClockInUpdate(sql string) bool {
	kinds := []string{""} // of the statements that enclose the token, by parentheses
	for _, token := range sqlTokens.FindAllString(clockRow.ReplaceAllString(sql, "clock"), -1) {
		last := len(kinds) - 1
		switch token {
		case "(":
			kinds = append(kinds, "")
		case ")":
			kinds = kinds[:max(last, 1)]
		case "SELECT", "INSERT", "UPDATE", "DELETE":
			kinds[last] = token
		default:
			if token[0] == '\'' || strings.HasPrefix(token, "FOR ") {
				continue
			}
			if slices.Contains(kinds, "UPDATE") {
				return true
			}
			if strings.HasSuffix(token, "(") {
				kinds = append(kinds, "")
			}
		}
	}
	return false
}

func TestClocksInUpdatesAreSeen(t *testing.T) {
	t.Parallel()
	for sql, want := range map[string]bool{
		`UPDATE t SET at = now()`: true,
		`UPDATE t SET at = COALESCE($1::timestamptz, now()) WHERE id = $2`:                            true,
		`UPDATE t SET a = 1 WHERE at < (SELECT now())`:                                                true,
		`WITH a AS (UPDATE t SET at = now()) SELECT 1`:                                                true,
		`INSERT INTO t VALUES ($1) ON CONFLICT (a) DO UPDATE SET at = now()`:                          true,
		`UPDATE t SET at = CURRENT_TIMESTAMP`:                                                         true,
		`INSERT INTO t VALUES (now()) ON CONFLICT (a) DO UPDATE SET at = EXCLUDED.at`:                 false,
		`UPDATE t SET at = clock.now FROM (SELECT COALESCE($2::timestamptz, now()) AS now) AS clock`:  false,
		`UPDATE t SET at = clock.now FROM (VALUES (now())) AS clock (now)`:                            false,
		`WITH a AS (UPDATE t SET a = 1) SELECT now()`:                                                 false,
		`SELECT now() FROM t FOR UPDATE`:                                                              false,
		`WITH c AS (SELECT a FROM t FOR NO KEY UPDATE), d AS (SELECT now()) DELETE FROM t`:            false,
		`DELETE FROM t WHERE at < now()`:                                                              false,
		`WITH c AS (SELECT now() AS now) UPDATE t SET at = (SELECT c.now FROM c), note = 'UPDATE of'`: false,
	} {
		if got := readsClockInUpdate(sql); got != want {
			t.Errorf("%s: %v", sql, got)
		}
	}
}

// storeStatements are the statements of package store by their names: constants that are no part of
// another constant, and those that functions join, by the functions' names. What is known at run
// time only is a question mark in them.
func storeStatements(t *testing.T) map[string]string {
	t.Helper()
	constants, parts := map[string]ast.Expr{}, map[string]bool{}
	files := storeFiles(t)
	for _, file := range files {
		for _, d := range file.Decls {
			if d, ok := d.(*ast.GenDecl); ok && d.Tok == token.CONST {
				for _, spec := range d.Specs {
					if spec, ok := spec.(*ast.ValueSpec); ok && len(spec.Values) == 1 {
						constants[spec.Names[0].Name] = spec.Values[0]
					}
				}
			}
		}
	}
	statements := map[string]string{}
	for name, value := range constants {
		for _, part := range summands(value) {
			parts[spelled(part)] = true
		}
		statements[name] = resolved(value, constants)
	}
	maps.DeleteFunc(statements, func(name, sql string) bool { return parts[name] || !sqlWord.MatchString(sql) })
	for _, file := range files {
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			ast.Inspect(f, func(n ast.Node) bool {
				sum, ok := n.(*ast.BinaryExpr)
				if !ok || sum.Op != token.ADD {
					return true
				}
				if sql := resolved(sum, constants); sqlWord.MatchString(sql) {
					statements[f.Name.Name+" at "+strconv.Itoa(int(sum.Pos()))] = sql
				}
				return false
			})
		}
	}
	return statements
}

func storeFiles(t *testing.T) (files []*ast.File) {
	t.Helper()
	for _, p := range packages(t) {
		if local, ours := p.local(); !ours || local != "store" {
			continue
		}
		for _, name := range p.GoFiles {
			file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, file)
		}
	}
	return files
}

// resolved is the value of a sum of literals and constants.
func resolved(e ast.Expr, constants map[string]ast.Expr) string {
	var b strings.Builder
	for _, part := range summands(e) {
		lit, isLit := part.(*ast.BasicLit)
		constant, named := constants[spelled(part)]
		switch {
		case isLit:
			text, _ := strconv.Unquote(lit.Value)
			b.WriteString(text)
		case named:
			b.WriteString(resolved(constant, constants))
		default:
			b.WriteString("?")
		}
	}
	return b.String()
}

// Some engines add to the name of a constraint.
func TestConstraintsAreComparedByPrefix(t *testing.T) {
	t.Parallel()
	named, compared := 0, 0
	count := func(to *int) func(ast.Node) bool {
		return func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok && s.Sel.Name == "ConstraintName" {
				*to++
			}
			return true
		}
	}
	for _, file := range storeFiles(t) {
		ast.Inspect(file, count(&named))
		ast.Inspect(file, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok && spelled(call.Fun) == "strings.HasPrefix" {
				ast.Inspect(call, count(&compared))
			}
			return true
		})
	}
	if named == 0 || named != compared {
		t.Errorf("the store looks at the name of a constraint %d times, and %d times with strings.HasPrefix", named, compared)
	}
}
