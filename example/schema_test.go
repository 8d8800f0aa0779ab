package main

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/ginauth/ginauth/ginauth/openapi"
	"github.com/ginauth/ginauth/store/storetest"
)

func TestDescriptionAndRouterAgree(t *testing.T) {
	t.Parallel()
	engine, _, err := router(storetest.NewDB(t), "http://localhost", false, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		t.Fatal(err)
	}
	openapi.Check(t, engine, schema)

	everything := schema
	everything.Hide = nil // what is hidden is decided by the same rule
	d, err := openapi.Build(engine, everything)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(d.JSON())
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			r := httptest.NewRequest(method, regexp.MustCompile(`\{[^}]+\}`).ReplaceAllString(path, "x"), strings.NewReader(""))
			r.Host = "localhost"
			w := httptest.NewRecorder()
			engine.ServeHTTP(w, r)
			if says, is := len(*op.Security) > 0, w.Code == http.StatusUnauthorized; says != is {
				t.Errorf("%s %s is described as secured = %t, and answers %d without credentials", method, path, says, w.Code)
			}
			compared++
		}
	}
	if compared < 12 {
		t.Errorf("only %d operations were compared", compared)
	}
}
