package email_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/email"
)

func byEither(o *flows) { o.Config.Identifier = driver.EitherIdentifier }

// Whoever asks gets the same answer, and the mail goes to the address that is stored, if there is one.
func TestMailIsAskedForByAUsername(t *testing.T) {
	t.Parallel()
	a := newApp(t, byEither)
	for _, who := range []string{
		`{"name":"Ada","email":"Ada@Example.com","username":"Ada","password":"correct horse battery staple"}`,
		`{"name":"Bob","username":"Bob","password":"correct horse battery staple"}`,
	} {
		if w := a.anyone().post("/signup", who); w.Code != http.StatusCreated {
			t.Fatal(w.Body)
		}
	}
	a.deliver(t)
	var answer string
	for _, path := range []string{"/forgot", "/resend", "/send"} {
		for _, name := range []string{"bob", "nobody", "ada"} {
			w := a.anyone().post(path, `{"email":"`+name+`"}`)
			if answer == "" {
				answer = w.Body.String()
			}
			if w.Code != http.StatusAccepted || w.Body.String() != answer {
				t.Errorf("%s of %s: %d %s", path, name, w.Code, w.Body)
			}
		}
		if to := a.one(t).to; to != "Ada@Example.com" {
			t.Errorf("%s: the mail goes to %q", path, to)
		}
	}
	if w := a.anyone().post("/forgot", `{"email":"no name"}`); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("what is neither: %d %s", w.Code, w.Body)
	}
	if w := a.anyone().post("/quiet", `{"name":"Eve","email":"eve@example.com","username":"ada","password":"correct horse battery staple"}`); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("a quiet sign-up with a username: %d %s", w.Code, w.Body)
	}
	a.none(t, "after a quiet sign-up that was refused")
}

// A new password is good with both identifiers, however many were guessed wrongly before.
func TestResetForgetsTheGuessesAtEachIdentifier(t *testing.T) {
	t.Parallel()
	a := newApp(t, byEither, func(o *flows) { o.Config.Limits = ginauth.Limits{FreeFailures: 2, MaxFailures: 4} })
	if w := a.anyone().post("/signup", `{"name":"Ada","email":"ada@example.com","username":"ada","password":"correct horse battery staple"}`); w.Code != http.StatusCreated {
		t.Fatal(w.Body)
	}
	a.deliver(t)
	login := func(name, password string) int {
		return a.anyone().post("/login", `{"username":"`+name+`","password":"`+password+`"}`).Code
	}
	for _, name := range []string{"ada", "ada@example.com"} {
		for range 4 {
			login(name, "wrong")
		}
		if code := login(name, adaOld); code != http.StatusTooManyRequests {
			t.Fatalf("%s is not locked: %d", name, code)
		}
	}
	a.accepted(t, "/forgot", `{"email":"ada"}`)
	token := a.one(t).token(t)
	if w := a.anyone().post("/reset", `{"token":"`+token+`","password":"`+adaNew+`"}`); w.Code >= http.StatusBadRequest {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	for _, name := range []string{"ada", "ada@example.com"} {
		if code := login(name, adaNew); code != http.StatusOK {
			t.Errorf("%s: %d", name, code)
		}
	}
}

func TestQuietSignUpNeedsAddresses(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	a.options.Config.Identifier = driver.UsernameIdentifier
	_, mails, err := a.options.build()
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if said, _ := recover().(string); !strings.Contains(said, "EitherIdentifier") {
			t.Errorf("it panics with %q", said)
		}
	}()
	email.SignUp(mails)
}

// However a name is spelt, its mails are counted together, and both identifiers of an account have no more than one.
func TestMailsOfOneAccountShareABudget(t *testing.T) {
	t.Parallel()
	for kind, edit := range map[string]func(*flows){"address": func(*flows) {}, "either": byEither} {
		a := newApp(t, edit, func(o *flows) {
			o.Config.Limits = ginauth.Limits{Mail: ginauth.Limit{PerIdentifier: []ginauth.Rate{{Attempts: 4, Per: time.Hour}}}}
		})
		sent := 0
		spellings := []string{"ada@example.com", "ADA@example.com", " Ada@Example.COM ", "ada@EXAMPLE.com", "Ada@example.com", "aDa@example.com"}
		if kind == "either" {
			spellings = append(spellings, "ada", "ADA", " Ada", "\uff21da", "aDa", "adA")
		}
		for _, name := range spellings {
			switch w := a.anyone().post("/forgot", `{"email":"`+name+`"}`); w.Code {
			case http.StatusAccepted:
				sent++
			case http.StatusTooManyRequests:
			default:
				t.Errorf("%s: %d %s", name, w.Code, w.Body)
			}
		}
		if sent != 4 {
			t.Errorf("%s: %d mails were accepted, want 4", kind, sent)
		}
	}
}
