package driver_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// contract is how many methods each interface has. The first group is what every store of accounts
// and sessions implements; each of the second is asked for by one feature.
var contract = []map[string]int{
	{"Users": 4, "Sessions": 5, "SessionFinder": 1, "Limiter": 2, "CredentialLimiter": 1},
	{
		"Logins": 4, "Accounts": 6, "EventLog": 2, "Authority": 3, "Mails": 8, "APIKeys": 6, "RefreshTokens": 6, "SessionChecker": 1,
		"External": 4, "SessionExchanger": 2, "Realms": 1, "Usernames": 1, "Factors": 4, "PendingLogins": 3,
	},
	{"Observer": 1}, // no store implements it
}

// A new feature gets an interface of its own: a store that was complete yesterday still is.
func TestTheContractDoesNotGrow(t *testing.T) {
	t.Parallel()
	found := interfaces(t)
	for i, name := range []string{"accounts and sessions", "features", "other"} {
		methods := 0
		for of, want := range contract[i] {
			if found[of] != want {
				t.Errorf("%s has %d methods, not %d", of, found[of], want)
			}
			methods += found[of]
			delete(found, of)
		}
		t.Logf("%s: %d methods in %d interfaces", name, methods, len(contract[i]))
		if i == 0 && methods > 13 {
			t.Errorf("a store of accounts and sessions needs %d methods, more than 13", methods)
		}
	}
	for name := range found {
		t.Errorf("%s belongs to no group", name)
	}
}

// interfaces returns the number of methods of each interface of the package.
func interfaces(t *testing.T) map[string]int {
	t.Helper()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]int{}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			if i, ok := spec.Type.(*ast.InterfaceType); ok {
				found[spec.Name.Name] = i.Methods.NumFields()
				if embeds := slices.ContainsFunc(i.Methods.List, func(m *ast.Field) bool { return len(m.Names) == 0 }); embeds {
					t.Errorf("%s embeds another interface: list its methods", spec.Name.Name)
				}
			}
			return true
		})
	}
	return found
}
