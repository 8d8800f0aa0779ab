package docs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// arrow forbids imports, direct and indirect. Paths below the module are written without it;
// a path stands for the packages below it too, unless it ends with "$".
type arrow struct {
	from   string
	except []string
	never  []string
	reason string
}

// testKits are imported by tests alone.
var testKits = []string{"store/storetest", "ginauth/internal/requesttest", "ginauth/driver/drivertest", "ginauth/ginauthtest"}

var arrows = []arrow{
	{
		from:   "ginauth",
		except: []string{"ginauth/ginauthtest"},
		never:  []string{"store", "migrations", "example"},
		reason: "arrows run example → ginauth → ginauth/driver → ginauth/password, and never back",
	},
	{
		from:   "ginauth",
		except: []string{"ginauth/openapi", "ginauth/ginauthtest"},
		never:  []string{"docs", "ginauth/openapi", "github.com/getkin"},
		reason: "an app must not carry documents, converter and page unless it asks for them",
	},
	{
		from:   "store",
		never:  []string{"ginauth/openapi", "github.com/getkin"},
		reason: "an app must not carry documents, converter and page unless it asks for them",
	},
	{
		from:   "ginauth",
		except: []string{"ginauth/ginauthtest"},
		never:  []string{"github.com/jackc", "database/sql$", "github.com/pressly/goose"},
		reason: "the core knows HTTP and no SQL, so that any user source can stand behind it",
	},
	{
		from: "ginauth/password",
		never: []string{
			"net/http$", "github.com/gin-gonic", "github.com/gin-contrib",
			"ginauth$", "ginauth/internal",
		},
		reason: "passwords are hashed in jobs and imports too, where there is no web server",
	},
	{
		from:   "ginauth/driver",
		except: []string{"ginauth/driver/drivertest"},
		never:  []string{"net/http$", "github.com/gin-gonic", "github.com/gin-contrib", "ginauth$", "ginauth/internal"},
		reason: "a store is written without knowing the web",
	},
	{
		from:   "store$",
		never:  []string{"ginauth$", "ginauth/internal", "ginauth/email", "ginauth/apikey", "ginauth/jwt"},
		reason: "a store knows the driver's contract and nothing of the web",
	},
	{
		from:   "store/memory",
		never:  []string{"net/http$", "github.com/gin-gonic", "github.com/gin-contrib", "github.com/jackc", "store$", "ginauth$", "ginauth/internal"},
		reason: "a store in memory carries neither a database nor the web",
	},
	{
		from:   "store/internal/line",
		never:  []string{"store$", "ginauth", "github.com"},
		reason: "what schedules statements is understood and tested without a database",
	},
	{
		from:   "store/internal/wire",
		never:  []string{"store$", "ginauth"},
		reason: "what reads rows knows PostgreSQL's types and nothing of accounts",
	},
	{
		from:   "store",
		except: []string{"store/storetest"},
		never:  []string{"example", "docs", "migrations", "github.com/pressly/goose"},
		reason: "whoever migrates with another tool must not carry goose",
	},
	{
		from:   "ginauth/jwt",
		except: []string{"ginauth/jwt/jwks"},
		never:  []string{"github.com/MicahParks", "golang.org/x/time"},
		reason: "only who trusts other issuers carries what fetches their keys",
	},
	{
		from:   "ginauth/refresh",
		never:  []string{"ginauth/jwt", "github.com/golang-jwt"},
		reason: "store keeps refresh tokens, and must not carry what makes JSON web tokens",
	},
	{
		from:   "store",
		except: []string{"store/storetest"},
		never:  []string{"github.com/golang-jwt", "github.com/MicahParks"},
		reason: "whoever has sessions only must not carry what makes JSON web tokens",
	},
	{
		from:   "ginauth/email",
		except: []string{"ginauth/email/smtp"},
		never:  []string{"github.com/wneessen", "net/smtp$", "github.com/jackc", "ginauth/jwt"},
		reason: "only who sends through SMTP carries what speaks it",
	},
	{
		from:   "store",
		except: []string{"store/storetest"},
		never:  []string{"github.com/wneessen"},
		reason: "whoever has sessions only must not carry what sends mail",
	},
	{
		from:   "store/embedded",
		never:  []string{"ginauth", "store$", "github.com/gin-gonic"},
		reason: "starting a PostgreSQL server has nothing to do with accounts",
	},
	{
		from:   "migrations",
		never:  []string{"ginauth", "store", "example", "docs", "github.com/gin-gonic"},
		reason: "a migration job links goose and pgx, and no web framework",
	},
	{
		from:   "docs",
		never:  []string{"ginauth", "store", "migrations", "example", "github.com"},
		reason: "serving the document costs an app one string",
	},
	{
		from:   "",
		except: testKits,
		never:  append([]string{"testing$", "net/http/httptest", "github.com/google/go-cmp", "github.com/chromedp"}, testKits...),
		reason: "test kits must not be linked into an app",
	},
	{
		from:   "",
		never:  []string{"github.com/swaggo", "github.com/go-openapi/spec"},
		reason: "annotations are read when a release is made, not at run time",
	},
	{
		from:   "",
		except: []string{"ginauth/openapi", "ginauth/ginauthtest", "example"},
		never:  []string{"github.com/go-openapi"},
		reason: "only package openapi works with documents at run time",
	},
}

func TestImportsFollowTheArrows(t *testing.T) {
	t.Parallel()
	list := packages(t)
	for _, a := range arrows {
		matched := false
		for _, p := range list {
			local, ours := p.local()
			if !ours || !below(local, a.from) || slices.ContainsFunc(a.except, func(e string) bool { return below(local, e) }) {
				continue
			}
			matched = true
			for _, forbidden := range a.never {
				if i := slices.IndexFunc(p.Deps, func(dep string) bool { return below(short(dep), forbidden) }); i >= 0 {
					t.Errorf("%s imports %s (%s): %s", local, short(p.Deps[i]), via(list, p, p.Deps[i]), a.reason)
				}
			}
		}
		if !matched {
			t.Errorf("the rule for %q covers no package", a.from)
		}
	}
}

// Whoever needs more than the test kit offers can write it, for the kit has nothing that they lack.
func TestKitImportsNothingInternal(t *testing.T) {
	t.Parallel()
	const kit = "ginauth/ginauthtest"
	found := false
	for _, p := range packages(t) {
		if local, ours := p.local(); !ours || local != kit {
			continue
		}
		found = true
		for _, path := range p.Imports {
			if strings.HasPrefix(path, module) && strings.Contains(path, "/internal") {
				t.Errorf("%s imports %s", kit, short(path))
			}
		}
	}
	if !found {
		t.Errorf("there is no package %s", kit)
	}
}

// What is unsafe stands in one file, where it can be reviewed whenever Gin changes.
func TestOneFileImportsUnsafe(t *testing.T) {
	t.Parallel()
	var found []string
	for _, p := range packages(t) {
		local, ours := p.local()
		if !ours || !slices.Contains(p.Imports, "unsafe") {
			continue
		}
		for _, name := range p.GoFiles {
			file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, name), nil, parser.ImportsOnly)
			if err != nil {
				t.Fatal(err)
			}
			if slices.ContainsFunc(file.Imports, func(i *ast.ImportSpec) bool { return i.Path.Value == `"unsafe"` }) {
				found = append(found, local+"/"+name)
			}
		}
	}
	if want := []string{"ginauth/internal/route/gin.go"}; !slices.Equal(found, want) {
		t.Errorf("unsafe is imported by %v, not by %v alone", found, want)
	}
}

// below tells whether path is the rule's own or, unless the rule ends with "$", below it.
func below(path, rule string) bool {
	if exact, ok := strings.CutSuffix(rule, "$"); ok {
		return path == exact
	}
	return rule == "" || path == rule || strings.HasPrefix(path, rule+"/")
}

func short(path string) string { return strings.TrimPrefix(path, module+"/") }

// via names the direct import of p through which it reaches dep.
func via(list []goPackage, p goPackage, dep string) string {
	for _, direct := range p.Imports {
		i := slices.IndexFunc(list, func(q goPackage) bool { return q.ImportPath == direct })
		if i >= 0 && direct != dep && slices.Contains(list[i].Deps, dep) {
			return "through " + short(direct)
		}
	}
	return "directly"
}
