package ginauth_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/internal/built"
)

// badBodies are sent to sign-up and to login, with the status and the code that each gets.
var badBodies = []struct {
	name, contentType, body string
	status                  int
	code                    string
}{
	{"empty", "application/json", "", 400, "malformed_body"},
	{"null", "application/json", "null", 400, "malformed_body"},
	{"array", "application/json", `[{"email":"a@b.com"}]`, 400, "malformed_body"},
	{"string", "application/json", `"a@b.com"`, 400, "malformed_body"},
	{"cut short", "application/json", `{"email":"a@b.com"`, 400, "malformed_body"},
	{"trailing data", "application/json", `{"email":"a@example.com","password":"x"} {}`, 400, "malformed_body"},
	{"trailing comma", "application/json", `{"email":"a@example.com",}`, 400, "malformed_body"},
	{"email is an array", "application/json", `{"email":["a@example.com","b@example.com"],"password":"x"}`, 400, "malformed_body"},
	{"email is an object", "application/json", `{"email":{"$ne":null},"password":"x"}`, 400, "malformed_body"},
	{"email is a number", "application/json", `{"email":1,"password":"x"}`, 400, "malformed_body"},
	{"email is true", "application/json", `{"email":true,"password":"x"}`, 400, "malformed_body"},
	{"a name twice", "application/json", `{"email":"a@example.com","email":"b@example.com","password":"x"}`, 400, "malformed_body"},
	{"a name twice, in another case", "application/json", `{"email":"a@example.com","EMAIL":"b@example.com","password":"x"}`, 400, "malformed_body"},
	{"a name in the wrong case", "application/json", `{"Email":"a@example.com","password":"x"}`, 400, "malformed_body"},
	{"a name that folds to another", "application/json", `{"email":"a@example.com","paſſword":"x"}`, 400, "malformed_body"},
	{"NUL", "application/json", `{"email":"a@example.com","password":"x\u0000"}`, 400, "malformed_body"},
	{"invalid UTF-8", "application/json", "{\"email\":\"a@example.com\",\"password\":\"\xff\"}", 400, "malformed_body"},
	{"half a surrogate pair", "application/json", `{"email":"a@example.com","password":"\ud800"}`, 400, "malformed_body"},
	{"deep", "application/json", `{"x":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `}`, 400, "malformed_body"},
	{"large", "application/json", `{"email":"` + strings.Repeat("a", 17<<10) + `"}`, 413, "body_too_large"},
	{"null fields", "application/json", `{"email":null,"password":null}`, 422, "validation_failed"},
	{"nothing in it", "application/json", `{}`, 422, "validation_failed"},
	{"no content type", "", `{"email":"a@example.com","password":"x"}`, 415, "unsupported_media_type"},
	{"text", "text/plain", `{"email":"a@example.com","password":"x"}`, 415, "unsupported_media_type"},
	{"XML", "application/xml", `<a/>`, 415, "unsupported_media_type"},
	{"multipart", "multipart/form-data; boundary=x", "--x--", 415, "unsupported_media_type"},
	{"nonsense content type", ";;", `{}`, 415, "unsupported_media_type"},
	{"empty form", "application/x-www-form-urlencoded", "", 422, "validation_failed"},
	{"form with a name twice", "application/x-www-form-urlencoded", "email=a%40example.com&email=b%40example.com&password=x", 400, "malformed_body"},
	{"form with NUL", "application/x-www-form-urlencoded", "email=a%40example.com&password=%00", 400, "malformed_body"},
	{"form with invalid UTF-8", "application/x-www-form-urlencoded", "email=a%40example.com&password=%ff", 400, "malformed_body"},
	{"form with a bad escape", "application/x-www-form-urlencoded", "email=%zz", 400, "malformed_body"},
	{"large form", "application/x-www-form-urlencoded", "email=" + strings.Repeat("a", 17<<10), 413, "body_too_large"},
}

// SEC-21, SEC-23, SEC-84, SEC-145
func TestBadBodiesAreRefusedWithAProblem(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	for _, path := range []string{"/signup", "/login"} {
		for _, tc := range badBodies {
			r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(tc.body))
			r.Header.Set("Content-Type", tc.contentType)
			w := app.send(r)
			p := problemIn(t, w)
			if w.Code != tc.status || p.Code != tc.code {
				t.Errorf("%s, %s: %d %s, want %d %s", path, tc.name, w.Code, p.Code, tc.status, tc.code)
			}
			if w.Header().Values("Set-Cookie") != nil {
				t.Errorf("%s, %s: a cookie was set", path, tc.name)
			}
		}
	}
	if n := app.count(t, "SELECT count(*) FROM ginauth.users"); n != 0 {
		t.Errorf("%d users were stored", n)
	}
}

func TestCompressedBodiesAreRefused(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	r := jsonRequest("/login", `{}`)
	r.Header.Set("Content-Encoding", "gzip")
	if w := app.send(r); w.Code != http.StatusUnsupportedMediaType {
		t.Errorf("status %d", w.Code)
	}
}

func TestFaultyFieldsAreNamedAllAtOnce(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	w := app.send(jsonRequest("/signup", `{"name":"`+strings.Repeat("n", 201)+`","email":"nobody","password":"short"}`))
	p := problemIn(t, w)
	got := map[string]string{}
	for _, f := range p.Errors {
		got[f.Field] = f.Code
	}
	if w.Code != http.StatusUnprocessableEntity || got["name"] != "too_long" || got["email"] != "email" || got["password"] != "too_short" {
		t.Errorf("%d %v", w.Code, got)
	}
	p = problemIn(t, app.send(jsonRequest("/signup", `{}`)))
	if len(p.Errors) != 3 || ginauth.FieldError(p.Errors[0]) != (ginauth.FieldError{Field: "name", Code: "required", Detail: "name is required"}) {
		t.Errorf("errors %v", p.Errors)
	}
}

// SEC-21, SEC-23, SEC-164
func FuzzBodiesNeverBreakTheServer(f *testing.F) {
	for _, tc := range badBodies {
		f.Add("/signup", tc.contentType, []byte(tc.body))
		f.Add("/login", tc.contentType, []byte(tc.body))
	}
	f.Add("/signup", "application/json", []byte(`{"name":"Ada","email":"ada@example.com","password":"correct horse battery staple"}`))
	app := newApp(f)
	f.Fuzz(func(t *testing.T, path, contentType string, body []byte) {
		if path != "/signup" {
			path = "/login"
		}
		r := httptest.NewRequest(http.MethodPost, path, bytes.NewReader(body))
		r.Header["Content-Type"] = []string{contentType}
		w := app.send(r)
		if w.Code >= 500 {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		if w.Code >= 400 {
			var p ginauth.Problem
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || p.Status != w.Code || p.Code == "" {
				t.Fatalf("%d %q: %v", w.Code, w.Body, err)
			}
		}
	})
}

type address struct {
	City string `json:"city" binding:"required"`
}

type companyForm struct {
	ginauth.Credentials
	Company string    `json:"company" binding:"required,max=20"`
	Offices []address `json:"offices" binding:"dive"`
}

func TestAppsOwnFieldsAreNamedByTheirJSONNames(t *testing.T) {
	t.Parallel()
	app := newApp(t, with(func(cfg *config) { cfg.Exclude = append(cfg.Exclude, "/join") }), routes(func(r *gin.Engine, cfg config) {
		r.POST("/join", ginauth.SignUpWith(built.Config(cfg), func(_ ctx, _ companyForm, _ *user) error { return nil }))
	}))
	w := app.send(jsonRequest("/join", `{"email":"a@example.com","password":"correct horse battery staple","offices":[{"city":"London"},{}]}`))
	fields := map[string]string{}
	for _, f := range problemIn(t, w).Errors {
		fields[f.Field] = f.Code
	}
	if w.Code != 422 || fields["company"] != "required" || fields["offices[1].city"] != "required" {
		t.Errorf("%d %v", w.Code, fields)
	}
}
