package store_test

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/migrations"
	"github.com/ginauth/ginauth/store"
	"github.com/ginauth/ginauth/store/embedded"
)

// Users of another system, with a column of the app's own, go in with the passwords that they have.
func ExampleDB_ImportUsers() {
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
	if _, err := pool.Exec(ctx, `ALTER TABLE ginauth.users ADD COLUMN plan text NOT NULL DEFAULT 'free'`); err != nil {
		panic(err)
	}

	type old struct{ id, email, hash, plan string }
	users := []old{
		{"1", "Ada@example.com", "$2y$10$" + "N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy", "gold"},
		{"2", "ada@example.com", "", "free"},
		{"3", "grace@example.com", "5f4dcc3b5aa765d61d8327deb882cf99", "free"},
	}
	rows := func(yield func(store.ImportedUser[Customer], error) bool) {
		for _, u := range users {
			row := store.ImportedUser[Customer]{Source: "id " + u.id, Verified: true, PasswordHash: u.hash}
			row.User.Email, row.User.Plan = u.email, u.plan
			if !yield(row, nil) {
				return
			}
		}
	}
	db := store.New[Customer](pool)
	report, err := db.ImportUsers(ctx, rows, store.ImportOptions{})
	fmt.Println(report.Created, "created,", report.Present, "there already,", len(report.Refused), "refused", err)
	for _, refused := range report.Refused {
		fmt.Println(refused.Source, refused.Code)
	}
	report, err = db.ImportUsers(ctx, rows, store.ImportOptions{})
	fmt.Println(report.Created, "created,", report.Present, "there already,", len(report.Refused), "refused", err)

	// Output:
	// 1 created, 0 there already, 2 refused <nil>
	// id 2 duplicate
	// id 3 weak_hash
	// 0 created, 1 there already, 2 refused <nil>
}
