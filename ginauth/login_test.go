package ginauth_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/built"
	"github.com/ginauth/ginauth/ginauth/password"
)

// SEC-24, SEC-62
func TestLoginRotatesTheSession(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	c := app.signUp(t, ada)
	first := c.value
	w := c.post("/login", adaIn)
	if w.Code != http.StatusOK || c.value == first || !strings.Contains(w.Body.String(), "ada@example.com") {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if w := (&client{handler: app, value: first}).get("/user"); w.Code != http.StatusUnauthorized {
		t.Errorf("the old session answers %d", w.Code)
	}
	if n := app.count(t, "SELECT count(*) FROM ginauth.sessions"); n != 1 {
		t.Errorf("%d sessions", n)
	}
}

// SEC-63
func TestTokenOfAClientsOwnMakingIsNotAdopted(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	app.signUp(t, ada)
	planted := strings.Repeat("A", 43)
	c := &client{handler: app, value: planted}
	if w := c.post("/login", adaIn); w.Code != http.StatusOK || c.value == planted {
		t.Fatalf("%d, token %q", w.Code, c.value)
	}
	if w := (&client{handler: app, value: planted}).get("/user"); w.Code != http.StatusUnauthorized {
		t.Errorf("the planted token answers %d", w.Code)
	}
}

// SEC-3, SEC-25, SEC-29, SEC-33
func TestEveryFailedLoginLooksTheSame(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	app.signUp(t, ada)
	app.signUp(t, grace)
	app.exec(t, "UPDATE ginauth.users SET disabled_at = now() WHERE email = 'grace@example.com'")
	app.signUp(t, strings.ReplaceAll(ada, "ada@", "nopass@"))
	app.exec(t, "UPDATE ginauth.users SET password_hash = NULL WHERE email = 'nopass@example.com'")
	var first *httptest.ResponseRecorder
	for name, body := range map[string]string{
		"wrong password":   `{"email":"ada@example.com","password":"wrong horse battery staple"}`,
		"one too few":      `{"email":"ada@example.com","password":"correct horse battery stapl"}`,
		"one too many":     `{"email":"ada@example.com","password":"correct horse battery staple."}`,
		"another case":     `{"email":"ada@example.com","password":"Correct horse battery staple"}`,
		"blank around":     `{"email":"ada@example.com","password":" correct horse battery staple "}`,
		"unknown":          `{"email":"nobody@example.com","password":"correct horse battery staple"}`,
		"no address":       `{"email":"nobody","password":"correct horse battery staple"}`,
		"disabled":         `{"email":"grace@example.com","password":"nanoseconds are short wires"}`,
		"no password set":  `{"email":"nopass@example.com","password":"correct horse battery staple"}`,
		"a very long one":  `{"email":"ada@example.com","password":"` + strings.Repeat("x", 5000) + `"}`,
		"long and unknown": `{"email":"nobody@example.com","password":"` + strings.Repeat("x", 5000) + `"}`,
		"long address":     `{"email":"` + strings.Repeat("x", 5000) + `@example.com","password":"correct horse battery staple"}`,
		"SQL":              `{"email":"ada@example.com","password":"' OR '1'='1"}`,
	} {
		w := app.send(jsonRequest("/login", body))
		if w.Code != http.StatusUnauthorized || problemIn(t, w).Code != "invalid_credentials" {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
		if first == nil {
			first = w
		}
		if w.Body.String() != first.Body.String() || !reflect.DeepEqual(w.Header(), first.Header()) {
			t.Errorf("%s answers differently: %v %s", name, w.Header(), w.Body)
		}
	}
}

// SEC-29, SEC-32: one hash verification each, always.
func TestEveryFailedLoginDoesTheSameWork(t *testing.T) {
	t.Parallel()
	app := newApp(t, with(func(cfg *config) { cfg.Passwords = password.Default() }))
	app.signUp(t, ada)
	app.signUp(t, grace)
	app.exec(t, "UPDATE ginauth.users SET disabled_at = now() WHERE email = 'grace@example.com'")
	app.signUp(t, strings.ReplaceAll(ada, "ada@", "nopass@"))
	app.exec(t, "UPDATE ginauth.users SET password_hash = NULL WHERE email = 'nopass@example.com'")
	app.signUp(t, strings.ReplaceAll(ada, "ada@", "broken@"))
	app.exec(t, "UPDATE ginauth.users SET password_hash = '$6$unknown' WHERE email = 'broken@example.com'")
	quickest := func(work func()) time.Duration {
		least := time.Hour
		for range 3 {
			began := time.Now()
			work()
			least = min(least, time.Since(began))
		}
		return least
	}
	one := time.Hour
	work := map[string]time.Duration{}
	for _, who := range []string{"ada", "grace", "nopass", "broken", "nobody", "not an address "} {
		body := `{"email":"` + who + `@example.com","password":"wrong horse battery staple"}`
		one = min(one, quickest(func() { _, _ = app.cfg.Passwords.Hash(t.Context(), "correct horse battery staple") }))
		work[who] = quickest(func() {
			if w := app.send(jsonRequest("/login", body)); w.Code != http.StatusUnauthorized {
				t.Errorf("%s: %d %s", who, w.Code, w.Body)
			}
		})
	}
	for who, took := range work {
		if took < one/2 {
			t.Errorf("%s: refused after %s, one hash takes %s", who, took, one)
		}
	}
}

// SEC-20
func TestCredentialsCountInThePostBodyOnly(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	app.signUp(t, ada)
	app.Any("/any", ginauth.Login(built.Config(app.cfg)))
	r := jsonRequest("/login?email=ada@example.com&password=correct%20horse%20battery%20staple", "{}")
	r.SetBasicAuth("ada@example.com", "correct horse battery staple")
	if w := app.send(r); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("query and header: %d", w.Code)
	}
	for _, method := range []string{"GET", "HEAD", "PUT", "PATCH", "DELETE"} {
		r := jsonRequest("/any", adaIn)
		r.Method = method
		r.AddCookie(&http.Cookie{Name: cookie, Value: app.loggedIn(t)})
		if w := app.send(r); w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "POST" {
			t.Errorf("%s: %d, Allow %q", method, w.Code, w.Header().Get("Allow"))
		}
	}
}

func (a *app) loggedIn(t *testing.T) string {
	t.Helper()
	c := &client{handler: a}
	if w := c.post("/login", adaIn); w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return c.value
}

// SEC-15
func TestWeakerHashIsReplacedAtLogin(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	app.signUp(t, ada)
	imported, err := bcrypt.GenerateFromPassword([]byte("correct horse battery staple"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	cheapHash := app.count(t, "SELECT count(*) FROM ginauth.users WHERE password_hash LIKE '$argon2id$%'")
	app.exec(t, "UPDATE ginauth.users SET password_hash = $1", string(imported))
	if cheapHash != 1 || app.send(jsonRequest("/login", `{"email":"ada@example.com","password":"wrong horse battery staple"}`)).Code != http.StatusUnauthorized {
		t.Fatal("a wrong password was accepted against bcrypt")
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if w := app.send(jsonRequest("/login", adaIn)); w.Code != http.StatusOK {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		})
	}
	wg.Wait()
	if n := app.count(t, "SELECT count(*) FROM ginauth.users WHERE password_hash LIKE '$argon2id$%'"); n != 1 {
		t.Error("the bcrypt hash is still there")
	}
	app.loggedIn(t)
}

// SEC-78
func TestPasswordChangedDuringALoginLeavesNoSession(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	app.signUp(t, ada)
	slow := &changing{Users: app.db, Sessions: app.db, change: func() {
		h, err := app.cfg.Passwords.Hash(context.Background(), "an entirely new passphrase")
		if err != nil {
			t.Error(err)
		}
		app.exec(t, "UPDATE ginauth.users SET password_hash = $1", h.Reveal())
	}}
	app.exec(t, "DELETE FROM ginauth.sessions")
	other := newAppOn(t, app.pool, with(func(cfg *config) { cfg.Users, cfg.RetrieveUser = slow, nil }))
	if w := other.send(jsonRequest("/login", adaIn)); w.Code != http.StatusUnauthorized {
		t.Errorf("status %d", w.Code)
	}
	if n := app.count(t, "SELECT count(*) FROM ginauth.sessions"); n != 0 {
		t.Errorf("%d sessions of the old password", n)
	}
}

// changing is a store in which the password changes right after it was read.
type changing struct {
	driver.Users[user]
	driver.Sessions
	once   sync.Once
	change func()
}

func (c *changing) FindCredential(ctx context.Context, identifier string) (user, password.Hash, error) {
	u, h, err := c.Users.FindCredential(ctx, identifier)
	c.once.Do(c.change)
	return u, h, err
}

// SEC-14
func TestHostileStoredHashIsAFailedLogin(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	app.signUp(t, ada)
	for _, stored := range []string{
		"$argon2id$v=19$m=4294967295,t=4294967295,p=255$c2FsdHNhbHRzYWx0c2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"$argon2id$v=19$m=19456,t=0,p=0$c2FsdA$AAAA", "$argon2id$", "$unknown$x", "$2a$31$" + strings.Repeat("a", 53),
	} {
		app.exec(t, "UPDATE ginauth.users SET password_hash = $1", stored)
		w := app.send(jsonRequest("/login", adaIn))
		if w.Code != http.StatusUnauthorized || problemIn(t, w).Code != "invalid_credentials" || w.Header().Get("Set-Cookie") != "" {
			t.Errorf("%s: %d", stored[:10], w.Code)
		}
	}
}
