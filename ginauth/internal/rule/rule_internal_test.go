package rule

import (
	"strings"
	"testing"
)

func TestExcludeComparesWholeTemplates(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		rule, method, template string
		open                   bool
	}{
		{"/login", "GET", "/login", true},
		{"/login", "POST", "/login", true},
		{"/login", "GET", "/admin/login-history", false},
		{"/login", "GET", "/login/", false},
		{"/login", "GET", "/Login", false},
		{"/", "GET", "/", true},
		{"/", "GET", "/user", false},
		{"POST /signup", "POST", "/signup", true},
		{"POST /signup", "GET", "/signup", false},
		{"GET /page", "HEAD", "/page", true},
		{"/schema/*any", "GET", "/schema/*any", true},
		{"/schema/*any", "GET", "/schema/ui/index.html", true},
		{"/schema/*any", "GET", "/schema", false},
		{"/schema/*any", "GET", "/schemas/x", false},
		{"/items/:id", "GET", "/items/:id", true},
		{"/items/:id", "GET", "/items/:name", false},
		{NoRoute, "GET", "", true},
		{NoRoute, "GET", "/user", false},
		{"/x", "GET", "", false},
	} {
		compiled, err := Compile([]string{tc.rule})
		if err != nil {
			t.Fatalf("%q: %v", tc.rule, err)
		}
		if got := compiled.Match(tc.method, tc.template); got != tc.open {
			t.Errorf("rule %q on %s %q: open = %v, want %v", tc.rule, tc.method, tc.template, got, tc.open)
		}
	}
}

func TestNothingIsOpenWithoutRules(t *testing.T) {
	t.Parallel()
	if List(nil).Match("GET", "/") {
		t.Error("a route is open though no rule says so")
	}
}

func TestMalformedExcludeRulesAreRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", " ", "login", "/*any", "GET /*any", "/*", "/a/*", "/a/*any/b", "/a*any", "/a/*any*", "get /x", "FETCH /x", "GET  /x", "GET", "GET/x",
		"/a b", "/a?b=c", "/a#b", `/a\b`, "//a", "/a//b", "/x\n", "POST ", "^/login", "/a/*x:y",
	} {
		if r, err := Compile([]string{text}); err == nil {
			t.Errorf("%q was accepted as %+v", text, r)
		}
	}
}

func FuzzExcludeRule(f *testing.F) {
	for _, s := range []string{"/login", "POST /signup", "/schema/*any", "/*any", NoRoute, "/:a/*b"} {
		f.Add(s, "GET", "/schema/x")
	}
	f.Fuzz(func(t *testing.T, text, method, template string) {
		r, err := Parse(text)
		if err != nil {
			return
		}
		if r.Matches("GET", "/\x00nobody mounts this") {
			t.Fatalf("%q opens every route", text)
		}
		if r.Matches(method, template) && !r.below && template != strings.TrimPrefix(text, r.method+" ") && text != NoRoute {
			t.Fatalf("%q matches %q", text, template)
		}
	})
}
