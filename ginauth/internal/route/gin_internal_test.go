package route

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
)

func first(*gin.Context)  {}
func second(*gin.Context) {}
func third(*gin.Context)  {}

func TestChainsShowWhatGinRuns(t *testing.T) {
	t.Parallel()
	if err := Layout(); err != nil {
		t.Fatal(err)
	}
	engine := gin.New()
	engine.Use(first)
	engine.GET("/", third)
	engine.GET("/users/:id", second, third)
	engine.POST("/users/:id", third)
	group := engine.Group("/group", second)
	group.GET("/users", third)
	group.GET("/files/*path", third)
	if err := engine.SetTrustedProxies([]string{"192.0.2.0/24"}); err != nil {
		t.Fatal(err)
	}
	routes, err := Chains(engine)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, r := range routes {
		var names []string
		for _, h := range r.Handlers {
			name := FuncName(h)
			names = append(names, name[strings.LastIndex(name, ".")+1:])
		}
		got[r.Method+" "+r.Template] = strings.Join(names, " ")
	}
	want := map[string]string{
		"GET /": "first third", "GET /users/:id": "first second third", "POST /users/:id": "first third",
		"GET /group/users": "first second third", "GET /group/files/*path": "first second third",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if proxies := TrustedProxies(engine); !slices.Equal(proxies, []string{"192.0.2.0/24"}) {
		t.Errorf("the trusted proxies are %v", proxies)
	}
}

func TestPositionIsThatOfTheRunningHandler(t *testing.T) {
	t.Parallel()
	engine := gin.New()
	positions := []int{}
	note := func(c *gin.Context) { positions = append(positions, Position(c)) }
	engine.GET("/", note, first, note, note)
	engine.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
	if !slices.Equal(positions, []int{0, 2, 3}) {
		t.Errorf("the positions are %v", positions)
	}
}

func TestAnotherLayoutIsRefused(t *testing.T) {
	t.Parallel()
	field := func(name string, t reflect.Type) reflect.StructField {
		return reflect.StructField{Name: name, PkgPath: "gin", Type: t}
	}
	chain, index := reflect.TypeFor[gin.HandlersChain](), reflect.TypeFor[int8]()
	for name, twin := range map[string][]reflect.StructField{
		"renamed": {field("chain", chain), field("index", index)}, "retyped": {field("handlers", chain), field("index", chain)},
	} {
		if _, err := fieldsOf(reflect.StructOf(twin)); !errors.Is(err, ErrLayout) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := fieldsOf(reflect.StructOf([]reflect.StructField{field("handlers", chain), field("index", index)})); err != nil {
		t.Errorf("Gin's own fields: %v", err)
	}
	type leaf struct {
		handlers []func(*gin.Context) // of another type than gin.HandlerFunc
		fullPath string
		children []*leaf //nolint:unused // read by reflection
	}
	type tree struct {
		method string
		root   *leaf
	}
	type withoutTrees struct{ routes []tree }
	type ofFunctions struct{ trees []tree }
	one := []tree{{"GET", &leaf{handlers: []func(*gin.Context){first}, fullPath: "/"}}}
	for name, engine := range map[string]any{"no trees": &withoutTrees{one}, "plain functions": &ofFunctions{one}, "fewer routes": &ofFunctions{}} {
		if _, err := chains(reflect.ValueOf(engine).Elem(), 1); !errors.Is(err, ErrLayout) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// An app may have a newer Gin than the one in go.mod, and with a replacement an older one. So these
// tests run with the release before that one, too, and with every release since.
func TestOtherVersionsOfGinKeepTheLayout(t *testing.T) {
	t.Parallel()
	const gin = "github.com/gin-gonic/gin"
	listed, err := exec.Command("go", "list", "-m", "-versions", "-f", "{{.Version}}{{range .Versions}} {{.}}{{end}}", gin).Output()
	if err != nil && os.Getenv("CI") == "" {
		t.Skip("the releases of Gin cannot be listed: ", err)
	}
	required, released, _ := strings.Cut(strings.TrimSpace(string(listed)), " ")
	versions := strings.Fields(released)
	at := slices.Index(versions, required)
	if at < 1 {
		t.Fatalf("%q is not among the releases %q: %v", required, released, err)
	}
	for _, v := range slices.Delete(versions[at-1:], 1, 2) {
		modfile := otherModules(t, gin+"@"+v)
		test := exec.Command("go", "test", "-vet=off", "-mod=mod", "-modfile="+modfile, "-run", "Chain|Position|Behind", ".")
		if out, err := test.CombinedOutput(); err != nil {
			t.Errorf("with Gin %s: %v\n%s", v, err, out)
		}
	}
}

// otherModules writes a go.mod like ours that requires another version of a module.
func otherModules(t *testing.T, require string) (modfile string) {
	t.Helper()
	const root = "../../.."
	folder := t.TempDir()
	for _, name := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, name), text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	modfile = filepath.Join(folder, "go.mod")
	if out, err := exec.Command("go", "mod", "edit", "-require="+require, modfile).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return modfile
}
