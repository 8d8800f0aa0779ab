package openapi

import (
	"strings"
	"testing"
)

func TestGinTemplatesBecomePaths(t *testing.T) {
	t.Parallel()
	for template, want := range map[string]string{
		"/":               "/",
		"/users/:id":      "/users/{id}",
		"/a/:b/c/*d":      "/a/{b}/c/{d}",
		"/files/v:n":      "/files/v{n}",
		`/users\:export`:  "/users:export",
		`/a\:b/:id`:       "/a:b/{id}",
		"/trailing/:id/":  "/trailing/{id}/",
		"/no/parameters/": "/no/parameters/",
	} {
		if got := openPath(template); got != want {
			t.Errorf("%s became %s, not %s", template, got, want)
		}
	}
}

func FuzzOpenPath(f *testing.F) {
	for _, s := range []string{"/a/:b", "/x/*rest", `/a\:b`, "/::", "/:a:b", "/{x}/:y"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, template string) {
		path := openPath(template)
		if strings.Count(template, "/") != strings.Count(path, "/") {
			t.Fatalf("%q has other segments than %q", path, template)
		}
		if s := shape(path); shape(s) != s && !strings.Contains(template, "{") {
			t.Fatalf("the shape of %q is not stable", path)
		}
	})
}
