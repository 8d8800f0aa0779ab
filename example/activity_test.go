package main

import (
	"net/http"
	"strings"
	"testing"
)

func TestActivityShowsWhatHappened(t *testing.T) {
	t.Parallel()
	for store, open := range stores {
		t.Run(store, func(t *testing.T) {
			t.Parallel()
			a := open(t)
			c := newClient(t, a.url)
			c.accept = "application/json"
			post := func(path, body string, status int) {
				t.Helper()
				r := c.request(t, http.MethodPost, path, body)
				r.Header.Set("Content-Type", "application/json")
				c.do(t, r).has(t, status)
			}
			post("/signup", `{"name":"Ada","email":"ada@example.com","password":"`+passphrase+`"}`, http.StatusCreated)
			post("/login", `{"email":"ada@example.com","password":"no"}`, http.StatusUnauthorized)
			c.accept = "text/html"
			body := c.get(t, "/activity").body
			for _, want := range []string{"Signed up", "Logged in", "Somebody failed to log in"} {
				if !strings.Contains(body, "<strong>"+want+"</strong>") {
					t.Errorf("%q is not on the page: %s", want, body)
				}
			}
		})
	}
}
