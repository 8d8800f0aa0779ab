package store_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store"
)

// customer is an app's own user type with all that its columns may be.
type customer struct {
	store.User
	Plan      string
	Seats     int `db:"seat_count"`
	Tags      []string
	Referrer  *string
	TrialEnds *time.Time
	Address   address `db:"address"`
	billing
	Basket  int `db:"-"`
	private string
}

type address struct {
	City string `json:"city"`
}

type billing struct {
	VATNumber string
}

const customerColumns = `
ALTER TABLE ginauth.users
	ADD COLUMN plan text NOT NULL DEFAULT 'free',
	ADD COLUMN seat_count integer NOT NULL DEFAULT 3,
	ADD COLUMN tags text[] NOT NULL DEFAULT '{new}',
	ADD COLUMN referrer text NULL,
	ADD COLUMN trial_ends timestamptz NULL,
	ADD COLUMN address jsonb NOT NULL DEFAULT '{"city": "unknown"}',
	ADD COLUMN vat_number text NOT NULL DEFAULT ''`

func newCustomers(t *testing.T) (*setup, *store.DB[customer]) {
	t.Helper()
	s := newSetup(t)
	s.exec(t, customerColumns)
	return s, store.New[customer](s.pool, store.WithNow(s.clock.now), unhurried)
}

func TestZeroColumnsGetTheDatabasesDefaults(t *testing.T) {
	t.Parallel()
	s, db := newCustomers(t)
	n := newUser()
	got, err := db.CreateUser(t.Context(), n, func(c *customer) error {
		c.Basket, c.private = 7, "kept"
		return nil
	})
	want := customer{
		User: store.User{ID: got.ID, Email: n.Email, Name: n.Name, CreatedAt: s.clock.now(), UpdatedAt: s.clock.now()},
		Plan: "free", Seats: 3, Tags: []string{"new"}, Address: address{City: "unknown"}, Basket: 7, private: "kept",
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(customer{})); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestFurtherColumnsAreWrittenAndRead(t *testing.T) {
	t.Parallel()
	s, db := newCustomers(t)
	n, referrer, ends := newUser(), "a friend", s.clock.now().Add(time.Hour)
	created, err := db.CreateUser(t.Context(), n, func(c *customer) error {
		c.Plan, c.Seats, c.Tags, c.Referrer = "gold", 12, []string{"a", `b"; --`}, &referrer
		c.TrialEnds, c.Address.City, c.VATNumber = &ends, "Köln", "DE1"
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	session := sessionOf(created.ID)
	s.session(t, session)
	want := customer{
		User: created.User, Plan: "gold", Seats: 12, Tags: []string{"a", `b"; --`}, Referrer: &referrer,
		TrialEnds: &ends, Address: address{City: "Köln"}, billing: billing{VATNumber: "DE1"},
	}
	for name, read := range map[string]func() (customer, error){
		"CreateUser":      func() (customer, error) { return created, nil },
		"FindUser":        func() (customer, error) { return db.FindUser(t.Context(), created.ID) },
		"FindCredential":  func() (customer, error) { c, _, err := db.FindCredential(t.Context(), n.Canonical); return c, err },
		"FindUserSession": func() (customer, error) { c, _, err := db.FindUserSession(t.Context(), session.Digest); return c, err },
	} {
		got, err := read()
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(customer{})); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
}

func TestFillCannotChangeTheAccount(t *testing.T) { // SEC-28
	t.Parallel()
	s, db := newCustomers(t)
	n, other := newUser(), s.user(t)
	got, err := db.CreateUser(t.Context(), n, func(c *customer) error {
		if c.ID == "" || c.Email != n.Email || c.Name != n.Name {
			t.Errorf("fill was given %+v", c.User)
		}
		now := time.Now()
		c.User = store.User{ID: other.ID, Email: other.Email, Name: "Chosen", VerifiedAt: &now, DisabledAt: &now, CreatedAt: now, UpdatedAt: now}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := store.User{ID: got.ID, Email: n.Email, Name: "Chosen", CreatedAt: s.clock.now(), UpdatedAt: s.clock.now()}
	if got.ID == other.ID || !cmp.Equal(want, got.User) {
		t.Errorf("fill changed the account (-want +got):\n%s", cmp.Diff(want, got.User))
	}
	if found, _, err := db.FindCredential(t.Context(), n.Canonical); err != nil || found.ID != got.ID {
		t.Errorf("fill changed the canonical address: %v", err)
	}
}

func TestErrorOfFillUndoesTheSignUp(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	refusal := errors.New("no seats left")
	u, err := s.db.CreateUser(t.Context(), newUser(), func(*store.User) error { return refusal })
	if err != refusal || u != (store.User{}) { //nolint:errorlint // as it is
		t.Errorf("CreateUser = %+v, %v", u, err)
	}
	if got := s.count(t, `SELECT count(*) FROM ginauth.users`); got != 0 {
		t.Errorf("%d users", got)
	}
}

func TestAfterCreateSharesTheTransaction(t *testing.T) { // SEC-152
	t.Parallel()
	s := newSetup(t)
	s.exec(t, `CREATE TABLE teams (owner uuid PRIMARY KEY REFERENCES ginauth.users (id))`)
	refusal, refuse := errors.New("not today"), false
	db := store.New[store.User](s.pool, unhurried, store.AfterCreate(func(ctx context.Context, tx pgx.Tx, u store.User) error {
		if u.ID == "" || u.CreatedAt.IsZero() {
			t.Errorf("the hook was given %+v", u)
		}
		if _, err := tx.Exec(ctx, `INSERT INTO teams (owner) VALUES ($1)`, string(u.ID)); err != nil {
			return err
		}
		if refuse {
			return refusal
		}
		return nil
	}))
	if _, err := db.CreateUser(t.Context(), newUser(), nil); err != nil {
		t.Fatal(err)
	}
	refuse = true
	if _, err := db.CreateUser(t.Context(), newUser(), nil); err != refusal { //nolint:errorlint // as it is
		t.Errorf("CreateUser: %v", err)
	}
	if users, teams := s.count(t, `SELECT count(*) FROM ginauth.users`), s.count(t, `SELECT count(*) FROM teams`); users != 1 || teams != 1 {
		t.Errorf("%d users and %d teams, want 1 and 1", users, teams)
	}
}

func TestPanicInAfterCreateLeavesNothing(t *testing.T) { // SEC-164
	t.Parallel()
	s := newSetup(t)
	db := store.New[store.User](s.pool, unhurried, store.AfterCreate(func(context.Context, pgx.Tx, store.User) error { panic("oops") }))
	func() {
		defer func() { _ = recover() }()
		_, _ = db.CreateUser(t.Context(), newUser(), nil)
	}()
	if got := s.count(t, `SELECT count(*) FROM ginauth.users`); got != 0 {
		t.Errorf("%d users", got)
	}
	if got := s.pool.Stat().AcquiredConns(); got != 0 {
		t.Errorf("%d connections were not given back", got)
	}
}

func TestUserTypeAheadOfTheTableSaysSo(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	db := store.New[customer](s.pool, unhurried)
	u := s.user(t)
	_, err := db.FindUser(t.Context(), u.ID)
	if err == nil || errors.Is(err, driver.ErrUnavailable) || !strings.Contains(err.Error(), "migration") {
		t.Errorf("FindUser: %v", err)
	}
}

func TestErrorsDoNotQuoteValues(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	s.exec(t, `ALTER TABLE ginauth.users ADD COLUMN plan integer, ADD COLUMN born timestamptz`)
	type text struct {
		store.User
		Plan string
	}
	type odd struct {
		store.User
		Born address
	}
	_, first := store.New[text](s.pool, unhurried).CreateUser(t.Context(), newUser(), func(u *text) error { u.Plan = "canary"; return nil })
	_, second := store.New[odd](s.pool, unhurried).CreateUser(t.Context(), newUser(), func(u *odd) error { u.Born.City = "canary"; return nil })
	for _, err := range []error{first, second} {
		if err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("CreateUser: %v", err)
		}
	}
}
