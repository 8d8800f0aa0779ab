package main

import (
	"net/http"
	"strings"
	"testing"
)

func TestAccountPageIsForWhoIsLoggedIn(t *testing.T) {
	t.Parallel()
	for store, open := range stores {
		t.Run(store, func(t *testing.T) {
			t.Parallel()
			a := open(t)
			c := newClient(t, a.url)
			c.get(t, "/account").redirects(t, "/login?next=%2Faccount")
			c.signUp(t, "Ada Lovelace", "ada@example.com")
			c.get(t, "/account").has(t, http.StatusOK, `action="/user"`, `action="/password/change"`, `action="/email"`, `href="/user/export"`, `action="/user/archive"`,
				`<label for="name">`, `<label for="current_password">`, `<label for="new_password">`, `<label for="email">`)
		})
	}
}

func TestNameIsChangedOnTheAccountPage(t *testing.T) {
	t.Parallel()
	for store, open := range stores {
		t.Run(store, func(t *testing.T) {
			t.Parallel()
			a := open(t)
			c := newClient(t, a.url)
			c.signUp(t, "Ada Lovelace", "ada@example.com")
			c.post(t, "/user", "name", "Ada King", "next", "/account").redirects(t, "/account")
			c.get(t, "/account").has(t, http.StatusOK, `value="Ada King"`)
			c.post(t, "/user", "name", " ", "next", "/account").has(t, http.StatusUnprocessableEntity, `role="alert"`, `id="name-error">Name is required.`, `action="/logout"`)
		})
	}
}

// SEC-10, SEC-77
func TestPasswordIsChangedOnTheAccountPage(t *testing.T) {
	t.Parallel()
	for store, open := range stores {
		t.Run(store, func(t *testing.T) {
			t.Parallel()
			a := open(t)
			c := newClient(t, a.url)
			c.signUp(t, "Ada Lovelace", "ada@example.com")
			other := newClient(t, c.base)
			other.post(t, "/login", "email", "ada@example.com", "password", passphrase).redirects(t, "/user")

			wrong := c.post(t, "/password/change", "current_password", "not the right one", "new_password", newPassphrase)
			wrong.has(t, http.StatusUnauthorized, `id="current_password-error">This is not your password.`, `value="Ada Lovelace"`)
			weak := c.post(t, "/password/change", "current_password", passphrase, "new_password", "passwordpassword")
			weak.has(t, http.StatusUnprocessableEntity, `id="new_password-error">`, `aria-describedby="new_password-error new_password-hint"`)
			for _, got := range []answer{wrong, weak} {
				for _, secret := range []string{"not the right one", newPassphrase, passphrase, "passwordpassword"} {
					if strings.Contains(got.body, secret) {
						t.Errorf("the password %q came back:\n%s", secret, got.body)
					}
				}
			}
			other.get(t, "/user").has(t, http.StatusOK)
			c.post(t, "/password/change", "current_password", passphrase, "new_password", newPassphrase).redirects(t, "/user")
			other.get(t, "/user").redirects(t, "/login?next=%2Fuser")
			c.get(t, "/user").has(t, http.StatusOK)
		})
	}
}

func TestOldLoginIsAskedForThePasswordWhereItMatters(t *testing.T) {
	t.Parallel()
	for store, open := range stores {
		t.Run(store, func(t *testing.T) {
			t.Parallel()
			a := open(t)
			c := newClient(t, a.url)
			c.signUp(t, "Ada Lovelace", "ada@example.com")
			a.age(t)
			stale := c.get(t, "/account")
			stale.has(t, http.StatusOK, `action="/reauthenticate"`, `name="next" value="/account"`, `action="/password/change"`)
			for _, form := range []string{`action="/email"`, `href="/user/export"`, `action="/user/archive"`} {
				if strings.Contains(stale.body, form) {
					t.Errorf("the page has %s, which would be refused", form)
				}
			}
			for what, got := range map[string]answer{
				"address": c.post(t, "/email", "email", "ada@example.org"), "data": c.get(t, "/user/export"), "leaving": c.post(t, "/user/archive"),
			} {
				got.has(t, http.StatusForbidden, "Confirm your password first", `action="/reauthenticate"`, `name="next" value="/account"`)
				if t.Failed() {
					t.Fatal(what)
				}
			}
			c.post(t, "/tokens", "name", "backup").has(t, http.StatusForbidden, `name="next" value="/tokens"`)
			c.post(t, "/reauthenticate", "password", "not the right one", "next", "/account").
				has(t, http.StatusUnauthorized, `role="alert">This is not your password.`, `name="next" value="/account"`, `autofocus`)
			c.post(t, "/reauthenticate", "password", passphrase, "next", "/account").redirects(t, "/account")
			c.get(t, "/account").has(t, http.StatusOK, `action="/email"`)
		})
	}
}

func TestAddressMovesWhenTheNewOneIsConfirmed(t *testing.T) {
	t.Parallel()
	for store, open := range stores {
		t.Run(store, func(t *testing.T) {
			t.Parallel()
			a := open(t)
			c := newClient(t, a.url)
			c.signUp(t, "Ada Lovelace", "ada@example.com")
			c.post(t, "/email", "email", "ada@example").has(t, http.StatusUnprocessableEntity, `id="email-error"`, `value="ada@example"`)
			c.post(t, "/email", "email", "ada@example.org").has(t, http.StatusAccepted, "a mail is on its way", `action="/logout"`)
			c.get(t, "/user").has(t, http.StatusOK, "ada@example.com")
			page := c.get(t, a.link(t, "/email/confirm")).page(t, "/email/confirm")
			c.get(t, page).has(t, http.StatusOK, "Your account will have the address", "ada@example.org")
			c.post(t, page).has(t, http.StatusOK, "Your account has its new address.")
			c.get(t, "/user").has(t, http.StatusOK, "ada@example.org", "verified")
		})
	}
}

func TestDataAreDownloadedWithoutSecrets(t *testing.T) {
	t.Parallel()
	for store, open := range stores {
		t.Run(store, func(t *testing.T) {
			t.Parallel()
			a := open(t)
			c := newClient(t, a.url)
			c.signUp(t, "Ada Lovelace", "ada@example.com")
			got := c.get(t, "/user/export")
			got.has(t, http.StatusOK, `"email":"ada@example.com"`, `"sessions"`)
			if got.header.Get("Content-Disposition") != `attachment; filename="account.json"` || strings.Contains(got.body, "argon2") {
				t.Errorf("%v\n%s", got.header, got.body)
			}
		})
	}
}

func TestDeletedAccountIsClosedAndCanBeRestored(t *testing.T) {
	t.Parallel()
	for store, open := range stores {
		t.Run(store, func(t *testing.T) {
			t.Parallel()
			a := open(t)
			c := newClient(t, a.url)
			c.signUp(t, "Ada Lovelace", "ada@example.com")
			other := newClient(t, c.base)
			other.post(t, "/login", "email", "ada@example.com", "password", passphrase).redirects(t, "/user")
			c.post(t, "/user/archive").redirects(t, "/restore")
			c.get(t, "/restore").has(t, http.StatusOK, "only closed for 30 days", `action="/restore"`)
			other.get(t, "/user").redirects(t, "/login?next=%2Fuser")
			c.post(t, "/login", "email", "ada@example.com", "password", passphrase).has(t, http.StatusUnauthorized, `href="/restore"`)
			c.post(t, "/restore", "email", "ada@example.com", "password", "not the right one").
				has(t, http.StatusUnauthorized, `role="alert">E-mail address or password is wrong.`, `value="ada@example.com"`)
			c.accept = "application/json"
			c.post(t, "/restore", "email", "ada@example.com", "password", passphrase).has(t, http.StatusOK, `"email":"ada@example.com"`)
			c.get(t, "/user").has(t, http.StatusOK)
			c.post(t, "/restore", "email", "ada@example.com", "password", passphrase).has(t, http.StatusUnauthorized)
		})
	}
}
