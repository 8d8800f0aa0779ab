package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
)

func TestHomeIsOpenAndKnowsWhoIsLoggedIn(t *testing.T) {
	t.Parallel()
	for store, open := range stores {
		t.Run(store, func(t *testing.T) {
			t.Parallel()
			a := open(t)
			c := newClient(t, a.url)
			c.get(t, "/").has(t, http.StatusOK, "Create an account", `href="/login"`)
			c.signUp(t, "Ada Lovelace", "ada@example.com")
			c.get(t, "/").has(t, http.StatusOK, "Welcome, Ada Lovelace", `action="/logout"`)
		})
	}
}

func TestProfileShowsTheUser(t *testing.T) {
	t.Parallel()
	for store, open := range stores {
		t.Run(store, func(t *testing.T) {
			t.Parallel()
			a := open(t)
			c := newClient(t, a.url)
			c.signUp(t, "Ada Lovelace", "ada@example.com")
			c.get(t, "/user").has(t, http.StatusOK, "<h1>Ada Lovelace</h1>", "ada@example.com", "Member since", ">AL<", `action="/logout"`)
		})
	}
}

func TestUserIsJSONForAPIClients(t *testing.T) {
	t.Parallel()
	for store, open := range stores {
		t.Run(store, func(t *testing.T) {
			t.Parallel()
			a := open(t)
			c := newClient(t, a.url)
			c.signUp(t, "Ada Lovelace", "ada@example.com")
			for _, accept := range []string{"", "*/*", "application/json"} {
				c.accept = accept
				got := c.get(t, "/user")
				got.has(t, http.StatusOK, `"email":"ada@example.com"`, `"name":"Ada Lovelace"`, `"id":"`)
				if kind := got.header.Get("Content-Type"); kind != "application/json; charset=utf-8" || strings.Contains(got.body, "argon2") {
					t.Errorf("%s: %s", kind, got.body)
				}
			}
			anonymous := newClient(t, c.base)
			anonymous.accept = "*/*"
			anonymous.get(t, "/user").has(t, http.StatusUnauthorized, `"code":"unauthenticated"`)
		})
	}
}

func TestLogoutEndsTheSession(t *testing.T) {
	t.Parallel()
	for store, open := range stores {
		t.Run(store, func(t *testing.T) {
			t.Parallel()
			a := open(t)
			c := newClient(t, a.url)
			c.signUp(t, "Ada Lovelace", "ada@example.com")
			c.post(t, "/logout").redirects(t, "/")
			c.get(t, "/user").redirects(t, "/login?next=%2Fuser")
		})
	}
}

func TestLoggedInBrowserIsSentFromTheFormsToItsProfile(t *testing.T) {
	t.Parallel()
	c := newClient(t, newApp(t).url)
	c.signUp(t, "Ada Lovelace", "ada@example.com")
	c.get(t, "/login").redirects(t, "/user")
	c.get(t, "/signup").redirects(t, "/user")
}

// SEC-138
func TestNamesAreShownAsText(t *testing.T) {
	t.Parallel()
	for store, open := range stores {
		t.Run(store, func(t *testing.T) {
			t.Parallel()
			a := open(t)
			c := newClient(t, a.url)
			c.signUp(t, `<a href="//evil.example">{{.}}</a>`, "ada@example.com")
			for _, path := range []string{"/", "/user", "/account"} {
				got := c.get(t, path)
				got.has(t, http.StatusOK, "&lt;a href=&#34;//evil.example&#34;&gt;{{.}}&lt;/a&gt;")
				if strings.Contains(got.body, "<a href=\"//evil") {
					t.Errorf("%s has the name as markup:\n%s", path, got.body)
				}
			}
		})
	}
}

// SEC-139
func TestPagesCarryTheirHeaders(t *testing.T) {
	t.Parallel()
	for store, open := range stores {
		t.Run(store, func(t *testing.T) {
			t.Parallel()
			a := open(t)
			c := newClient(t, a.url)
			answers := map[string]answer{
				"home": c.get(t, "/"), "login form": c.get(t, "/login"), "sign-up form": c.get(t, "/signup"), "nothing": c.get(t, "/nothing"),
				"forgot": c.get(t, "/forgot"), "link": c.get(t, "/magic/send"), "restore": c.get(t, "/restore"), "mailbox": c.get(t, "/mailbox"),
				"refused address": c.post(t, "/forgot", "email", "ada"), "refused restore": c.post(t, "/restore", "email", "ada@example.com", "password", "wrong"),
				"refused login":   c.post(t, "/login", "email", "ada@example.com", "password", "wrong"),
				"refused sign-up": c.post(t, "/signup", "name", "Ada", "email", "ada", "password", "short"),
			}
			c.signUp(t, "Ada Lovelace", "ada@example.com")
			answers["profile"], answers["home with a user"], answers["account"] = c.get(t, "/user"), c.get(t, "/"), c.get(t, "/account")
			answers["activity"] = c.get(t, "/activity")
			answers["refused password"] = c.post(t, "/password/change", "current_password", "wrong", "new_password", newPassphrase)
			for name, got := range answers {
				for key, want := range map[string]string{
					"Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
					"X-Content-Type-Options":  "nosniff",
					"Referrer-Policy":         "same-origin",
					"Cache-Control":           "no-store",
					"Content-Type":            "text/html; charset=utf-8",
					"Vary":                    "Cookie",
				} {
					if have := got.header.Get(key); have != want {
						t.Errorf("%s: %s is %q, not %q", name, key, have, want)
					}
				}
				for _, never := range []string{"<script", " style=", " onclick=", "http-equiv"} {
					if strings.Contains(got.body, never) {
						t.Errorf("%s has %q", name, never)
					}
				}
			}
		})
	}
}

func TestOutageIsA503AndNeverAnonymous(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	c := newClient(t, a.url)
	c.signUp(t, "Ada Lovelace", "ada@example.com")
	a.pool.Close()
	for _, path := range []string{"/", "/user", "/login", "/account", "/forgot", "/mailbox"} {
		got := c.get(t, path)
		got.has(t, http.StatusServiceUnavailable, "<h1>Service Unavailable</h1>", "Try again.")
		if got.header.Get("Retry-After") == "" {
			t.Errorf("%s has no Retry-After", path)
		}
	}
	c.post(t, "/user", "name", "Ada King").has(t, http.StatusServiceUnavailable, "<h1>Service Unavailable</h1>", "Try again.")
	c.post(t, "/login", "email", "ada@example.com", "password", passphrase).
		has(t, http.StatusServiceUnavailable, `role="alert"`, "Try again.", `value="ada@example.com"`)
	c.accept = "*/*"
	c.get(t, "/user").has(t, http.StatusServiceUnavailable, `"code":"unavailable"`)
}

func TestUnknownAddressesAndMethodsAreAnswered(t *testing.T) {
	t.Parallel()
	c := newClient(t, newApp(t).url)
	c.get(t, "/nothing").has(t, http.StatusNotFound, "There is nothing at this address.", `href="/"`)
	got := c.do(t, c.request(t, http.MethodDelete, "/user", ""))
	got.has(t, http.StatusMethodNotAllowed)
	if got.header.Get("Allow") != "POST, GET, PATCH" {
		t.Errorf("Allow: %q", got.header.Get("Allow"))
	}
	c.accept = ""
	c.get(t, "/nothing").has(t, http.StatusNotFound, `"code":"not_found"`)
}

func TestForeignFormsAndHostsAreRefused(t *testing.T) {
	t.Parallel()
	c := newClient(t, newApp(t).url)
	r := c.request(t, http.MethodPost, "/login", "email=ada@example.com&password=x")
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	c.do(t, r).has(t, http.StatusForbidden, "came from another site")

	r = c.request(t, http.MethodGet, "/", "")
	r.Host = "example.com"
	c.do(t, r).has(t, http.StatusMisdirectedRequest, "answers on localhost only")
}

func TestPanicIsA500WithoutTheCookieInTheLog(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	a.engine.GET("/panic", func(*gin.Context) { panic("out of tea") })
	c := newClient(t, a.url)
	c.signUp(t, "Ada Lovelace", "ada@example.com")
	got := c.get(t, "/panic")
	got.has(t, http.StatusInternalServerError, "Something went wrong on our side.", "Tell us this number")
	cookies := c.http.Jar.Cookies(c.request(t, http.MethodGet, "/", "").URL)
	log := a.log.String()
	if strings.Contains(got.body, "tea") || !strings.Contains(log, "out of tea") || len(cookies) != 2 || strings.Contains(log, cookies[0].Value) || strings.Contains(log, cookies[1].Value) {
		t.Errorf("%d cookies, page\n%s\nlog\n%s", len(cookies), got.body, log)
	}
}

func TestStyleSheetAndAPIDescriptionAreServed(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	a.describe(t)
	c := newClient(t, a.url)
	got := c.get(t, "/style.css")
	got.has(t, http.StatusOK, "prefers-color-scheme: dark", ":focus-visible")
	if kind := got.header.Get("Content-Type"); kind != "text/css; charset=utf-8" {
		t.Errorf("the style sheet is %q", kind)
	}
	got = c.get(t, "/schema/openapi.json")
	got.has(t, http.StatusOK, `"openapi": "3.1.0"`, `"/login"`)
	if kind := got.header.Get("Content-Type"); kind != "application/json" {
		t.Errorf("the description is %q", kind)
	}
}
