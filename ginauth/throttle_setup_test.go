package ginauth_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/password"
	"github.com/ginauth/ginauth/store"
)

const wrong = "wrong horse battery staple"

// limited is an app with the limits that are on by default.
func limited(cfg *config) { cfg.Limits = ginauth.Limits{} }

func credentials(email, password string) string {
	return fmt.Sprintf(`{"email":%q,"password":%q}`, email, password)
}

// addresses never says the same twice.
var addresses atomic.Uint32

func elsewhere(r *http.Request) *http.Request {
	n := addresses.Add(1)
	r.RemoteAddr = fmt.Sprintf("10.%d.%d.%d:4000", n>>16&255, n>>8&255, n&255)
	return r
}

// guess tries a password from an address that nobody had before.
func (a *app) guess(email, password string) *httptest.ResponseRecorder {
	return a.send(elsewhere(jsonRequest("/login", credentials(email, password))))
}

// lock guesses until the answer is 429.
func (a *app) lock(tb testing.TB, email string) *httptest.ResponseRecorder {
	tb.Helper()
	for range 7 {
		if w := a.guess(email, wrong); w.Code == http.StatusTooManyRequests {
			return w
		}
	}
	tb.Fatalf("%s is not locked", email)
	return nil
}

func retryAfter(tb testing.TB, w *httptest.ResponseRecorder) time.Duration {
	tb.Helper()
	n, err := strconv.Atoi(w.Header().Get("Retry-After"))
	if err != nil || n <= 0 || problemIn(tb, w).Code != "too_many_attempts" {
		tb.Fatalf("%d, Retry-After %q: %s", w.Code, w.Header().Get("Retry-After"), w.Body)
	}
	return time.Duration(n) * time.Second
}

// browser keeps all cookies, whatever their paths and ages.
type browser struct {
	app     *app
	cookies map[string]string
}

func (a *app) browser(cookies map[string]string) *browser {
	b := &browser{app: a, cookies: map[string]string{}}
	maps.Copy(b.cookies, cookies)
	return b
}

func (b *browser) post(path, body string) *httptest.ResponseRecorder {
	r := elsewhere(jsonRequest(path, body))
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	w := b.app.send(r)
	for _, k := range w.Result().Cookies() {
		if b.cookies[k.Name] = k.Value; k.MaxAge < 0 {
			delete(b.cookies, k.Name)
		}
	}
	return w
}

// owner has signed up, and so logged in once.
func (a *app) owner(tb testing.TB, body string) *browser {
	tb.Helper()
	b := a.browser(nil)
	if w := b.post("/signup", body); w.Code != http.StatusCreated || b.cookies[device] == "" {
		tb.Fatalf("sign-up: %d %s", w.Code, w.Body)
	}
	return b
}

// asking counts how often a password is about to be verified.
type asking struct {
	*store.DB[user]
	asked atomic.Int64
}

func (a *asking) FindCredential(c ctx, identifier string) (user, password.Hash, error) {
	a.asked.Add(1)
	return a.DB.FindCredential(c, identifier)
}

func (a *asking) CountAndFindCredential(c ctx, attempt driver.Attempt, identifier string) (driver.Verdict, user, password.Hash, error) {
	v, u, hash, err := a.DB.CountAndFindCredential(c, attempt, identifier)
	if v.Wait == 0 {
		a.asked.Add(1)
	}
	return v, u, hash, err
}

// refusing cannot count.
type refusing struct{ err error }

func (r refusing) CountAttempt(ctx, driver.Attempt) (driver.Verdict, error) {
	return driver.Verdict{}, r.err
}

func (r refusing) SettleAttempt(ctx, driver.Settlement) (bool, error) {
	return false, r.err
}

func named(n int) string {
	return strings.ReplaceAll(ada, "ada@", "u"+strconv.Itoa(n)+"@")
}
