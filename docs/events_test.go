package docs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// The list of kinds is one that others branch on and count by.
func TestEventKindsAreDocumented(t *testing.T) {
	t.Parallel()
	if diff := cmp.Diff(eventKindsInSource(t), eventKindsInGuide(t)); diff != "" {
		t.Errorf("the table of docs/events.md differs from ginauth/driver/event_kind.go (-source +guide):\n%s", diff)
	}
}

// What OWASP's checklist wants to be told of has a kind.
func TestTheChecklistHasItsEvents(t *testing.T) { // SEC-161
	t.Parallel()
	stored := eventKindsInGuide(t)
	for what, kind := range map[string]struct {
		driver.EventKind
		stored bool
	}{
		"login": {driver.LoginSucceeded, true}, "failed login": {driver.LoginFailed, true}, "lock": {driver.LoginLockedOut, false},
		"logout": {driver.LoggedOut, true}, "sign-up": {driver.UserCreated, true}, "verification": {driver.UserVerified, true},
		"reset asked": {driver.MailRequested, false}, "reset done": {driver.LoginPasswordReset, true},
		"password": {driver.LoginPasswordChanged, true}, "address": {driver.UserEmailChanged, true},
		"revoked": {driver.SessionsRevoked, true}, "reuse": {driver.TokenReused, true}, "CSRF": {driver.CrossOriginRefused, false},
		"rate limit": {driver.RateExceeded, false}, "admin": {driver.UserDisabled, true}, "authorization": {driver.AccessDenied, false},
	} {
		if is, known := stored[string(kind.EventKind)]; !known || is != kind.stored {
			t.Errorf("%s: %s is documented: %v, stored: %v", what, kind.EventKind, known, is)
		}
	}
}

// eventKindsInSource are the constants by their value, and whether they are in the group of those that are stored.
func eventKindsInSource(t *testing.T) map[string]bool {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), "../ginauth/driver/event_kind.go", nil, parser.SkipObjectResolution|parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]bool{}
	for _, d := range f.Decls {
		group, ok := d.(*ast.GenDecl)
		if !ok || group.Tok != token.CONST {
			continue
		}
		for _, spec := range group.Specs {
			for _, v := range spec.(*ast.ValueSpec).Values { //nolint:forcetypeassert,errcheck // a constant
				value, err := strconv.Unquote(v.(*ast.BasicLit).Value) //nolint:forcetypeassert,errcheck // a string
				if err != nil {
					t.Fatal(err)
				}
				kinds[value] = !strings.HasPrefix(group.Doc.Text(), "What is in the log alone")
			}
		}
	}
	return kinds
}

func eventKindsInGuide(t *testing.T) map[string]bool {
	t.Helper()
	guide, err := os.ReadFile("events.md")
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]bool{}
	_, table, _ := strings.Cut(string(guide), "## Kinds")
	table, _, _ = strings.Cut(table, "\n## ")
	name := regexp.MustCompile("`([a-z_]+)`")
	for line := range strings.Lines(table) {
		cells := strings.Split(line, "|")
		if len(cells) != 6 || !slices.Contains([]string{"yes", "no"}, strings.TrimSpace(cells[3])) {
			continue
		}
		for _, found := range name.FindAllStringSubmatch(cells[1], -1) {
			kinds[found[1]] = strings.TrimSpace(cells[3]) == "yes"
		}
	}
	return kinds
}
