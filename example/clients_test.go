// Generated clients add minutes, and no goroutine of ours.

//go:build !race

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ginauth/ginauth/store/storetest"
)

// described runs an example and returns it with a copy of the folder, where its description lies as
// openapi.json.
func described(t *testing.T, folder string) (p *process, dir string) {
	t.Helper()
	p = start(t, []string{"DATABASE_URL=" + storetest.NewURL(t)})
	dir = t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(folder)); err != nil {
		t.Fatal(err)
	}
	c := newClient(t, p.url)
	got := c.get(t, "/schema/openapi.json")
	got.has(t, 200)
	if err := os.WriteFile(filepath.Join(dir, "openapi.json"), []byte(got.body), 0o600); err != nil {
		t.Fatal(err)
	}
	return p, dir
}

func execute(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

func TestClientOfOapiCodegenLogsIn(t *testing.T) {
	t.Parallel()
	p, dir := described(t, "clients/go")
	if err := os.Mkdir(filepath.Join(dir, "api"), 0o700); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "go", "-C", dir, "mod", "download").CombinedOutput(); err != nil && os.Getenv("CI") == "" {
		t.Skipf("the generator cannot be downloaded: %s", out)
	}
	execute(t, dir, "go", "tool", "oapi-codegen", "-config", "oapi-codegen.yaml", "openapi.json")
	if got := execute(t, dir, "go", "run", ".", p.url); got != "hello Gopher\n" {
		t.Errorf("the client says %q", got)
	}
}

func TestClientOfOpenapiTypescriptLogsIn(t *testing.T) {
	t.Parallel()
	modules, err := filepath.Abs("../.ci/node/node_modules")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(modules); err != nil {
		const message = "the generator is not installed: .ci/node-tools"
		if os.Getenv("CI") != "" {
			t.Fatal(message)
		}
		t.Skip(message)
	}
	p, dir := described(t, "clients/typescript")
	if err := os.Symlink(modules, filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	execute(t, dir, "node", "node_modules/openapi-typescript/bin/cli.js", "openapi.json", "-o", "api.d.ts")
	execute(t, dir, "node", "node_modules/typescript/bin/tsc", "--strict", "-p", ".")
	if got := execute(t, dir, "node", "client.js", p.url); got != "hello Tess\n" {
		t.Errorf("the client says %q", got)
	}
}
