package email_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/ginauth/ginauth/ginauth"
)

// hammer lets strangers at changing addresses guess at a's password.
func (a *app) hammer(t *testing.T, guesses int) {
	t.Helper()
	for i := range guesses {
		r := httptest.NewRequest(http.MethodPost, "/login", strings.NewReader(`{"email":"ada@example.com","password":"a wrong guess of a stranger"}`))
		r.Header.Set("Content-Type", "application/json")
		r.RemoteAddr = fmt.Sprintf("%s:1", netip.AddrFrom4([4]byte{203, 0, 113, byte(i)}))
		w := httptest.NewRecorder()
		a.ServeHTTP(w, r)
		if w.Code != http.StatusUnauthorized && w.Code != http.StatusTooManyRequests {
			t.Fatalf("a guess: %d %s", w.Code, w.Body)
		}
	}
}

// The browser in which the password was reset is known from then on, and others' guesses do not count for it.
func TestOwnerGetsInAfterAResetWhileStrangersGuess(t *testing.T) { // SEC-43
	t.Parallel()
	for name, owner := range map[string]func(*app) *client{"a program": (*app).anyone, "a browser": (*app).browser} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t, func(f *flows) { f.Config.Limits = ginauth.Limits{} })
			a.verified(t)
			token := a.token(t, "/forgot")
			c := owner(a)
			if c.header == nil {
				want(t, "the reset", c.use("/reset", token, adaNew), http.StatusNoContent)
			} else {
				want(t, "the reset", c.form(c.land(t, "/reset", token), url.Values{"password": {adaNew}}), http.StatusOK)
			}
			a.hammer(t, 10)
			body := `{"email":"ada@example.com","password":"` + adaNew + `"}`
			want(t, "the owner elsewhere", a.anyone().post("/login", body), http.StatusTooManyRequests)
			want(t, "the owner", c.post("/login", body), http.StatusOK)
		})
	}
}
