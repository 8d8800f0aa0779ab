package store_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store"
)

// SEC-32: a username is looked up as an address is, whether or not there is such a user: by one statement and one index.
func TestCredentialsAreFoundByAnIndex(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	s.exec(t, `INSERT INTO ginauth.users (id, email, email_canonical, username, username_canonical)
SELECT overlay(gen_random_uuid()::text PLACING '7' FROM 15)::uuid, n || '@example.com', n || '@example.com', 'user' || n, 'user' || n FROM generate_series(1, 5000) AS n`)
	s.exec(t, `ANALYZE ginauth.users`)
	query := &lastQuery{}
	db := store.New[store.User](newPool(t, s.pool, func(cfg *pgxpool.Config) { cfg.ConnConfig.Tracer = query }), unhurried)
	for identifier, index := range map[string]string{
		"1@example.com": "users_email", "0@example.com": "users_email", "user1": "users_username_key", "nobody": "users_username_key",
	} {
		_, _, err := db.FindCredential(t.Context(), identifier)
		if unknown := strings.ContainsAny(identifier, "0b"); errors.Is(err, driver.ErrNoUser) != unknown {
			t.Errorf("%s: %v", identifier, err)
		}
		explained, err := s.pool.Query(t.Context(), "EXPLAIN "+query.data.SQL, query.data.Args...)
		if err != nil {
			t.Fatal(err)
		}
		lines, err := pgx.CollectRows(explained, pgx.RowTo[string])
		if plan := strings.Join(lines, "\n"); err != nil || !strings.Contains(plan, index) {
			t.Errorf("%s: %v\n%s\n%s", identifier, err, query.data.SQL, plan)
		}
	}
}
