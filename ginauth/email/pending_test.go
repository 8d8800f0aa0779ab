package email_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/google/go-cmp/cmp"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/flow"
	"github.com/ginauth/ginauth/store/storetest"
)

// ways are all that take a password from who is not logged in.
var ways = []attempt{
	{"/login", `{"email":"%s","password":"` + adaNew + `"}`, false, http.StatusUnauthorized},
	{"/verify-password", `{"email":"%s","password":"` + adaNew + `"}`, false, http.StatusUnauthorized},
	{"/restore", `{"email":"%s","password":"` + adaNew + `"}`, false, http.StatusUnauthorized},
	{"/token/login", `{"email":"%s","password":"` + adaNew + `"}`, false, http.StatusUnauthorized},
	{"/token", "grant_type=password&password=" + url.QueryEscape(adaNew) + "&username=%s", true, http.StatusBadRequest},
}

// newWays is an app with all of them.
func newWays(t *testing.T, tracer *recorder) *app {
	t.Helper()
	a := newFull(t, traced(t, storetest.NewDB(t), tracer))
	a.POST("/verify-password", func(c *gin.Context) {
		var form ginauth.Credentials
		err := flow.Bind(c, &form)
		if err == nil {
			_, err = flow.VerifyPassword(c, a.cfg, form.Email, form.Password)
		}
		if err != nil {
			ginauth.Fail(c, err)
			return
		}
		c.Status(http.StatusNoContent)
	})
	return a
}

// Whoever signs up with the address and logs in with the password just chosen learns nothing.
func TestWhatFollowsAQuietSignUpTellsNothing(t *testing.T) { // SEC-183
	t.Parallel()
	tracer := &recorder{}
	a := newWays(t, tracer)
	states := a.accounts(t)
	states["signed up by mail"] = "signed-up@example.com"
	want(t, "the first sign-up", a.anyone().post("/quiet", quietly(states["signed up by mail"], adaOld)), http.StatusAccepted)
	free := states["unknown"]
	for state, address := range states {
		want(t, state, a.anyone().post("/quiet", quietly(address, adaNew)), http.StatusAccepted)
	}
	for _, try := range ways {
		statements := func(address string) (answer string, asked []string) {
			tracer.clear()
			answer = a.answer(t, a.anyone(), try, address)
			return answer, tracer.all()
		}
		answer, asked := statements(free)
		for state, address := range states {
			if len(asked) < 2 {
				t.Fatalf("%s asks too little: %q", try.path, asked)
			}
			gotAnswer, gotAsked := statements(address)
			if diff := cmp.Diff(answer, gotAnswer); diff != "" {
				t.Errorf("%s, free and %s:\n%s", try.path, state, diff)
			}
			if diff := cmp.Diff(asked, gotAsked); diff != "" {
				t.Errorf("%s asks the database of %s (-free +it):\n%s", try.path, state, diff)
			}
		}
	}
	w := a.anyone().post("/login", `{"email":"`+free+`","password":"`+adaNew+`"}`)
	if body := w.Body.String(); !strings.Contains(body, "not confirmed yet") || !strings.Contains(body, "new link") {
		t.Errorf("the answer does not say what may be missing: %s", body)
	}
	if n := a.count(t, `SELECT count(*) FROM ginauth.events AS e JOIN ginauth.users AS u ON u.id = e.user_id
		WHERE u.email_canonical = '`+free+`' AND e.kind = 'authn_login_fail'`); n < len(ways) {
		t.Errorf("%d failed logins are written down", n)
	}
}

func quietly(address, plain string) string {
	return `{"name":"Ada","email":"` + address + `","password":"` + plain + `"}`
}

func TestTheFirstProofOpensTheAccountOfAQuietSignUp(t *testing.T) { // SEC-113, SEC-183
	t.Parallel()
	for name, prove := range map[string]func(*testing.T, *app, string) string{
		"verify": func(t *testing.T, a *app, token string) string {
			t.Helper()
			wantProblem(t, "a stranger's password", a.anyone().use("/verify", token, adaNew), http.StatusUnauthorized, "invalid_credentials")
			wantProblem(t, "no password", a.anyone().use("/verify", token), http.StatusForbidden, "proof_required")
			want(t, "verify", a.anyone().use("/verify", token, adaOld), http.StatusNoContent)
			return adaOld
		},
		"reset": func(t *testing.T, a *app, _ string) string {
			t.Helper()
			want(t, "reset", a.anyone().use("/reset", a.token(t, "/forgot"), adaNew), http.StatusNoContent)
			return adaNew
		},
		"magic": func(t *testing.T, a *app, _ string) string {
			t.Helper()
			c := a.anyone()
			want(t, "magic", c.use("/magic", a.token(t, "/send")), http.StatusOK)
			if a.logsIn("ada@example.com", adaOld) {
				t.Error("whoever signed up, and need not own the address, logs in")
			}
			want(t, "a first password", c.post("/password", `{"new_password":"`+adaNew+`"}`), http.StatusNoContent)
			return adaNew
		},
		"the app's own code": func(t *testing.T, a *app, _ string) string {
			t.Helper()
			a.exec(t, `UPDATE ginauth.users SET verified_at = now()`)
			return adaOld
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newFull(t, storetest.NewDB(t))
			want(t, "sign-up", a.anyone().post("/quiet", ada), http.StatusAccepted)
			token := a.one(t).token(t)
			if a.logsIn("ada@example.com", adaOld) {
				t.Fatal("a login before the proof")
			}
			if plain := prove(t, a, token); !a.logsIn("ada@example.com", plain) {
				t.Error("no login after the proof")
			}
		})
	}
}

// Guessing at the password behind a link is guessing like any other.
func TestGuessesBehindTheLinkOfASignUpAreCounted(t *testing.T) { // SEC-41
	t.Parallel()
	a := newApp(t, func(f *flows) { f.Config.Limits.InsecureUnlimited = false })
	want(t, "sign-up", a.anyone().post("/quiet", ada), http.StatusAccepted)
	token := a.one(t).token(t)
	stranger := a.anyone()
	for range 19 {
		if w := stranger.use("/verify", token, adaNew); w.Code == http.StatusTooManyRequests {
			return
		}
	}
	t.Error("nineteen guesses were all taken")
}
