package main

import (
	"net/http"
	"regexp"
	"testing"
)

func TestTokenIsMadeUsedByCurlAndEnded(t *testing.T) {
	t.Parallel()
	for store, open := range stores {
		t.Run(store, func(t *testing.T) {
			t.Parallel()
			a := open(t)
			c := newClient(t, a.url)
			c.signUp(t, "Ada Lovelace", "ada@example.com")
			c.get(t, "/tokens").has(t, http.StatusOK, "You have no tokens", "Make a token")
			made := c.post(t, "/tokens", "name", "backup script")
			made.has(t, http.StatusCreated, "not shown again", "backup script", "curl -H 'Authorization: Bearer example_")
			token := regexp.MustCompile(`<code id="token">(example_[0-9A-Za-z]{49})</code>`).FindStringSubmatch(made.body)
			if token == nil {
				t.Fatal("no token is shown")
			}
			script := newClient(t, a.url)
			script.accept = ""
			use := func(method, path string) answer {
				r := script.request(t, method, path, "")
				r.Header.Set("Authorization", "Bearer "+token[1])
				return script.do(t, r)
			}
			use(http.MethodGet, "/user").has(t, http.StatusOK, `"email":"ada@example.com"`)
			if got := use(http.MethodPost, "/api-keys"); got.status != http.StatusForbidden { // it is not fresh, and no session
				t.Errorf("a token that makes tokens: %d", got.status)
			}
			// Nor does it see or end the others.
			c.post(t, "/tokens", "name", "other script").has(t, http.StatusCreated, "other script")
			ends := regexp.MustCompile(`/tokens/[0-9a-f-]{36}/revoke`).FindAllString(c.get(t, "/tokens").body, -1)
			if len(ends) != 2 {
				t.Fatalf("%d tokens", len(ends))
			}
			for _, path := range append(ends, "/tokens/revoke-all") {
				use(http.MethodPost, path).has(t, http.StatusForbidden, "insufficient_scope")
			}
			use(http.MethodGet, "/tokens").has(t, http.StatusForbidden, "insufficient_scope")
			c.post(t, ends[0]).redirects(t, "/tokens") // the newest
			list := c.get(t, "/tokens")
			list.has(t, http.StatusOK, "backup script", "last used")
			if regexp.MustCompile(regexp.QuoteMeta(token[1])).MatchString(list.body) {
				t.Error("the token is shown again")
			}
			end := regexp.MustCompile(`/tokens/[0-9a-f-]{36}/revoke`).FindString(list.body)
			c.post(t, end).redirects(t, "/tokens")
			use(http.MethodGet, "/user").has(t, http.StatusUnauthorized, "bad_credentials")
		})
	}
}

func TestTokensPageAsksForThePasswordOfAnOldLogin(t *testing.T) {
	t.Parallel()
	for store, open := range stores {
		t.Run(store, func(t *testing.T) {
			t.Parallel()
			a := open(t)
			c := newClient(t, a.url)
			c.signUp(t, "Ada Lovelace", "ada@example.com")
			a.age(t)
			c.get(t, "/tokens").has(t, http.StatusOK, "Confirm your password")
			c.post(t, "/tokens", "name", "backup script").has(t, http.StatusForbidden, "Confirm your password first")
			c.post(t, "/reauthenticate", "password", passphrase, "next", "/tokens").redirects(t, "/tokens")
			c.get(t, "/tokens").has(t, http.StatusOK, "Make a token")
		})
	}
}
