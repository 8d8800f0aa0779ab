package store_test

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/migrations"
	"github.com/ginauth/ginauth/store"
	"github.com/ginauth/ginauth/store/embedded"
)

// A row of the app's own is stored with the event or not at all, and another hook runs once both
// are committed.
func ExampleOnEvent() {
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
	if _, err := pool.Exec(ctx, `CREATE TABLE alerts (event bigint)`); err != nil {
		panic(err)
	}

	db := store.New[store.User](pool,
		store.OnEvent(func(ctx context.Context, tx pgx.Tx, e driver.Event) error {
			_, err := tx.Exec(ctx, `INSERT INTO alerts VALUES ($1)`, e.ID)
			return err
		}),
		store.AfterEvent(func(_ context.Context, e driver.Event) { fmt.Println(e.Kind, e.Outcome, e.Detail) }),
	)
	ann, err := db.CreateUser(ctx, driver.NewUser{Name: "Ann", Email: "ann@example.com", Canonical: "ann@example.com"}, nil)
	if err != nil {
		panic(err)
	}
	support := driver.WithCause(ctx, driver.Cause{Actor: ann.ID, Operation: "support tool"})
	fmt.Println(db.DisableUser(support, ann.ID))

	// Output:
	// user_created success map[actor:operator]
	// user_disabled success map[]
	// <nil>
}
