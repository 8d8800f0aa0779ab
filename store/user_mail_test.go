package store_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store"
)

type handled struct {
	store.User
	Handle string
}

// If only a free address were refused for a reason, the refusal would tell free and taken addresses
// apart.
func TestQuietSignUpRefusesFreeAndTakenAddressesAlike(t *testing.T) { // SEC-30
	t.Parallel()
	errFull := errors.New("the team is full")
	for name, option := range map[string]store.Option{
		"a unique column of the app's own": nil,
		"a unique column, seen to later":   nil,
		"AfterCreate":                      store.AfterCreate(func(context.Context, pgx.Tx, handled) error { return errFull }),
		"OnEvent": store.OnEvent(func(_ context.Context, _ pgx.Tx, e driver.Event) error {
			if e.Outcome == driver.Success {
				return errFull
			}
			return nil
		}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSetup(t)
			s.exec(t, `ALTER TABLE ginauth.users ADD COLUMN handle text UNIQUE`)
			if strings.HasSuffix(name, "later") {
				s.exec(t, `ALTER TABLE ginauth.users ADD UNIQUE (handle) DEFERRABLE INITIALLY DEFERRED, DROP CONSTRAINT users_handle_key`)
			}
			taken := newUser()
			if _, err := store.New[handled](s.pool).CreateUser(t.Context(), taken, func(u *handled) error { u.Handle = "ada"; return nil }); err != nil {
				t.Fatal(err)
			}
			heard := 0
			options := []store.Option{store.AfterEvent(func(context.Context, driver.Event) { heard++ })}
			if option != nil {
				options = append(options, option)
			}
			db := store.New[handled](s.pool, options...)
			for _, n := range []driver.NewUser{newUser(), taken} {
				created, err := db.CreateUserAndMail(t.Context(), n, func(u *handled) error {
					if u.Handle = "grace"; option == nil {
						u.Handle = "ada"
					}
					return nil
				}, "")
				var violation *pgconn.PgError
				if option == nil && (!errors.As(err, &violation) || !strings.HasPrefix(violation.ConstraintName, "users_handle_key")) || option != nil && !errors.Is(err, errFull) || created {
					t.Errorf("%s: %v, %v", n.Canonical, created, err)
				}
			}
			if users, mails := s.count(t, `SELECT count(*) FROM ginauth.users`), s.count(t, `SELECT count(*) FROM ginauth.outbox`); users != 1 || mails != 0 || heard != 0 {
				t.Errorf("%d users, %d mails, %d events", users, mails, heard)
			}
		})
	}
}

func TestQuietSignUpForATakenAddressChangesNothingButTheOutbox(t *testing.T) { // SEC-30
	t.Parallel()
	s := newSetup(t)
	n := newUser()
	if _, err := s.db.CreateUser(t.Context(), n, nil); err != nil {
		t.Fatal(err)
	}
	before := s.count(t, `SELECT hashtext(string_agg(u::text, '' ORDER BY id)) FROM ginauth.users AS u`)
	var heard []driver.Event
	var asked int
	db := store.New[store.User](s.pool, store.AfterEvent(func(_ context.Context, e driver.Event) { heard = append(heard, e) }),
		store.AfterCreate(func(_ context.Context, _ pgx.Tx, u store.User) error {
			if asked++; u.Email != n.Email {
				t.Errorf("AfterCreate is told of %s", u.Email)
			}
			return nil
		}))
	if created, err := db.CreateUserAndMail(t.Context(), n, nil, ""); err != nil || created || asked != 1 {
		t.Fatalf("%v, %v, AfterCreate ran %d times", created, err, asked)
	}
	if after := s.count(t, `SELECT hashtext(string_agg(u::text, '' ORDER BY id)) FROM ginauth.users AS u`); after != before {
		t.Error("a user has changed or come")
	}
	if len(heard) != 1 || heard[0].Outcome != driver.Failure || heard[0].User != "" {
		t.Errorf("events %+v", heard)
	}
	if mails := s.count(t, `SELECT count(*) FROM ginauth.outbox WHERE kind = 'taken'`); mails != 1 {
		t.Errorf("%d mails", mails)
	}
}

// The app's constraints may look at the domain, and its hooks may take their time.
func TestQuietSignUpDoesTheSameForATakenAddress(t *testing.T) { // SEC-30, SEC-32
	t.Parallel()
	s := newSetup(t)
	s.exec(t, `ALTER TABLE ginauth.users ADD CHECK (email_canonical LIKE '%@example.com')`)
	hooks := 0
	db := store.New[store.User](s.pool, store.OnEvent(func(context.Context, pgx.Tx, driver.Event) error { hooks++; return nil }))
	n := newUser()
	var ran []int
	for range 2 {
		hooks = 0
		if created, err := db.CreateUserAndMail(t.Context(), n, nil, ""); err != nil || created != (len(ran) == 0) {
			t.Fatalf("%v, %v", created, err)
		}
		ran = append(ran, hooks)
	}
	if ran[0] != ran[1] {
		t.Errorf("OnEvent ran %d times for a free address, and %d for a taken one", ran[0], ran[1])
	}
	if failed, made := s.count(t, `SELECT count(*) FROM ginauth.events WHERE outcome = 'failure'`), s.count(t, `SELECT count(*) FROM ginauth.events WHERE outcome = 'success'`); failed != 1 || made != 1 {
		t.Errorf("%d failures and %d successes are recorded", failed, made)
	}
}

// Fill may use the pool: no connection is held meanwhile.
func TestFillOfAQuietSignUpRunsBeforeItsTransaction(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	pool := newPool(t, s.pool, func(cfg *pgxpool.Config) { cfg.MaxConns = 1 })
	created, err := store.New[store.User](pool).CreateUserAndMail(t.Context(), newUser(), func(u *store.User) error {
		return pool.QueryRow(t.Context(), `SELECT 'Ada'`).Scan(&u.Name)
	}, "")
	if err != nil || !created {
		t.Errorf("%v, %v", created, err)
	}
}
