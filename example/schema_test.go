package main

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/ginauth/ginauth/ginauth/openapi"
	"github.com/ginauth/ginauth/store/storetest"
)

func TestDescriptionAndRouterAgree(t *testing.T) {
	t.Parallel()
	engine, _, err := router(newStore(storetest.NewDB(t)), "http://localhost", quick(), slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err == nil {
		err = finish(engine)
	}
	if err != nil {
		t.Fatal(err)
	}
	openapi.Check(t, engine, schema)

	everything := schema
	everything.Hide = nil // what is hidden is decided by the same rule
	compared := 0
	for path, item := range documentOf(t, engine, everything).Paths.Map() {
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

func TestDescriptionLeavesThePagesOut(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	doc := documentOf(t, a.engine, schema)
	for _, route := range []string{
		"GET /", "GET /signup", "GET /forgot", "GET /restore", "GET /magic/send", "GET /account", "GET /mailbox", "GET /tokens", "POST /tokens",
		"GET /verify", "GET /reset", "GET /magic", "GET /email/confirm", "GET /email/undo", "POST /user",
	} {
		method, path, _ := strings.Cut(route, " ")
		if item := doc.Paths.Value(path); item != nil && item.GetOperation(method) != nil {
			t.Errorf("%s is described, which is for people", route)
		}
	}
	for _, route := range []string{"POST /forgot", "POST /reset", "POST /magic", "PATCH /user", "POST /user/archive", "POST /email"} {
		method, path, _ := strings.Cut(route, " ")
		if item := doc.Paths.Value(path); item == nil || item.GetOperation(method) == nil {
			t.Errorf("%s is not described", route)
		}
	}
}
