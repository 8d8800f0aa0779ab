package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store"
	"github.com/ginauth/ginauth/store/storetest"
)

// newStore is a store on a database of its own, at that URL.
func newStore(t *testing.T) (url string, db *store.DB[store.User]) {
	t.Helper()
	url = storetest.NewURL(t)
	pool, err := pgxpool.New(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return url, store.New[store.User](pool, store.WithTimeout(time.Minute))
}

func TestSessionsAreDeletedAndCounted(t *testing.T) {
	t.Parallel()
	url, db := newStore(t)
	login := func(u store.User) driver.Session {
		t.Helper()
		r, err := db.CreateSession(t.Context(), driver.NewSession{Digest: driver.NewToken().Digest(), UserID: u.ID, Lifetime: time.Hour, IdleTimeout: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	user := func(address string) store.User {
		t.Helper()
		u, err := db.CreateUser(t.Context(), driver.NewUser{Name: "A", Email: address, Canonical: address}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	ada, grace := user("ada@example.com"), user("grace@example.com")
	first, second := login(ada), login(ada)
	login(ada)
	login(grace)
	for _, step := range []struct {
		args, in, want string
		alive          int64
	}{
		{"-dry-run " + string(first.ID), "", "1 sessions would end", 4},
		{string(first.ID) + " " + string(second.ID), "", "2 sessions ended", 2},
		{"-dry-run -user ada@example.com", "", "1 sessions and 0 logins by refresh tokens would end", 2},
		{"-realm acme -user ada@example.com", "", "no user has this address", 2},
		{"-realm acme -all", "yes\n", "usage", 2},
		{"-user ADA@example.com", "", "1 sessions and 0 logins by refresh tokens ended", 1},
		{"-dry-run -all", "", "1 sessions would end", 1},
		{"-all", "no\n", "the answer was not yes", 1},
		{"-all", "", "the answer was not yes", 1},
		{"-all", "yes\n", "1 sessions ended", 0},
		{"-dry-run -expired", "", "2 ended sessions would be deleted", 0},
		{"-expired", "", "2 ended sessions deleted", 0},
		{"-expired", "", "0 ended sessions deleted", 0},
		{"-all -yes", "", "0 sessions ended", 0},
		{"-user nobody@example.com", "", "no user has this address", 0},
		{string(first.ID), "", "there is no session", 0},
		{"nonsense", "", "there is no session", 0},
	} {
		var out bytes.Buffer
		err := run(t.Context(), append([]string{"session", "delete"}, strings.Fields(step.args)...), url, strings.NewReader(step.in), &out)
		said := out.String()
		if err != nil {
			said += err.Error()
		}
		if !strings.Contains(said, step.want) {
			t.Errorf("%q says %q, want %q", step.args, said, step.want)
		}
		if alive, _, err := db.CountSessions(t.Context()); err != nil || alive != step.alive {
			t.Errorf("%q leaves %d sessions alive, %v, want %d", step.args, alive, err, step.alive)
		}
	}
	for _, args := range []string{"", "-all -expired", "-all " + string(first.ID), "-yes -expired", "-x", "-user"} {
		if err := run(t.Context(), append([]string{"session", "delete"}, strings.Fields(args)...), url, nil, &bytes.Buffer{}); !errors.Is(err, errUsage) {
			t.Errorf("%q: %v", args, err)
		}
	}
	for _, args := range []string{"", "session", "user delete"} {
		if err := run(t.Context(), strings.Fields(args), url, nil, &bytes.Buffer{}); !errors.Is(err, errUsage) {
			t.Errorf("%q: %v", args, err)
		}
	}
	if err := run(t.Context(), []string{"session", "delete", "-all"}, "postgres://a:hunter2%@h", nil, &bytes.Buffer{}); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("%v", err)
	}
}
