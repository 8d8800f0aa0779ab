package ginauth_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store"
	"github.com/ginauth/ginauth/store/storetest"
)

const staple = "correct horse battery staple"

func by(i driver.IdentifierKind) appOption { return with(func(cfg *config) { cfg.Identifier = i }) }

// namedBody is a payload of a sign-up or a login.
func namedBody(email, username, password string) string {
	return fmt.Sprintf(`{"name":"Ada Lovelace","email":%q,"username":%q,"password":%q}`, email, username, password)
}

func TestIdentifiersOfASignUpAndALogin(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		of              driver.IdentifierKind
		email, username string
		logins          map[[2]string]int
	}{
		"address alone": {driver.EmailIdentifier, "Ada@example.com", "ada", map[[2]string]int{
			{"ada@EXAMPLE.com", ""}: 200, {"", "ada"}: 422, {"ada", ""}: 401, {"", ""}: 422,
		}},
		"username alone": {driver.UsernameIdentifier, "", "Ada", map[[2]string]int{
			{"", "ada"}: 200, {"", "\uff21DA"}: 200, {"ada", ""}: 422, {"", "bob"}: 401, {"", "a da"}: 401, {"", ""}: 422,
		}},
		"username with an address": {driver.UsernameIdentifier, "ada@example.com", "Ada", map[[2]string]int{
			{"", "ADA"}: 200, {"", "ada@example.com"}: 401, {"ada@example.com", ""}: 422,
		}},
		"either, with both": {driver.EitherIdentifier, "ada@example.com", "Ada", map[[2]string]int{
			{"", "ada"}: 200, {"", "ADA@example.com"}: 200, {"ada@example.com", ""}: 200, {"Ada", ""}: 200, {"", "ada@"}: 401, {"", ""}: 422,
		}},
		"either, with an address": {driver.EitherIdentifier, "ada@example.com", "", map[[2]string]int{
			{"", "ada"}: 401, {"", "ada@example.com"}: 200,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t, by(c.of))
			w := a.send(jsonRequest("/signup", namedBody(c.email, c.username, staple)))
			if w.Code != http.StatusCreated {
				t.Fatalf("the sign-up: %d %s", w.Code, w.Body)
			}
			if shown := strings.Contains(w.Body.String(), `"username":"Ada"`); shown != (c.of != driver.EmailIdentifier && c.username != "") {
				t.Errorf("the account is %s", w.Body)
			}
			for typed, code := range c.logins {
				if w := a.send(jsonRequest("/login", namedBody(typed[0], typed[1], staple))); w.Code != code {
					t.Errorf("a login by %q: %d %s, want %d", typed, w.Code, w.Body, code)
				}
			}
		})
	}
}

func TestSignUpSaysWhatIsWrongWithAUsername(t *testing.T) {
	t.Parallel()
	a := newApp(t, by(driver.EitherIdentifier), with(func(cfg *config) { cfg.ReservedUsernames = []string{"Teapot"} }))
	if w := a.send(jsonRequest("/signup", namedBody("ada@example.com", "Ada", staple))); w.Code != http.StatusCreated {
		t.Fatal(w.Body)
	}
	for name, c := range map[string]struct {
		email, username string
		status          int
		code, field     string
	}{
		"neither":          {"", "", 422, "required", "username"},
		"an address":       {"", "ada@example.com", 422, "username", "username"},
		"a blank":          {"", "ada lovelace", 422, "username", "username"},
		"two alphabets":    {"", "аdа-x", 422, "username", "username"},
		"reserved":         {"", "ADMIN", 422, "reserved", "username"},
		"reserved by us":   {"", "teaPOT", 422, "reserved", "username"},
		"a bad address":    {"ada@", "bob", 422, "email", "email"},
		"a taken username": {"bob@example.com", "aDa", 409, "username_taken", ""},
		"a taken address":  {"ADA@example.com", "bob", 409, "email_taken", ""},
		"a taken width":    {"", "\uff21da", 409, "username_taken", ""},
	} {
		w := a.send(jsonRequest("/signup", namedBody(c.email, c.username, staple)))
		p := problemIn(t, w)
		if w.Code != c.status || c.field == "" && p.Code != c.code || c.field != "" && (len(p.Errors) != 1 || p.Errors[0].Field != c.field || p.Errors[0].Code != c.code) {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	w := a.send(jsonRequest("/signup", namedBody("", "lovelace", "Lovelace and 15 more")))
	if p := problemIn(t, w); len(p.Errors) != 1 || p.Errors[0].Field != "password" || p.Errors[0].Code != "contains_personal" {
		t.Errorf("a password with the username in it: %s", w.Body)
	}
	if n := a.count(t, `SELECT count(*) FROM ginauth.users`); n != 1 {
		t.Errorf("%d users", n)
	}
}

// SEC-29: an unknown username, a wrong password and a disabled user are one answer, in the words of what is typed.
func TestRefusedLoginSpeaksOfUsernames(t *testing.T) {
	t.Parallel()
	for of, words := range map[driver.IdentifierKind]string{
		driver.EmailIdentifier: "E-mail address or password is wrong.", driver.UsernameIdentifier: "Username or password is wrong.",
		driver.EitherIdentifier: "Username, e-mail address or password is wrong.",
	} {
		a := newApp(t, by(of))
		if w := a.send(jsonRequest("/signup", namedBody("ada@example.com", "ada", staple))); w.Code != http.StatusCreated {
			t.Fatal(w.Body)
		}
		var first string
		refuse := func(email, username, password string) {
			w := a.send(jsonRequest("/login", namedBody(email, username, password)))
			if first == "" {
				first = w.Body.String()
			}
			if p := problemIn(t, w); w.Code != http.StatusUnauthorized || !strings.HasPrefix(p.Detail, words) || w.Body.String() != first {
				t.Errorf("%v: %d %s", of, w.Code, w.Body)
			}
		}
		refuse("ada@example.com", "ada", "wrong")
		refuse("bob@example.com", "bob", staple)
		refuse("no address", "no name", staple)
		a.exec(t, `UPDATE ginauth.users SET disabled_at = now()`)
		refuse("ada@example.com", "ada", staple)
	}
}

// An account with two identifiers has no more guesses than one, and a count at one of them tells nothing of the other.
func TestTwoIdentifiersHaveNoMoreGuessesThanOne(t *testing.T) {
	t.Parallel()
	guesses := func(of driver.IdentifierKind, typed ...string) int {
		a := newApp(t, by(of), with(func(cfg *config) {
			cfg.Limits = generous
			cfg.Limits.FreeFailures, cfg.Limits.MaxFailures = 6, 20
		}))
		if w := a.send(jsonRequest("/signup", namedBody("ada@example.com", "ada", staple))); w.Code != http.StatusCreated {
			t.Fatal(w.Body)
		}
		admitted := 0
		for range 60 {
			for _, one := range typed {
				if a.send(jsonRequest("/login", namedBody(one, one, "wrong"))).Code == http.StatusUnauthorized {
					admitted++
				}
			}
			a.clock.Advance(15 * time.Minute)
		}
		return admitted
	}
	one, both := guesses(driver.UsernameIdentifier, "ada"), guesses(driver.EitherIdentifier, "ada", "ada@example.com")
	if one != 20 || both > one || both < one/2 {
		t.Errorf("%d guesses at one identifier, %d at two", one, both)
	}
}

func TestIdentifierThatCannotWorkIsRefused(t *testing.T) {
	t.Parallel()
	for says, edit := range map[string]func(*config){
		"Identifier must be": func(cfg *config) { cfg.Identifier = 3 },
		"reserves nothing":   func(cfg *config) { cfg.ReservedUsernames = []string{"teapot"} },
		"nobody can choose":  func(cfg *config) { cfg.Identifier, cfg.ReservedUsernames = 1, []string{"a b"} },
		"has usernames":      func(cfg *config) { cfg.Identifier, cfg.Users = 1, keeps{cfg.Users, true, false} },
		"has e-mail":         func(cfg *config) { cfg.Identifier, cfg.Users = 2, keeps{cfg.Users, false, true} },
	} {
		cfg := config{Users: newUnusedDB()}
		edit(&cfg)
		if _, err := ginauth.New(cfg); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", says, err)
		}
	}
}

type keeps struct {
	driver.Users[user]

	emails, usernames bool
}

func (k keeps) KeepsIdentifiers() (emails, usernames bool) { return k.emails, k.usernames }

// A table may have usernames alone. An address that comes with a sign-up is then ignored.
func TestSignUpIntoATableOfUsernames(t *testing.T) {
	t.Parallel()
	pool := storetest.NewDB(t)
	if _, err := pool.Exec(t.Context(), `CREATE TABLE members (id bigserial PRIMARY KEY, login text UNIQUE, pw text)`); err != nil {
		t.Fatal(err)
	}
	table, err := store.NewTable[user](t.Context(), pool, "members", store.Columns{ID: "id", Username: "login", PasswordHash: "pw"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ginauth.New(config{Users: table}); err == nil || !strings.Contains(err.Error(), "UsernameIdentifier") {
		t.Errorf("with addresses: %v", err)
	}
	a := newAppOn(t, pool, by(driver.UsernameIdentifier), with(func(cfg *config) { cfg.Users = table }))
	for _, email := range []string{"", "ada@example.com"} {
		want := http.StatusCreated
		if email != "" {
			want = http.StatusConflict
		}
		if w := a.send(jsonRequest("/signup", namedBody(email, "Ada", staple))); w.Code != want {
			t.Errorf("a sign-up with %q: %d %s", email, w.Code, w.Body)
		}
	}
	if w := a.send(jsonRequest("/login", namedBody("", "ADA", staple))); w.Code != http.StatusOK {
		t.Errorf("the login: %d %s", w.Code, w.Body)
	}
}
