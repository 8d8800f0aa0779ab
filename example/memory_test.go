package main

import (
	"strings"
	"testing"
)

func TestEveryPageSaysThatAccountsAreInMemory(t *testing.T) {
	t.Parallel()
	for store, open := range stores {
		t.Run(store, func(t *testing.T) {
			t.Parallel()
			a := open(t)
			c := newClient(t, a.url)
			pages := map[string]answer{
				"home": c.get(t, "/"), "sign-up form": c.get(t, "/signup"), "nothing": c.get(t, "/nothing"), "mailbox": c.get(t, "/mailbox"),
				"refused login": c.post(t, "/login", "email", "ada@example.com", "password", "wrong"),
			}
			c.signUp(t, "Ada Lovelace", "ada@example.com")
			pages["profile"], pages["link"] = c.get(t, "/user"), c.get(t, c.get(t, a.link(t, "/verify")).page(t, "/verify"))
			for name, got := range pages {
				if told := strings.Count(got.body, onlyInMemory); told != 1 && a.pool == nil || told != 0 && a.pool != nil {
					t.Errorf("%s says %d times that accounts are in memory:\n%s", name, told, got.body)
				}
			}
		})
	}
}

// A password has its real cost unless a test says otherwise.
func TestPasswordsCostWhatTheDefaultSays(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	a.serve(t, newStore(a.pool), settings{})
	newClient(t, a.url).signUp(t, "Ada Lovelace", "ada@example.com")
	var hash string
	if err := a.pool.QueryRow(t.Context(), "SELECT password_hash FROM ginauth.users").Scan(&hash); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("the hash is %q", hash)
	}
}
