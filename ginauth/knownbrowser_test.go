package ginauth_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
)

// While an attacker hammers, the owner logs in again and again, with a typing error now and then.
func TestOwnerGetsInWhileAnAttackerHammers(t *testing.T) { // SEC-43
	t.Parallel()
	app := newApp(t, with(limited))
	owner, other := app.owner(t, ada), app.owner(t, grace)
	hammer := func() {
		t.Helper()
		for range 3 {
			if w := app.guess("ada@example.com", "correct horse battery staple"); w.Code != http.StatusTooManyRequests {
				t.Fatalf("a stranger with the right password: %d", w.Code)
			}
		}
	}
	app.lock(t, "ada@example.com")
	for range 5 {
		hammer()
		if w := owner.post("/login", credentials("ada@example.com", wrong)); w.Code != http.StatusUnauthorized {
			t.Fatalf("the owner's typing error: %d", w.Code)
		}
		if w := owner.post("/login", adaIn); w.Code != http.StatusOK || len(w.Header().Values("Set-Cookie")) != 2 {
			t.Fatalf("the owner: %d %q", w.Code, w.Header().Values("Set-Cookie"))
		}
	}
	hammer()
	for _, value := range []string{other.cookies[device], strings.Repeat("A", 43), "", "x"} {
		thief := app.browser(map[string]string{device: value})
		if w := thief.post("/login", adaIn); w.Code != http.StatusTooManyRequests {
			t.Errorf("with the device cookie %q: %d", value, w.Code)
		}
	}
	thief := app.browser(map[string]string{device: owner.cookies[device]})
	for range 10 {
		if w := thief.post("/login", credentials("ada@example.com", wrong)); w.Code != http.StatusUnauthorized {
			t.Fatalf("a stolen device cookie: %d", w.Code)
		}
	}
	if w := thief.post("/login", adaIn); w.Code != http.StatusTooManyRequests {
		t.Errorf("a stolen device cookie after ten guesses: %d", w.Code)
	}
}

func TestLoggingOutEverywhereForgetsTheDevices(t *testing.T) { // SEC-43
	t.Parallel()
	app := newApp(t, managing, with(limited))
	owner := app.owner(t, ada)
	stolen := app.browser(map[string]string{device: owner.cookies[device]})
	app.lock(t, "ada@example.com")
	if w := stolen.post("/login", adaIn); w.Code != http.StatusOK {
		t.Fatalf("%d", w.Code)
	}
	if w := owner.post("/sessions/revoke-all", ""); w.Code != http.StatusNoContent {
		t.Fatalf("%d", w.Code)
	}
	if w := stolen.post("/login", adaIn); w.Code != http.StatusTooManyRequests {
		t.Errorf("a device that was known: %d", w.Code)
	}
}

// The device cookie is no credential, and nothing that is stored or logged lets anybody make one.
func TestDeviceCookieOpensNothing(t *testing.T) { // SEC-50
	t.Parallel()
	app := newApp(t)
	owner := app.owner(t, ada)
	token := owner.cookies[device]
	for _, name := range []string{device, cookie} {
		r := jsonRequest("/user", "")
		r.Method = http.MethodGet
		r.AddCookie(&http.Cookie{Name: name, Value: token})
		if w := app.send(r); w.Code != http.StatusUnauthorized {
			t.Errorf("as %s: %d", name, w.Code)
		}
	}
	for _, spelling := range spellings(t, token) {
		if n := app.count(t, `SELECT count(*) FROM ginauth.known_devices AS d WHERE strpos(d::text, $1) > 0`, spelling); n != 0 || strings.Contains(app.log.String(), spelling) {
			t.Errorf("%s is stored or logged", spelling)
		}
	}
}

func TestFailedLoginSetsNoDeviceCookie(t *testing.T) {
	t.Parallel()
	app := newApp(t, with(limited))
	owner := app.owner(t, ada)
	for _, b := range []*browser{owner, app.browser(nil)} {
		if w := b.post("/login", credentials("ada@example.com", wrong)); len(w.Header().Values("Set-Cookie")) != 0 {
			t.Errorf("Set-Cookie %q", w.Header().Values("Set-Cookie"))
		}
	}
}

// Where the attempt cannot be settled the user is in all the same.
func TestLoginGoesOnWhenItCannotBeSettled(t *testing.T) {
	t.Parallel()
	app := newApp(t, with(func(cfg *config) { cfg.Limiter = unsettling{} }))
	w := app.send(jsonRequest("/signup", ada))
	if w.Code != http.StatusCreated || len(w.Header().Values("Set-Cookie")) != 1 {
		t.Errorf("%d %q", w.Code, w.Header().Values("Set-Cookie"))
	}
	if !strings.Contains(app.log.String(), "a login was not settled") {
		t.Error("the log says nothing")
	}
}

type unsettling struct{}

func (unsettling) CountAttempt(ctx, driver.Attempt) (v driver.Verdict, err error) { return v, nil }

func (unsettling) SettleAttempt(ctx, driver.Settlement) (bool, error) {
	return false, driver.ErrUnavailable
}

func TestDeviceCookieHasAName(t *testing.T) {
	t.Parallel()
	cfg := newApp(t).cfg
	cfg.Cookie.Name = "device"
	if _, err := ginauth.New(cfg); err == nil || !strings.Contains(err.Error(), "known browsers") {
		t.Errorf("%v", err)
	}
	app := newApp(t, with(func(cfg *config) { cfg.Cookie.InsecureLocalhost = true }), routes(func(*gin.Engine, config) {}))
	r := jsonRequest("/signup", ada)
	r.Host = "localhost"
	if set := app.send(r).Header().Values("Set-Cookie"); len(set) != 2 || !strings.HasPrefix(set[1], "device=") || strings.Contains(set[1], "Secure") {
		t.Errorf("Set-Cookie %q", set)
	}
}

// A change of the password ends all devices but the one it was made on.
func TestBrowserThatChangedThePasswordIsKnownStill(t *testing.T) { // SEC-43
	t.Parallel()
	app := newApp(t, accounts, with(limited))
	owner := app.owner(t, ada)
	before := owner.cookies[device]
	other := app.browser(nil)
	other.post("/login", adaIn)
	if w := owner.post("/password/change", toNew); w.Code != http.StatusNoContent || owner.cookies[device] == before {
		t.Fatalf("%d, device %s", w.Code, owner.cookies[device])
	}
	app.lock(t, "ada@example.com")
	if w := owner.post("/login", credentials("ada@example.com", adasNew)); w.Code != http.StatusOK {
		t.Errorf("the browser: %d %s", w.Code, w.Body)
	}
	if w := other.post("/login", credentials("ada@example.com", adasNew)); w.Code != http.StatusTooManyRequests {
		t.Errorf("another that was known: %d", w.Code)
	}
}
