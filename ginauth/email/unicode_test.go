package email_test

import (
	"net/http"
	"testing"
)

func withUnicode(o *flows) { o.Config.UnicodeEmails = true }

// A mail that resets a password goes to the address of the account, and never to one that looks like it.
func TestMailNeverGoesToALookAlike(t *testing.T) {
	t.Parallel()
	for name, of := range map[string]struct {
		configure          func(*flows)
		kelvin, signUp, is int // the answers to the Kelvin sign, in a mail's and a sign-up's form, and to other letters
	}{
		"ASCII":   {func(*flows) {}, http.StatusUnprocessableEntity, http.StatusUnprocessableEntity, http.StatusUnprocessableEntity},
		"Unicode": {withUnicode, http.StatusAccepted, http.StatusConflict, http.StatusAccepted},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t, of.configure)
			for _, who := range []string{"kate", "mike"} {
				if w := a.anyone().post("/signup", `{"name":"Ada","email":"`+who+`@Example.com","password":"correct horse battery staple"}`); w.Code != http.StatusCreated {
					t.Fatal(w.Body)
				}
			}
			a.deliver(t)
			for _, path := range []string{"/forgot", "/send", "/resend"} {
				if w := a.anyone().post(path, `{"email":"`+"\u212A"+`ate@example.com"}`); w.Code != of.kelvin {
					t.Errorf("%s: %d %s", path, w.Code, w.Body)
				}
				if of.kelvin == http.StatusAccepted {
					if to := a.one(t).to; to != "kate@Example.com" {
						t.Errorf("%s: the mail goes to %q", path, to)
					}
				}
				for _, other := range []string{"m\u0131ke@example.com", "mike@examp\u0142e.com", "mi\u043ae@example.com"} {
					if w := a.anyone().post(path, `{"email":"`+other+`"}`); w.Code != of.is {
						t.Errorf("%s of %s: %d %s", path, other, w.Code, w.Body)
					}
				}
				a.none(t, path)
			}
			if w := a.anyone().post("/signup", `{"name":"Eve","email":"`+"\u212A"+`ate@example.com","password":"correct horse battery staple"}`); w.Code != of.signUp {
				t.Errorf("a sign-up: %d %s", w.Code, w.Body)
			}
		})
	}
}

func TestAddressesOutsideASCII(t *testing.T) {
	t.Parallel()
	a := newApp(t, withUnicode)
	if w := a.anyone().post("/signup", `{"name":"J","email":"Jürgen@Bücher.example","password":"correct horse battery staple"}`); w.Code != http.StatusCreated {
		t.Fatal(w.Body)
	}
	a.deliver(t)
	if w := a.anyone().post("/login", `{"email":"JÜRGEN@xn--bcher-kva.example","password":"correct horse battery staple"}`); w.Code != http.StatusOK {
		t.Errorf("the login: %d %s", w.Code, w.Body)
	}
	a.accepted(t, "/forgot", `{"email":"ju\u0308rgen@bücher.example"}`)
	if to := a.one(t).to; to != "Jürgen@xn--bcher-kva.example" {
		t.Errorf("the mail goes to %q", to)
	}
}

// Browsers send the domain of an address in its ASCII form.
func TestInternationalisedDomainsNeedNoOption(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	if w := a.anyone().post("/signup", `{"name":"J","email":"ada@xn--bcher-kva.example","password":"correct horse battery staple"}`); w.Code != http.StatusCreated {
		t.Fatal(w.Body)
	}
	a.accepted(t, "/forgot", `{"email":"Ada@XN--bcher-kva.example"}`)
	if to := a.one(t).to; to != "ada@xn--bcher-kva.example" {
		t.Errorf("the mail goes to %q", to)
	}
}
