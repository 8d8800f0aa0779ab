package jwt_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/built"
	"github.com/ginauth/ginauth/ginauth/jwt"
)

const adaIn = `{"email":"ada@example.com","password":"` + secretOfAda + `"}`

func decodeBody(tb testing.TB, w *httptest.ResponseRecorder, into any) {
	tb.Helper()
	if err := json.Unmarshal(w.Body.Bytes(), into); err != nil {
		tb.Fatalf("%v in %d %s", err, w.Code, w.Body)
	}
}

func TestLoginDeliversTheToken(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	inBody := answerIn(t, s.send(jsonRequest("/login", adaIn)))
	if s.me(inBody.AccessToken) != http.StatusOK || inBody.RefreshToken == "" {
		t.Errorf("%+v", inBody)
	}
	w := s.send(jsonRequest("/login/header", adaIn))
	token, ok := strings.CutPrefix(w.Header().Get("Authorization"), "Bearer ")
	if !ok || s.me(token) != http.StatusOK || !strings.Contains(w.Body.String(), "ada@example.com") || strings.Contains(w.Body.String(), token) {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
	for _, path := range []string{"/login", "/login/header", "/login/cookie"} {
		w := s.send(jsonRequest(path, strings.Replace(adaIn, "correct", "wrong", 1)))
		if w.Code != http.StatusUnauthorized || !strings.Contains(w.Body.String(), "invalid_credentials") || len(w.Result().Cookies()) > 0 || w.Header().Get("Authorization") != "" {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}

// SEC-53, SEC-99
func TestCookieHoldsTheTokenUntilLogout(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	w := s.send(jsonRequest("/login/cookie", adaIn))
	raw := w.Header().Get("Set-Cookie")
	if !strings.HasPrefix(raw, "__Host-token=ey") || !strings.HasSuffix(raw, "; Path=/; Max-Age=600; HttpOnly; Secure; SameSite=Lax") || w.Header().Get("Cache-Control") != "no-store" {
		t.Fatalf("%s", raw)
	}
	token := w.Result().Cookies()[0]
	with := func(method, path string, cookies ...string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, path, nil)
		for _, value := range cookies {
			r.Header.Add("Cookie", value)
		}
		return s.send(r)
	}
	pair := token.Name + "=" + token.Value
	for _, test := range []struct {
		name, code string
		cookies    []string
	}{
		{"the cookie", "", []string{pair}},
		{"none", "unauthenticated", nil},
		{"without the prefix", "unauthenticated", []string{"token=" + token.Value}},
		{"two", "bad_credentials", []string{pair, pair}},
		{"two in one header", "bad_credentials", []string{pair + "; " + token.Name + "=x"}},
		{"quoted", "bad_credentials", []string{token.Name + `="` + token.Value + `"`}},
		{"with Bearer", "bad_credentials", []string{token.Name + "=Bearer " + token.Value}},
		{"empty", "bad_credentials", []string{token.Name + "="}},
	} {
		w := with(http.MethodGet, "/me", test.cookies...)
		if (w.Code == http.StatusOK) != (test.code == "") || !strings.Contains(w.Body.String(), test.code) {
			t.Errorf("%s: %d %s", test.name, w.Code, w.Body)
		}
	}
	if w := with(http.MethodPost, "/logout", pair); w.Code != http.StatusNoContent || !strings.HasPrefix(w.Header().Get("Set-Cookie"), "__Host-token=; Path=/; Max-Age=0; HttpOnly; Secure") {
		t.Errorf("logout: %d %v", w.Code, w.Header())
	}
	if w := with(http.MethodGet, "/me", pair); w.Code != http.StatusUnauthorized {
		t.Errorf("after logout: %d", w.Code)
	}
	if w := with(http.MethodPost, "/logout"); w.Code != http.StatusNoContent {
		t.Errorf("logout without a cookie: %d", w.Code)
	}
}

// A header that is there decides, and a bad one hides no good cookie by accident.
func TestHeaderComesBeforeCookie(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	token := s.send(jsonRequest("/login/cookie", adaIn)).Result().Cookies()[0]
	for header, want := range map[string]int{"Bearer x.y.z": http.StatusUnauthorized, "Basic YTpi": http.StatusOK, "Bearer " + token.Value: http.StatusOK} {
		r := httptest.NewRequest(http.MethodGet, "/me", nil)
		r.Header.Set("Authorization", header)
		r.AddCookie(&http.Cookie{Name: token.Name, Value: token.Value})
		if w := s.send(r); w.Code != want {
			t.Errorf("%s: %d", header, w.Code)
		}
	}
}

// SEC-83
func TestCrossSiteCannotSetOrClearTheCookie(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, path := range []string{"/login/cookie", "/logout"} {
		r := jsonRequest(path, adaIn)
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		if w := s.send(r); w.Code != http.StatusForbidden || w.Header().Get("Set-Cookie") != "" {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

// SEC-55
func TestTokenThatFitsNoCookieIsAnError(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(s *site) {
		s.flow.Claims = func(*gin.Context, user) (any, error) { return object{"x": strings.Repeat("x", 4000)}, nil }
	})
	if w := s.send(jsonRequest("/login/cookie", adaIn)); w.Code != http.StatusInternalServerError || w.Header().Get("Set-Cookie") != "" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}

func TestClaimsOfTheAppComeAlong(t *testing.T) {
	t.Parallel()
	var failing error
	s := newSite(t, func(s *site) {
		s.flow.Claims = func(_ *gin.Context, u user) (any, error) { return object{"plan": "pro of " + u.Name}, failing }
	})
	v, err := jwt.NewVerifier(s.options.Accept)
	if err != nil {
		t.Fatal(err)
	}
	first := s.logIn(t)
	for _, a := range []jwt.Answer{first, answerIn(t, s.refresh(first.RefreshToken))} {
		claims, err := v.Verify(t.Context(), a.AccessToken)
		var own struct{ Plan string }
		if err != nil || claims.Decode(&own) != nil || own.Plan != "pro of Ada" {
			t.Errorf("%+v, %v", own, err)
		}
	}
	failing = errors.New("boom")
	if w := s.send(jsonRequest("/login", adaIn)); w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "boom") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// racing changes the password just before a login is stored.
type racing struct {
	driver.RefreshTokens
	change func()
}

func (r racing) CreateRefreshFamily(ctx context.Context, n driver.NewRefreshFamily) (driver.RefreshFamily, error) {
	r.change()
	return r.RefreshTokens.CreateRefreshFamily(ctx, n)
}

// SEC-78
func TestLoginWithAPasswordThatIsChangedMeanwhileFails(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(s *site) {
		s.flow.Refresh = racing{s.db, func() {
			_, _ = s.pool.Exec(context.Background(), `UPDATE ginauth.users SET password_hash = '$2b$10$' || repeat('a', 53), session_epoch = session_epoch + 1`)
		}}
	})
	if w := s.send(jsonRequest("/login", adaIn)); w.Code != http.StatusUnauthorized {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	var n int
	if err := s.pool.QueryRow(t.Context(), `SELECT count(*) FROM ginauth.refresh_tokens`).Scan(&n); err != nil || n != 0 {
		t.Errorf("%d logins, %v", n, err)
	}
}

// SEC-15
func TestLoginThatUpgradesTheHashSucceeds(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	// bcrypt at cost 4 of secretOfAda, as imported from elsewhere.
	s.exec(t, `UPDATE ginauth.users SET password_hash = $1`, bcryptOf(t, secretOfAda))
	if a := s.logIn(t); s.me(a.AccessToken) != http.StatusOK {
		t.Error("the token is refused")
	}
	var hash string
	if err := s.pool.QueryRow(t.Context(), `SELECT password_hash FROM ginauth.users`).Scan(&hash); err != nil || !strings.HasPrefix(hash, "$argon2id$") {
		t.Errorf("%s, %v", hash, err)
	}
}

// SEC-154, SEC-156
func TestOutageIsNoRefusal(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	a := s.logIn(t)
	cookie := s.send(jsonRequest("/login/cookie", adaIn)).Result().Cookies()[0]
	s.pool.Close()
	out := jsonRequest("/logout", "")
	out.AddCookie(&http.Cookie{Name: cookie.Name, Value: cookie.Value})
	for name, w := range map[string]*httptest.ResponseRecorder{
		"login": s.send(jsonRequest("/login", adaIn)), "refresh": s.refresh(a.RefreshToken),
		"revoke": s.form("/revoke", "token", a.RefreshToken), "revoke access": s.form("/revoke", "token", a.AccessToken),
		"logout": s.send(out), "token": s.form("/token", "grant_type", "password", "username", "ada@example.com", "password", secretOfAda),
	} {
		if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" || w.Header().Get("Set-Cookie") != "" {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	if status := s.me(a.AccessToken); status != http.StatusServiceUnavailable {
		t.Errorf("bearer: %d", status)
	}
}

func TestImpossibleFlowsAreExplained(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for want, edit := range map[string]func(*plan){
		"set the Users of the Config": func(f *plan) { f.app.Users, f.app.NoSessions, f.Refresh = nil, true, s.db },
		"Options.Issuer":              func(f *plan) { f.Issuer = nil },
		"set Options.Refresh":         func(f *plan) { f.app.Users, f.app.NoSessions = usersOnly{s.db}, true },
		"Options.RefreshIdle":         func(f *plan) { f.RefreshIdle = f.RefreshLifetime + 1<<62 },
		"Options.RefreshGrace":        func(f *plan) { f.RefreshGrace = 1 << 40 },
		"Options.MaxLogins":           func(f *plan) { f.MaxLogins = -1 },
		"Options.Scopes":              func(f *plan) { f.Scopes = []string{"a b"} },
		"CookieOptions.Name":          func(f *plan) { f.Cookie.Name = "__Host-token" },
		"SameSite":                    func(f *plan) { f.Cookie.SameSite = http.SameSiteNoneMode },
	} {
		f := s.flow
		edit(&f)
		if _, err := jwt.New(built.Config(f.app), f.Options); err == nil || !strings.HasPrefix(err.Error(), "jwt.New: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if _, err := jwt.New(nil, s.flow.Options); err == nil || !strings.Contains(err.Error(), "check the error of ginauth.New") {
		t.Errorf("without a Config: %v", err)
	}
	for constructor, build := range map[string]func(*jwt.Flow[user]) gin.HandlerFunc{
		"Login": func(f *jwt.Flow[user]) gin.HandlerFunc { return jwt.Login(f, jwt.InBody) },
		"Token": jwt.Token[user], "Refresh": jwt.Refresh[user], "Revoke": jwt.Revoke[user], "Logout": jwt.Logout[user],
	} {
		for _, f := range []*jwt.Flow[user]{nil, {}} {
			if got := panicOf(func() { build(f) }); !strings.HasPrefix(got, "jwt."+constructor+": ") || !strings.Contains(got, "jwt.New") {
				t.Errorf("without a Flow: %q", got)
			}
		}
	}
	for _, bad := range []string{"http://app.example", "HTTP://app.example", "http://localhost:8080", "ws://app.example", "app.example", "example.com/x", "null", "*", "https://*.example", "https://app.example/"} { // SEC-86
		app := s.flow.app
		app.TrustedOrigins = []string{bad}
		if _, err := ginauth.New(app); err == nil || !strings.Contains(err.Error(), "trusted origin") {
			t.Errorf("%q: %v", bad, err)
		}
	}
	local := s.flow
	local.app.TrustedOrigins, local.app.Cookie.InsecureLocalhost = []string{"http://localhost:5173"}, true
	if _, err := jwt.New(built.Config(local.app), local.Options); err != nil {
		t.Errorf("during development: %v", err)
	}
	none := s.flow
	none.NoRefresh = true
	if got := panicOf(func() { jwt.Refresh(none.built()) }); !strings.Contains(got, "NoRefresh") {
		t.Errorf("panic %q", got)
	}
	if got := panicOf(func() { jwt.Login(s.flow.built(), 7) }); !strings.Contains(got, "Delivery") {
		t.Errorf("panic %q", got)
	}
	if got := panicOf(func() { jwt.Cookie(config(), s.options, jwt.CookieOptions{Name: "a b"}) }); !strings.Contains(got, "CookieOptions.Name") {
		t.Errorf("panic %q", got)
	}
}

// usersOnly hides that a store keeps refresh tokens.
type usersOnly struct{ driver.Users[user] }

// A route without Session speaks of what users log in with, too.
func TestRefusalsFollowTheIdentifier(t *testing.T) {
	t.Parallel()
	for kind, want := range map[driver.IdentifierKind]string{
		driver.EmailIdentifier: "E-mail address or", driver.UsernameIdentifier: "Username or", driver.EitherIdentifier: "Username, e-mail address or",
	} {
		s := newSite(t, func(s *site) { s.flow.app.Identifier = kind })
		w := s.send(jsonRequest("/login", `{"email":"nobody@example.com","username":"nobody","password":"wrong"}`))
		if w.Code != http.StatusUnauthorized || !strings.Contains(w.Body.String(), `"detail":"`+want+` password is wrong.`) {
			t.Errorf("%v: %d %s", kind, w.Code, w.Body)
		}
	}
}
