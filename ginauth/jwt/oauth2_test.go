package jwt_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ginauth/ginauth/ginauth/jwt"
)

func TestTokenAnswersAsInRFC6749(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	w := s.form("/token", "grant_type", "password", "username", "Ada@Example.com", "password", secretOfAda, "scope", "", "client_id", "", "client_secret", "")
	a := answerIn(t, w)
	want := `{"access_token":"` + a.AccessToken + `","token_type":"Bearer","expires_in":600,"refresh_token":"` + a.RefreshToken + `"}`
	if diff := cmp.Diff(want, w.Body.String()); diff != "" || len(a.RefreshToken) != 64 {
		t.Error(diff)
	}
	h := w.Header()
	if h.Get("Cache-Control") != "no-store" || h.Get("Pragma") != "no-cache" || !strings.HasPrefix(h.Get("Content-Type"), "application/json") || h.Get("Set-Cookie") != "" {
		t.Errorf("%v", h)
	}
	if status := s.me(a.AccessToken); status != http.StatusOK {
		t.Errorf("the token: %d", status)
	}
}

func TestTokenErrorsAreThoseOfRFC6749(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(s *site) { s.flow.Scopes = []string{"read", "write"} })
	s.exec(t, `INSERT INTO ginauth.users (id, email, email_canonical, password_hash, disabled_at)
		SELECT '00000000-0000-4000-8000-000000000001', 'gone@example.com', 'gone@example.com', password_hash, now() FROM ginauth.users`)
	good := url.Values{"grant_type": {"password"}, "username": {"ada@example.com"}, "password": {secretOfAda}}
	with := func(edit url.Values) string {
		form := url.Values{}
		for _, from := range []url.Values{good, edit} {
			for name, values := range from {
				form[name] = values
				if values == nil {
					form.Del(name)
				}
			}
		}
		return form.Encode()
	}
	for _, test := range []struct{ name, body, want string }{
		{"wrong password", with(url.Values{"password": {"wrong horse battery staple"}}), "invalid_grant"},
		{"unknown user", with(url.Values{"username": {"eve@example.com"}}), "invalid_grant"},
		{"no address", with(url.Values{"username": {"eve"}}), "invalid_grant"},
		{"disabled user", with(url.Values{"username": {"gone@example.com"}}), "invalid_grant"},
		{"no grant_type", with(url.Values{"grant_type": nil}), "invalid_request"},
		{"no username", with(url.Values{"username": nil}), "invalid_request"},
		{"no password", with(url.Values{"password": {""}}), "invalid_request"},
		{"no refresh_token", "grant_type=refresh_token", "invalid_request"},
		{"a parameter twice", with(nil) + "&username=eve%40example.com", "invalid_request"},
		{"no form", `{"grant_type":"password"}`, "invalid_request"},
		{"broken escapes", "grant_type=%zz", "invalid_request"},
		{"NUL", with(url.Values{"password": {"\x00"}}), "invalid_request"},
		{"too large", with(url.Values{"x": {strings.Repeat("x", 20000)}}), "invalid_request"},
		{"client_credentials", "grant_type=client_credentials", "unsupported_grant_type"},
		{"PASSWORD", with(url.Values{"grant_type": {"PASSWORD"}}), "unsupported_grant_type"},
		{"unknown scope", with(url.Values{"scope": {"read admin"}}), "invalid_scope"},
		{"unknown refresh_token", "grant_type=refresh_token&refresh_token=" + strings.Repeat("A", 64), "invalid_grant"},
		{"malformed refresh_token", "grant_type=refresh_token&refresh_token=x", "invalid_grant"},
	} {
		r := formRequest("/token", test.body)
		if strings.HasPrefix(test.body, "{") {
			r.Header.Set("Content-Type", "application/json")
		}
		w := s.send(r)
		var body map[string]string
		decodeBody(t, w, &body)
		if w.Code != http.StatusBadRequest || body["error"] != test.want || w.Header().Get("Cache-Control") != "no-store" || w.Header().Get("Pragma") != "no-cache" {
			t.Errorf("%s: %d %s", test.name, w.Code, w.Body)
		}
		if len(body) != 2 || strings.ContainsAny(body["error_description"], `"\`) {
			t.Errorf("%s: %v", test.name, body)
		}
	}
	if w := s.send(httptest.NewRequest(http.MethodGet, "/token?"+with(nil), nil)); w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "POST" {
		t.Errorf("GET: %d", w.Code) // SEC-20
	}
	if w := s.send(formRequest("/token?"+with(nil), "grant_type=password")); w.Code != http.StatusBadRequest {
		t.Errorf("credentials in the URL: %d", w.Code) // SEC-20
	}
}

// SEC-29
func TestTokenAnswersUnknownAndWrongAlike(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	var bodies []string
	for _, name := range []string{"ada@example.com", "eve@example.com"} {
		w := s.form("/token", "grant_type", "password", "username", name, "password", "wrong horse battery staple")
		bodies = append(bodies, w.Body.String()+marshal(t, w.Header()))
	}
	if bodies[0] != bodies[1] {
		t.Error(cmp.Diff(bodies[0], bodies[1]))
	}
}

func TestScopesAreGrantedAsAsked(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(s *site) { s.flow.Scopes = []string{"read", "write"} })
	v, err := jwt.NewVerifier(s.options.Accept)
	if err != nil {
		t.Fatal(err)
	}
	scope := func(a jwt.Answer) string {
		claims, err := v.Verify(t.Context(), a.AccessToken)
		if err != nil || strings.Join(claims.Scopes, " ") != a.Scope {
			t.Errorf("%v in the token, %q beside it: %v", claims.Scopes, a.Scope, err)
		}
		return a.Scope
	}
	all := s.logIn(t)
	some := answerIn(t, s.form("/token", "grant_type", "password", "username", "ada@example.com", "password", secretOfAda, "scope", "read"))
	if scope(all) != "read write" || scope(some) != "read" {
		t.Errorf("%q and %q", all.Scope, some.Scope)
	}
	narrowed := answerIn(t, s.form("/refresh", "refresh_token", all.RefreshToken, "scope", "write"))
	again := answerIn(t, s.refresh(narrowed.RefreshToken))
	if scope(narrowed) != "write" || scope(again) != "read write" {
		t.Errorf("%q, then %q", narrowed.Scope, again.Scope)
	}
	if w := s.form("/refresh", "refresh_token", some.RefreshToken, "scope", "write"); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "invalid_scope") {
		t.Errorf("more than was granted: %d %s", w.Code, w.Body)
	}
}
