package main

import (
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// link sends what is due and returns the newest link to a path, as the mailbox shows it.
func (a *app) link(t *testing.T, path string) string {
	t.Helper()
	if _, err := a.mails.SendDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	shown := newClient(t, a.url).get(t, "/mailbox")
	shown.has(t, http.StatusOK)
	href := regexp.MustCompile(`href="` + regexp.QuoteMeta(a.url) + `(` + path + `\?token=[^"]+)"`).FindStringSubmatch(shown.body)
	if href == nil {
		t.Fatalf("no link to %s in\n%s", path, shown.body)
	}
	return html.UnescapeString(href[1])
}

// SEC-77, SEC-109
func TestForgottenPasswordIsReplacedByMail(t *testing.T) {
	t.Parallel()
	for store, open := range stores {
		t.Run(store, func(t *testing.T) {
			t.Parallel()
			a := open(t)
			old := newClient(t, a.url)
			old.signUp(t, "Ada Lovelace", "ada@example.com")
			c := newClient(t, a.url)
			c.get(t, "/login").has(t, http.StatusOK, `href="/forgot"`)
			c.get(t, "/forgot").has(t, http.StatusOK, `action="/forgot"`, `<label for="email">`, `autocomplete="username"`)
			c.post(t, "/forgot", "email", "ada@example").has(t, http.StatusUnprocessableEntity, `role="alert"`, `id="email-error"`, `value="ada@example"`)
			c.post(t, "/forgot", "email", "ada@example.com").has(t, http.StatusAccepted, "a mail is on its way", `href="/mailbox"`)

			link := a.link(t, "/reset")
			page := c.get(t, link).page(t, "/reset")
			c.get(t, page).has(t, http.StatusOK, "ada@example.com", `autocomplete="new-password"`, `minlength="15"`, `action="`+page+`"`)
			weak := c.post(t, page, "password", "passwordpassword")
			weak.has(t, http.StatusUnprocessableEntity, "<title>Error: ", `id="password-error">Password is too easy to guess.`)
			if strings.Contains(weak.body, "passwordpassword") {
				t.Errorf("the password came back:\n%s", weak.body)
			}
			c.post(t, page, "password", newPassphrase).has(t, http.StatusOK, "Your new password is set", `href="/login"`)

			old.get(t, "/user").redirects(t, "/login?next=%2Fuser")
			c.post(t, "/login", "email", "ada@example.com", "password", passphrase).has(t, http.StatusUnauthorized)
			c.post(t, "/login", "email", "ada@example.com", "password", newPassphrase).redirects(t, "/user")
			c.get(t, c.get(t, link).page(t, "/reset")).has(t, http.StatusGone, "This link is not good any more.", `href="/forgot"`)
		})
	}
}

func TestAnArchivedAccountComesBackByMail(t *testing.T) {
	t.Parallel()
	for store, open := range stores {
		t.Run(store, func(t *testing.T) {
			t.Parallel()
			a := open(t)
			owner := newClient(t, a.url)
			owner.signUp(t, "Ada Lovelace", "ada@example.com")
			owner.post(t, "/user/archive").redirects(t, "/restore")
			c := newClient(t, a.url)
			c.get(t, "/restore").has(t, http.StatusOK, `href="/forgot"`)
			c.post(t, "/forgot", "email", "ada@example.com").has(t, http.StatusAccepted)
			page := c.get(t, a.link(t, "/reset")).page(t, "/reset")
			c.post(t, page, "password", newPassphrase).has(t, http.StatusOK, "Your new password is set")
			c.post(t, "/login", "email", "ada@example.com", "password", newPassphrase).redirects(t, "/user")
		})
	}
}

// SEC-31
func TestForgotSaysTheSameAboutEveryAddress(t *testing.T) {
	t.Parallel()
	for store, open := range stores {
		t.Run(store, func(t *testing.T) {
			t.Parallel()
			a := open(t)
			c := newClient(t, a.url)
			newClient(t, c.base).signUp(t, "Ada Lovelace", "ada@example.com")
			for _, path := range []string{"/forgot", "/magic/send", "/verify/resend"} {
				known, unknown := c.post(t, path, "email", "ada@example.com"), c.post(t, path, "email", "bob@example.com")
				if known.status != http.StatusAccepted || known.status != unknown.status || known.body != unknown.body {
					t.Errorf("%s: %d and %d:\n%s\n%s", path, known.status, unknown.status, known.body, unknown.body)
				}
			}
		})
	}
}

// SEC-85
func TestMagicLinkIsSpentByItsButtonAlone(t *testing.T) {
	t.Parallel()
	for store, open := range stores {
		t.Run(store, func(t *testing.T) {
			t.Parallel()
			a := open(t)
			newClient(t, a.url).signUp(t, "Ada Lovelace", "ada@example.com")
			c := newClient(t, a.url)
			c.get(t, "/magic/send").has(t, http.StatusOK, `action="/magic/send"`)
			c.post(t, "/magic/send", "email", "ada@example.com").has(t, http.StatusAccepted)
			link := a.link(t, "/magic")
			for range 2 {
				scanner := newClient(t, a.url)
				scanner.get(t, scanner.get(t, link).page(t, "/magic")).has(t, http.StatusOK, "You will be logged in as", "ada@example.com")
				scanner.get(t, "/user").redirects(t, "/login?next=%2Fuser")
			}
			page := c.get(t, link).page(t, "/magic")
			c.accept = "application/json"
			c.post(t, page).has(t, http.StatusOK)
			c.get(t, "/user").has(t, http.StatusOK, `"email":"ada@example.com"`)
		})
	}
}

// SEC-113
func TestNewAddressIsConfirmedByItsOwner(t *testing.T) {
	t.Parallel()
	for store, open := range stores {
		t.Run(store, func(t *testing.T) {
			t.Parallel()
			a := open(t)
			c := newClient(t, a.url)
			c.signUp(t, "Ada Lovelace", "ada@example.com")
			c.get(t, "/account").has(t, http.StatusOK, "is not confirmed yet", "Send the link again")
			first := a.link(t, "/verify")
			c.post(t, "/verify/resend", "email", "ada@example.com").has(t, http.StatusAccepted, "a mail is on its way")
			link := a.link(t, "/verify")
			if first == link {
				t.Fatal("there was no second mail")
			}
			other := newClient(t, a.url)
			page := other.get(t, link).page(t, "/verify")
			other.get(t, page).has(t, http.StatusOK, "Is this your address?", `autocomplete="current-password"`)
			other.post(t, page).has(t, http.StatusForbidden, `role="alert"`)
			other.post(t, page, "password", "not the right one").has(t, http.StatusUnauthorized, `role="alert"`)

			page = c.get(t, link).page(t, "/verify")
			shown := c.get(t, page)
			shown.has(t, http.StatusOK, `action="`+page+`"`, `action="/logout"`)
			if strings.Contains(shown.body, `type="password"`) {
				t.Errorf("it asks for the password of who is logged in:\n%s", shown.body)
			}
			c.post(t, page).has(t, http.StatusOK, "Your address is confirmed.")
			if got := c.get(t, "/account"); strings.Contains(got.body, "not confirmed") || !strings.Contains(got.body, "confirmed on") {
				t.Errorf("the account page says\n%s", got.body)
			}
		})
	}
}

func TestRefusedSignUpSendsNothing(t *testing.T) {
	t.Parallel()
	for store, open := range stores {
		t.Run(store, func(t *testing.T) {
			t.Parallel()
			a := open(t)
			c := newClient(t, a.url)
			c.signUp(t, "Ada Lovelace", "ada@example.com")
			a.link(t, "/verify")
			// She is logged in still, and tries again.
			c.post(t, "/signup", "name", "Ada Lovelace", "email", "ada@example.com", "password", passphrase).has(t, http.StatusConflict)
			if sent, err := a.mails.SendDue(t.Context()); sent != 0 || err != nil {
				t.Errorf("%d mails went out (%v)", sent, err)
			}
		})
	}
}

// SEC-114, SEC-139
func TestPagesOfLinksTellNobodyTheirAddress(t *testing.T) {
	t.Parallel()
	for store, open := range stores {
		t.Run(store, func(t *testing.T) {
			t.Parallel()
			a := open(t)
			c := newClient(t, a.url)
			c.signUp(t, "Ada Lovelace", "ada@example.com")
			for path, ask := range map[string]string{"/reset": "/forgot", "/magic": "/magic/send", "/verify": "/verify/resend"} {
				c.post(t, ask, "email", "ada@example.com").has(t, http.StatusAccepted)
				link := a.link(t, path)
				_, token, _ := strings.Cut(link, "=")
				landed := c.get(t, link)
				if got := landed.header.Get("Referrer-Policy"); got != "no-referrer" {
					t.Errorf("%s: Referrer-Policy is %q", link, got)
				}
				got := c.get(t, landed.page(t, path))
				got.has(t, http.StatusOK, `href="/style.css"`)
				for key, want := range map[string]string{"Referrer-Policy": "same-origin", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"} {
					if have := got.header.Get(key); have != want {
						t.Errorf("%s: %s is %q, not %q", path, key, have, want)
					}
				}
				if policy := got.header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'; style-src 'self';") || strings.Contains(policy, "script") {
					t.Errorf("%s: the policy is %q", path, policy)
				}
				for _, never := range []string{"<script", " style=", token} {
					if strings.Contains(got.body, never) {
						t.Errorf("%s has %q", path, never)
					}
				}
			}
		})
	}
}

// SEC-114, SEC-160
func TestLogHoldsNoTokens(t *testing.T) {
	t.Parallel()
	for store, open := range stores {
		t.Run(store, func(t *testing.T) {
			t.Parallel()
			a := open(t)
			c := newClient(t, a.url)
			c.signUp(t, "Ada Lovelace", "ada@example.com")
			c.post(t, "/forgot", "email", "ada@example.com")
			link := a.link(t, "/reset")
			_, token, _ := strings.Cut(link, "=")
			c.get(t, link).page(t, "/reset")
			c.post(t, "/reset?token="+token, "password", newPassphrase, "token", token).has(t, http.StatusOK)
			c.get(t, "/user?q=hidden")
			log := a.log.String()
			if len(token) != 43 || strings.Contains(log, token) || strings.Contains(log, "hidden") || !strings.Contains(log, "path=/reset ") {
				t.Errorf("a query is in the log:\n%s", log)
			}
		})
	}
}

// SEC-47
func TestTooManyWishesForMailAreToldInTheForm(t *testing.T) {
	t.Parallel()
	for store, open := range stores {
		t.Run(store, func(t *testing.T) {
			t.Parallel()
			a := open(t)
			c := newClient(t, a.url)
			for range 10 {
				got := c.post(t, "/forgot", "email", "ada@example.com")
				if got.status == http.StatusAccepted {
					continue
				}
				got.has(t, http.StatusTooManyRequests, `role="alert"`, `action="/forgot"`, `value="ada@example.com"`)
				if got.header.Get("Retry-After") == "" {
					t.Error("it does not say when to come back")
				}
				return
			}
			t.Error("ten mails may be asked for in a row")
		})
	}
}
