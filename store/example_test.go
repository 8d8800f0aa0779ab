package store_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/migrations"
	"github.com/ginauth/ginauth/store"
	"github.com/ginauth/ginauth/store/embedded"
)

// Customer adds a column to the users.
type Customer struct {
	store.User
	Plan string `json:"plan"`
}

// A user type with a column of its own, and a table that gets a row with each new user.
func Example() {
	ctx := context.Background()
	server, err := embedded.Start(ctx, embedded.Options{Ephemeral: true})
	if err != nil {
		panic(err)
	}
	defer func() { _ = server.Stop(ctx) }()
	pool, err := pgxpool.New(ctx, server.URL())
	if err != nil {
		panic(err)
	}
	defer pool.Close()
	if err := migrations.Up(ctx, pool); err != nil {
		panic(err)
	}
	// In an app, this is a migration of its own.
	if _, err := pool.Exec(ctx, `
		ALTER TABLE ginauth.users ADD COLUMN plan text NOT NULL DEFAULT 'free';
		CREATE TABLE workspaces (owner uuid PRIMARY KEY REFERENCES ginauth.users (id) ON DELETE CASCADE)`); err != nil {
		panic(err)
	}

	db := store.New[Customer](pool, store.AfterCreate(func(ctx context.Context, tx pgx.Tx, c Customer) error {
		_, err := tx.Exec(ctx, `INSERT INTO workspaces (owner) VALUES ($1)`, string(c.ID))
		return err
	}))

	// ginauth.SignUp and ginauth.SignUpWith do this.
	ann := driver.NewUser{Name: "Ann", Email: "Ann@example.com", Canonical: "ann@example.com"}
	free, err := db.CreateUser(ctx, ann, nil)
	fmt.Println(free.Email, free.Plan, err)
	_, err = db.CreateUser(ctx, ann, nil)
	fmt.Println(errors.Is(err, driver.ErrIdentifierTaken))

	bob := driver.NewUser{Name: "Bob", Email: "bob@example.com", Canonical: "bob@example.com"}
	gold, err := db.CreateUser(ctx, bob, func(c *Customer) error {
		c.Plan = "gold"
		return nil
	})
	fmt.Println(gold.Email, gold.Plan, err)

	// Output:
	// Ann@example.com free <nil>
	// true
	// bob@example.com gold <nil>
}

// Sessions alone, for an app whose users are elsewhere.
func ExampleNewSessions() {
	ctx := context.Background()
	server, err := embedded.Start(ctx, embedded.Options{Ephemeral: true})
	if err != nil {
		panic(err)
	}
	defer func() { _ = server.Stop(ctx) }()
	pool, err := pgxpool.New(ctx, server.URL())
	if err != nil {
		panic(err)
	}
	defer pool.Close()
	if err := migrations.Up(ctx, pool); err != nil {
		panic(err)
	}

	sessions := store.NewSessions(pool, store.WithMaxData(4<<10))

	// ginauth.Session does this.
	token := driver.NewToken()
	_, err = sessions.CreateSession(ctx, driver.NewSession{
		Digest:      token.Digest(),
		Data:        []byte(`{"cart": 3}`),
		Lifetime:    24 * time.Hour,
		IdleTimeout: time.Hour,
	})
	if err != nil {
		panic(err)
	}
	record, err := sessions.UpdateSession(ctx, token.Digest(), driver.SessionChange{Set: []byte(`{"theme": "dark"}`)})
	fmt.Println(string(record.Data), record.Version, err)

	err = sessions.DeleteSession(ctx, token.Digest())
	fmt.Println(err)
	_, err = sessions.FindSession(ctx, token.Digest())
	fmt.Println(errors.Is(err, driver.ErrNoSession))

	// Output:
	// {"cart": 3, "theme": "dark"} 1 <nil>
	// <nil>
	// true
}
