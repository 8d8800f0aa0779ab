package main

import (
	"net/http"
	"strings"
	"testing"
)

func TestFormsTellPasswordManagersAndScreenReadersWhatTheyAre(t *testing.T) {
	t.Parallel()
	c := newClient(t, newApp(t).url)
	c.get(t, "/signup").has(t, http.StatusOK,
		`<label for="name">`, `<label for="email">`, `<label for="password">`,
		`autocomplete="name"`, `autocomplete="username"`, `autocomplete="new-password"`,
		`minlength="15"`, `aria-describedby="password-hint"`, `id="password-hint"`)
	c.get(t, "/login").has(t, http.StatusOK,
		`<label for="email">`, `<label for="password">`,
		`autocomplete="username"`, `autocomplete="current-password"`)
}

func TestRefusedSignUpComesBackWithMessagesAndWithoutThePassword(t *testing.T) {
	t.Parallel()
	c := newClient(t, newApp(t).url)
	const weak = "123456789012345"
	got := c.post(t, "/signup", "name", "Ada Lovelace", "email", "ada@example", "password", weak, "next", "/user?tab=1")
	got.has(t, http.StatusUnprocessableEntity, `role="alert"`, "<title>Error: ",
		`value="Ada Lovelace"`, `value="ada@example"`, `name="next" value="/user?tab=1"`,
		`aria-invalid="true" aria-describedby="email-error" autofocus`, `id="email-error"`,
		`aria-describedby="password-error password-hint"`, `id="password-error">Password is too easy to guess.`)
	if strings.Contains(got.body, weak) {
		t.Errorf("the password came back:\n%s", got.body)
	}
}

func TestMissingFieldsAreNamed(t *testing.T) {
	t.Parallel()
	c := newClient(t, newApp(t).url)
	c.post(t, "/signup").has(t, http.StatusUnprocessableEntity, "Name is required.", "Email is required.", "Password is required.")
}

func TestTakenAddressComesBackWithAMessage(t *testing.T) {
	t.Parallel()
	for store, open := range stores {
		t.Run(store, func(t *testing.T) {
			t.Parallel()
			a := open(t)
			c := newClient(t, a.url)
			c.signUp(t, "Ada Lovelace", "ada@example.com")
			newClient(t, c.base).post(t, "/signup", "name", "Eve", "email", "ADA@example.com", "password", passphrase).
				has(t, http.StatusConflict, `role="alert"`, `id="email-error"`, `value="Eve"`, `value="ADA@example.com"`)
		})
	}
}

func TestWrongPasswordComesBackWithAMessage(t *testing.T) {
	t.Parallel()
	for store, open := range stores {
		t.Run(store, func(t *testing.T) {
			t.Parallel()
			a := open(t)
			c := newClient(t, a.url)
			c.signUp(t, "Ada Lovelace", "ada@example.com")
			c = newClient(t, c.base)
			got := c.post(t, "/login", "email", "ada@example.com", "password", "not the right one", "next", "/user")
			got.has(t, http.StatusUnauthorized, `role="alert">E-mail address or password is wrong.`, `value="ada@example.com"`,
				`name="next" value="/user"`, `autocomplete="current-password" required autofocus`)
			if strings.Contains(got.body, "not the right one") {
				t.Errorf("the password came back:\n%s", got.body)
			}
		})
	}
}

func TestLoginLeadsBackToTheWantedPage(t *testing.T) {
	t.Parallel()
	for store, open := range stores {
		t.Run(store, func(t *testing.T) {
			t.Parallel()
			a := open(t)
			c := newClient(t, a.url)
			c.signUp(t, "Ada Lovelace", "ada@example.com")
			c = newClient(t, c.base)
			c.get(t, "/user?tab=a%26b").redirects(t, "/login?next=%2Fuser%3Ftab%3Da%2526b")
			c.get(t, "/login?next=%2Fuser%3Ftab%3Da%2526b").
				has(t, http.StatusOK, `name="next" value="/user?tab=a%26b"`, `href="/signup?next=%2fuser%3ftab%3da%2526b"`)
			c.post(t, "/login", "email", "ada@example.com", "password", passphrase, "next", "/user?tab=a%26b").
				redirects(t, "/user?tab=a%26b")
		})
	}
}

// SEC-134
func TestLoginLeadsToNoOtherSite(t *testing.T) {
	t.Parallel()
	c := newClient(t, newApp(t).url)
	c.signUp(t, "Ada Lovelace", "ada@example.com")
	c.get(t, "/login?next=//evil.example").redirects(t, "/user")
	newClient(t, c.base).post(t, "/login", "email", "ada@example.com", "password", passphrase, "next", "//evil.example").
		redirects(t, "/user")
}

func TestUnreadableFormIsAnswered(t *testing.T) {
	t.Parallel()
	c := newClient(t, newApp(t).url)
	c.post(t, "/login", "email", "ada@example.com", "password", strings.Repeat("x", 20<<10)).
		has(t, http.StatusRequestEntityTooLarge, "<h1>Request Entity Too Large</h1>")
	c.post(t, "/login", "email", "ada\x00@example.com", "password", "x").
		has(t, http.StatusBadRequest, "cannot be read")
}
