package jwt_test

import (
	"context"
	"errors"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/jwt"
)

// SEC-102
func TestAuthorizationHeaderForms(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	good := b.token(t, nil)
	for _, test := range []struct {
		name   string
		values []string
		code   string
	}{
		{"no header", nil, "unauthenticated"},
		{"another scheme", []string{"Basic YWRhOmFkYQ=="}, "unauthenticated"},
		{"a bare token", []string{good}, "unauthenticated"},
		{"Bearerish", []string{"Bearers " + good}, "unauthenticated"},
		{"as it should be", []string{"Bearer " + good}, ""},
		{"capitals", []string{"BEARER " + good}, ""},
		{"small letters", []string{"bearer " + good}, ""},
		{"letters of both kinds", []string{"bEaReR " + good}, ""},
		{"small letters, no token", []string{"bearer"}, "bad_credentials"},
		{"small letters, two headers", []string{"bearer " + good, "bearer " + good}, "bad_credentials"},
		{"bearerish", []string{"bearers " + good}, "unauthenticated"},
		{"no blank", []string{"Bearer" + good}, "unauthenticated"},
		{"letters that fold", []string{"\u212aearer " + good}, "bad_credentials"},
		{"two schemes", []string{"Bearer Bearer " + good}, "bad_credentials"},
		{"no token", []string{"Bearer"}, "bad_credentials"},
		{"a blank for a token", []string{"Bearer "}, "bad_credentials"},
		{"two blanks", []string{"Bearer  " + good}, ""},
		{"many blanks", []string{"bearer" + strings.Repeat(" ", 200) + good}, ""},
		{"blanks for a token", []string{"Bearer   "}, "bad_credentials"},
		{"a blank and a tab", []string{"Bearer \t" + good}, "bad_credentials"},
		{"blanks without end", []string{"Bearer" + strings.Repeat(" ", 1<<20) + good}, "bad_credentials"}, // SEC-101
		{"a tab", []string{"Bearer\t" + good}, "bad_credentials"},
		{"a blank first", []string{" Bearer " + good}, "bad_credentials"},
		{"a blank behind", []string{"Bearer " + good + " "}, "bad_credentials"},
		{"a comma", []string{"Bearer " + good + ", Bearer " + good}, "bad_credentials"},
		{"empty", []string{""}, "bad_credentials"},
		{"NUL", []string{"Bearer \x00" + good}, "bad_credentials"},
		{"NUL in the scheme", []string{"Bear\x00er " + good}, "bad_credentials"},
		{"not ASCII", []string{"Bearer é"}, "bad_credentials"},
		{"two headers", []string{"Bearer " + good, "Bearer " + good}, "bad_credentials"},
		{"two headers, one Basic", []string{"Basic YWRhOmFkYQ==", "Bearer " + good}, "bad_credentials"},
		{"a newline inside", []string{"Bearer " + good[:20] + "\n" + good[20:]}, "bad_credentials"}, // SEC-98
		{"CRLF inside", []string{"Bearer " + good[:20] + "\r\n" + good[20:]}, "bad_credentials"},
		{"a newline at the end", []string{"Bearer " + good + "\n"}, "bad_credentials"},
	} {
		h := http.Header{}
		if test.values != nil {
			h["Authorization"] = test.values
		}
		w := b.direct(h)
		want := http.StatusUnauthorized
		if test.code == "" {
			want = http.StatusOK
		}
		if w.Code != want || !strings.Contains(w.Body.String(), test.code) {
			t.Errorf("%s: %d %s", test.name, w.Code, w.Body)
		}
	}
}

// SEC-103
func TestTokenIsNotTakenFromTheURL(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	token := b.token(t, nil)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.URL+"/me?access_token="+token+"&token="+token, strings.NewReader("access_token="+token))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := b.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusUnauthorized {
		t.Errorf("status %d", answer.StatusCode)
	}
}

// SEC-101
func TestOversizedHeaderCostsNothing(t *testing.T) { //nolint:paralleltest // it counts allocations
	b := newBench(t)
	backend := jwt.Bearer(config(), b.options)
	for name, value := range map[string]string{
		"dots":  "Bearer " + strings.Repeat(".", 1<<20),
		"parts": "Bearer " + strings.Repeat("a.", 1<<19) + "a",
		"token": "Bearer " + strings.Repeat("A", 4000) + "." + strings.Repeat("A", 4000) + ".A",
	} {
		c := contextWith(value)
		const runs = 50
		fastest, least := time.Hour, ^uint64(0) // of some rounds: others work on this machine too
		for range 10 {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			began := time.Now()
			for range runs {
				if _, err := backend.Authenticate(c); !errors.Is(err, ginauth.ErrBadCredentials) {
					t.Fatal(err)
				}
			}
			fastest = min(fastest, time.Since(began)/runs)
			runtime.ReadMemStats(&after)
			least = min(least, (after.TotalAlloc-before.TotalAlloc)/runs)
		}
		if fastest > time.Millisecond || least > 64<<10 {
			t.Errorf("%s: %s and %d bytes", name, fastest, least)
		}
	}
}

func TestVerifierAlone(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	v, err := jwt.NewVerifier(b.options.Accept)
	if err != nil {
		t.Fatal(err)
	}
	claims, err := v.Verify(t.Context(), b.token(t, object{"scope": "read write", "auth_time": 1898831000, "plan": "pro"}))
	if err != nil {
		t.Fatal(err)
	}
	var own struct{ Plan string }
	if err := claims.Decode(&own); err != nil || own.Plan != "pro" || len(claims.Scopes) != 2 || claims.AuthenticatedAt.Unix() != 1898831000 {
		t.Errorf("%+v, %+v, %v", claims, own, err)
	}
	for amr, want := range map[any]struct {
		methods driver.Methods
		second  bool
	}{"pwd": {"pwd", false}, "pwd mfa otp": {"otp pwd", true}, "rsa": {"rsa", false}, 7: {"", false}} {
		c, err := v.Verify(t.Context(), b.token(t, object{"amr": amr}))
		if err != nil || c.Methods != want.methods || c.SecondFactor != want.second {
			t.Errorf("amr %v: %q, %v, %v", amr, c.Methods, c.SecondFactor, err)
		}
	}
	for name, want := range map[string]string{"plan": "pro", "iss": issuer, "exp": "", "nothing": "", "": ""} {
		if got := claims.Text(name); got != want || (jwt.Claims{}).Text(name) != "" {
			t.Errorf("%s is %q", name, got)
		}
	}
	if err := claims.Decode(&struct{ Plan int }{}); err == nil {
		t.Error("a claim of another type was read")
	}
	if err := (jwt.Claims{}).Decode(&own); err == nil {
		t.Error("claims of no token were read")
	}
	if _, err := v.Verify(t.Context(), b.token(t, object{"x": strings.Repeat("x", 8<<10)})); !errors.Is(err, ginauth.ErrBadCredentials) || !strings.Contains(err.Error(), "too long") {
		t.Errorf("a good token of more than 8 KiB: %v", err) // SEC-101
	}
	if _, err := v.Verify(context.Background(), ""); !errors.Is(err, ginauth.ErrBadCredentials) {
		t.Errorf("an empty token: %v", err)
	}
}
