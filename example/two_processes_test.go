// The programs that it starts are built without the detector.

//go:build !race

package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/ginauth/ginauth/ginauth/account"
	"github.com/ginauth/ginauth/store/storetest"
)

// on is the same browser at another process.
func (c *client) on(p *process) *client {
	there := *c
	there.base = p.url
	return &there
}

// enter returns an API client that has logged in.
func enter(t *testing.T, p *process, email string) *client {
	t.Helper()
	c := newClient(t, p.url)
	c.accept = "application/json"
	c.post(t, "/login", "email", email, "password", passphrase).has(t, http.StatusOK)
	return c
}

func (c *client) devices(t *testing.T) (list []account.LoginRecord) {
	t.Helper()
	if err := json.Unmarshal([]byte(c.get(t, "/sessions").body), &list); err != nil {
		t.Fatal(err)
	}
	return list
}

// What one process ends, the other does not know at the very next request: nothing is cached.
func TestRevocationHoldsInTheOtherProcessAtOnce(t *testing.T) { // SEC-60, SEC-73, SEC-76, SEC-77, SEC-173
	t.Parallel()
	url := storetest.NewURL(t)
	one, two := start(t, []string{"DATABASE_URL=" + url}, "-insecure-unlimited"), start(t, []string{"DATABASE_URL=" + url}, "-insecure-unlimited")
	db, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close(t.Context()) }()
	sql := func(statement string) func(*testing.T, *client, string) {
		return func(t *testing.T, _ *client, email string) {
			t.Helper()
			if tag, err := db.Exec(t.Context(), statement, email); err != nil || tag.RowsAffected() != 1 {
				t.Fatal(tag, err)
			}
		}
	}
	post := func(path string) func(*testing.T, *client, string) {
		return func(t *testing.T, c *client, _ string) {
			t.Helper()
			c.post(t, path).has(t, http.StatusNoContent)
		}
	}
	newClient(t, one.url).signUp(t, "Bystander", "bystander@example.com")
	bystander := enter(t, two, "bystander@example.com")
	for name, c := range map[string]struct {
		end   func(t *testing.T, here *client, email string)
		ended []bool // the session that acts, and the user's other one
	}{
		"logout":                 {post("/logout"), []bool{true, false}},
		"revoke others":          {post("/sessions/revoke-others"), []bool{false, true}},
		"revoke all":             {post("/sessions/revoke-all"), []bool{true, true}},
		"the user is disabled":   {sql(`UPDATE ginauth.users SET disabled_at = now() WHERE email = $1`), []bool{true, true}},
		"the user is deleted":    {sql(`DELETE FROM ginauth.users WHERE email = $1`), []bool{true, true}},
		"the user is logged out": {sql(`UPDATE ginauth.users SET session_epoch = session_epoch + 1 WHERE email = $1`), []bool{true, true}},
		"revoke one": {func(t *testing.T, here *client, _ string) {
			t.Helper()
			for _, d := range here.devices(t) {
				if !d.Current {
					here.post(t, "/sessions/"+string(d.ID)+"/revoke").has(t, http.StatusNoContent)
				}
			}
		}, []bool{false, true}},
	} {
		for _, p := range [][2]*process{{one, two}, {two, one}} {
			email := strings.ReplaceAll(name, " ", "-") + p[0].url[len("http://localhost:"):] + "@example.com"
			newClient(t, p[0].url).signUp(t, "Ada Lovelace", email)
			acting := enter(t, p[0], email)
			sessions := []*client{copyOf(t, acting).on(p[1]), enter(t, p[1], email)}
			for _, s := range sessions {
				s.get(t, "/user").has(t, http.StatusOK, email)
			}
			c.end(t, acting, email)
			for i, s := range sessions {
				want := http.StatusOK
				if c.ended[i] {
					want = http.StatusUnauthorized
				}
				if got := s.get(t, "/user"); got.status != want {
					t.Errorf("%s: session %d answers %d in the other process, want %d", name, i, got.status, want)
				}
			}
			bystander.get(t, "/user").has(t, http.StatusOK)
		}
	}
}

// copyOf returns a client that has stolen the cookies.
func copyOf(t *testing.T, c *client) *client {
	t.Helper()
	thief := newClient(t, c.base)
	thief.accept = c.accept
	r := c.request(t, http.MethodGet, "/", "")
	thief.http.Jar.SetCookies(r.URL, c.http.Jar.Cookies(r.URL))
	return thief
}
