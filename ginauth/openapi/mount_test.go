package openapi_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/internal/built"
	"github.com/ginauth/ginauth/ginauth/openapi"
)

func mounted(t *testing.T, opts openapi.Options) *gin.Engine {
	t.Helper()
	cfg := newConfig(t, "/login")
	r := gin.New()
	r.Use(ginauth.Session(built.Config(cfg)))
	r.POST("/login", ginauth.Login(built.Config(cfg)))
	if err := openapi.Mount(r, opts); err != nil {
		t.Fatal(err)
	}
	r.GET("/late", answer)
	return r
}

func TestMountServesPageAndDocumentToEverybody(t *testing.T) {
	t.Parallel()
	r := mounted(t, openapi.Options{Title: "A & B"})
	for path, want := range map[string]struct{ kind, part string }{
		"/schema":                {"text/html; charset=utf-8", "<title>A &amp; B</title>"},
		"/schema/openapi.json":   {"application/json", `"openapi": "3.1.0"`},
		"/schema/openapi.yaml":   {"application/yaml", "openapi: 3.1.0"},
		"/schema/start.js":       {"text/javascript; charset=utf-8", "persistAuthorization: false"},
		"/schema/swagger-ui.js":  {"text/javascript; charset=utf-8", "SwaggerUIBundle"},
		"/schema/swagger-ui.css": {"text/css; charset=utf-8", ".swagger-ui"},
	} {
		w := ask(r, http.MethodGet, path)
		if w.Code != http.StatusOK || w.Header().Get("Content-Type") != want.kind || !strings.Contains(w.Body.String(), want.part) {
			t.Errorf("%s: %d %s, without %q", path, w.Code, w.Header().Get("Content-Type"), want.part)
		}
		csp := w.Header().Get("Content-Security-Policy")
		if !strings.HasPrefix(csp, "default-src 'none'; script-src 'self'; ") || strings.Contains(csp, "unsafe") || strings.Contains(csp, "http") {
			t.Errorf("%s has the policy %q", path, csp)
		}
		if w := ask(r, http.MethodHead, path); w.Code != http.StatusOK {
			t.Errorf("HEAD %s: %d", path, w.Code)
		}
	}
	if body := ask(r, http.MethodGet, "/schema/openapi.json").Body.String(); strings.Contains(body, `"/schema`) || !strings.Contains(body, "/late") {
		t.Error("the document has its own routes, or misses a later one")
	}
}

func TestMountKeepsThePageToThosePeopleWhoMaySeeIt(t *testing.T) {
	t.Parallel()
	r := mounted(t, openapi.Options{Private: true, Path: "/internal/docs"})
	for _, path := range []string{"/internal/docs", "/internal/docs/openapi.json", "/internal/docs/openapi.yaml"} {
		if w := ask(r, http.MethodGet, path); w.Code != http.StatusUnauthorized {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

func TestMountSendsWhatTheClientCanReadAndOnlyOnce(t *testing.T) {
	t.Parallel()
	r := mounted(t, openapi.Options{})
	get := func(headers ...string) *httptest.ResponseRecorder {
		req := httptest.NewRequest(http.MethodGet, "/schema/swagger-ui.css", nil)
		for i := 0; i < len(headers); i += 2 {
			req.Header.Set(headers[i], headers[i+1])
		}
		w := httptest.NewRecorder()
		r.ServeHTTP(w, req)
		return w
	}
	plain, refused, packed := get(), get("Accept-Encoding", "br, gzip;q=0"), get("Accept-Encoding", "br, gzip;q=0.5")
	unpacked, err := gzip.NewReader(packed.Body)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(unpacked)
	if err != nil || string(text) != plain.Body.String() || refused.Body.String() != plain.Body.String() {
		t.Errorf("compressed and plain differ (%v)", err)
	}
	if packed.Header().Get("Content-Encoding") != "gzip" || plain.Header().Get("Vary") != "Accept-Encoding" || plain.Header().Get("ETag") == packed.Header().Get("ETag") {
		t.Errorf("the headers are %v and %v", packed.Header(), plain.Header())
	}
	if w := get("If-None-Match", plain.Header().Get("ETag")); w.Code != http.StatusNotModified || w.Body.Len() > 0 {
		t.Errorf("a client that has it gets %d", w.Code)
	}
}

func TestMountReturnsWhatIsWrong(t *testing.T) {
	t.Parallel()
	if err := openapi.Mount(gin.New(), openapi.Options{Swagger: "no JSON"}); err == nil {
		t.Error("nothing was wrong")
	}
}
