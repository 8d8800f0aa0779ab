package ginauth_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/password"
	"github.com/ginauth/ginauth/store/memory"
)

// bringing returns a Hasher that reads hashes of other systems.
func bringing(tb testing.TB) *password.Hasher {
	tb.Helper()
	return hasherOf(tb, password.Options{InsecureCheap: true, MaxWait: time.Minute, Readers: []password.Reader{
		password.Django(), password.Passlib(), password.ASPNETIdentity(), password.PHPass(), password.Custom(unsalted{}),
	}})
}

// unsalted is the Verifier of an app, for hashes that this library does not accept.
type unsalted struct{}

func (unsalted) Reads(stored string) bool { return strings.HasPrefix(stored, "{reversed}") }

func (unsalted) Verify(stored, plain string) bool {
	return stored == "{reversed}"+string([]byte{plain[2], plain[1], plain[0]})+plain[3:]
}

// brought are stored hashes and their passwords, some of which today's policy would refuse.
var brought = map[string]string{ //nolint:gochecknoglobals // read only
	"pbkdf2_sha1$1000$sixteenbytesok01$A/8tsi8S8cTGUfnPXO3ZfvyV+Z0=":                          "s3cret7",
	"pbkdf2_sha256$1000$sixteenbytesok01$IzN8Yr9dtuO88EEg03pWpvk9GAjJiUcfgcRCGsrjxTk=":        "correct horse battery staple",
	"$scrypt$ln=8,r=8,p=1$c2l4dGVlbiBieXRlcyBvaw$yG1zw0t5vMu1UmnPm7/sO+TkxSv0H9ZmYOQJMWt5wCo": "correct horse battery staple",
	"$bcrypt-sha256$v=2,t=2b,r=4$abcdefghijklmnopqrstuu$h8GCYhBqatMGV8VIjRD4nhRxM87r3yu":      "correct horse battery staple",
	"$argon2i$v=19$m=512,t=2,p=2$c2l4dGVlbiBieXRlcyBvaw$2idYGhZgKd5YImx1YsQLrQ":               "correct horse battery staple",
	"AAABAgMEBQYHCAkKCwwNDg+ukCEMDf0yyQ29NYubggHIVY0sdEUfdyeM+E1LtH1uJg==":                    "my password",
	"AQAAAAIAAAAyAAAAEOMwvh3+FZxqkdMBz2ekgGhwQ4B6pZWND6zgESBuWiHw":                            "my password",
	"$P$Babcdefgh9JjESeAq5StfTylF1Rcb80":                                                      "correct horse battery staple",
	"{reversed}cba4567":                                                                       "abc4567",
}

func newcomers(t *testing.T, users driver.Users[user], hashes []string) {
	t.Helper()
	for n, stored := range hashes {
		hash, err := password.ParseHash(stored)
		if err != nil {
			t.Fatal(err)
		}
		address := fmt.Sprintf("u%d@example.com", n)
		if _, err := users.CreateUser(t.Context(), driver.NewUser{Name: "U", Email: address, Canonical: address, Hash: hash}, nil); err != nil {
			t.Fatalf("%s: %v", stored, err)
		}
	}
}

// SEC-15: a user with a hash of another system logs in with the old password, and has one of our hashes from then on.
func TestHashesOfOtherSystemsAreReplacedAtTheFirstLogin(t *testing.T) {
	t.Parallel()
	for name, store := range map[string]func(*config){
		"PostgreSQL": func(*config) {},
		"memory":     func(cfg *config) { cfg.Users = memory.New(memory.Options[user]{}) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := newApp(t, with(func(cfg *config) { cfg.Passwords = bringing(t) }), with(store))
			hashes := make([]string, 0, len(brought))
			for stored := range brought {
				hashes = append(hashes, stored)
			}
			newcomers(t, app.cfg.Users, hashes)
			for n, stored := range hashes {
				address := fmt.Sprintf("u%d@example.com", n)
				hash := func() string {
					_, h, err := app.cfg.Users.FindCredential(t.Context(), address)
					if err != nil {
						t.Fatal(err)
					}
					return h.Reveal()
				}
				if w := app.guess(address, wrong); w.Code != http.StatusUnauthorized || problemIn(t, w).Code != "invalid_credentials" || hash() != stored {
					t.Errorf("%s with a wrong password: %d %s, then %s", stored, w.Code, w.Body, hash())
				}
				if w := app.guess(address, brought[stored]); w.Code != http.StatusOK {
					t.Errorf("%s: %d %s", stored, w.Code, w.Body)
				}
				ours := hash()
				if !strings.HasPrefix(ours, "$argon2id$") {
					t.Errorf("%s is still there", stored)
				}
				if w := app.guess(address, brought[stored]); w.Code != http.StatusOK || hash() != ours {
					t.Errorf("%s at the second login: %d, then %s", stored, w.Code, hash())
				}
			}
			if log := app.log.String(); strings.Contains(log, "hash") {
				t.Errorf("the log has %s", log)
			}
		})
	}
}

// SEC-14: a stored hash cannot ask for unbounded work, and the log says why its user cannot log in.
func TestHashesOfOtherSystemsThatCannotBeUsedAreAFaultOfOurs(t *testing.T) {
	t.Parallel()
	app := newApp(t, with(func(cfg *config) { cfg.Passwords = bringing(t) }))
	refused := map[string]string{
		"pbkdf2_sha256$1000000000$sixteenbytesok01$IzN8Yr9dtuO88EEg03pWpvk9GAjJiUcfgcRCGsrjxTk=":   "its cost is out of bounds",
		"$scrypt$ln=25,r=8,p=1$c2l4dGVlbiBieXRlcyBvaw$yG1zw0t5vMu1UmnPm7/sO+TkxSv0H9ZmYOQJMWt5wCo": "its cost is out of bounds",
		"pbkdf2_sha256$1000$$IzN8Yr9dtuO88EEg03pWpvk9GAjJiUcfgcRCGsrjxTk=":                         "it is damaged",
		"5f4dcc3b5aa765d61d8327deb882cf99":                                                         "no reader knows its format",
	}
	hashes := make([]string, 0, len(refused))
	for stored := range refused {
		hashes = append(hashes, stored)
	}
	newcomers(t, app.cfg.Users, hashes)
	for n, stored := range hashes {
		before := len(app.log.String())
		began := time.Now()
		w := app.guess(fmt.Sprintf("u%d@example.com", n), "password")
		if took := time.Since(began); w.Code != http.StatusUnauthorized || problemIn(t, w).Code != "invalid_credentials" || took > 5*time.Second {
			t.Errorf("%s: %d %s in %s", stored, w.Code, w.Body, took)
		}
		if log := app.log.String()[before:]; !strings.Contains(log, "a stored password hash cannot be used") || !strings.Contains(log, refused[stored]) || strings.Contains(log, stored[:12]) {
			t.Errorf("%s: the log has %s", stored, log)
		}
	}
}
