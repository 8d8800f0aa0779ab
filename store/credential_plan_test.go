package store_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store"
)

// SEC-32: an identifier is looked up in the same way whether or not there is such a user: by one statement and the key of
// identifier and realm. Every address and username here is in two realms.
func TestIdentifiersAreFoundByTheirKey(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	s.exec(t, `INSERT INTO ginauth.users (id, email, email_canonical, username, username_canonical, realm)
SELECT overlay(gen_random_uuid()::text PLACING '7' FROM 15)::uuid, n || '@example.com', n || '@example.com', 'user' || n, 'user' || n, realm
FROM generate_series(1, 10000) AS n CROSS JOIN unnest(ARRAY['', 'acme']) AS realm`)
	s.exec(t, `ANALYZE ginauth.users`)
	var sent statements
	db := store.New[store.User](newPool(t, s.pool, func(cfg *pgxpool.Config) { cfg.MaxConns, cfg.ConnConfig.Tracer = 1, &sent }), unhurried)

	mails := func(ctx context.Context, canonical string) error {
		if err := db.QueueMail(ctx, driver.MailOrder{Kind: driver.MailReset, Email: canonical, Canonical: canonical}); err != nil {
			return err
		}
		list, err := db.ClaimMail(ctx, 1, time.Minute)
		if err != nil {
			return err
		}
		_, err = db.PrepareMail(ctx, list[0].ID, newDigest(), time.Hour)
		return err
	}
	for name, call := range map[string]struct {
		about func(ctx context.Context, identifier string) error
		none  error
	}{
		"FindCredential":  {func(ctx context.Context, i string) error { _, _, err := db.FindCredential(ctx, i); return err }, driver.ErrNoUser},
		"FindArchived":    {func(ctx context.Context, i string) error { _, _, err := db.FindArchived(ctx, i); return err }, driver.ErrNoUser},
		"FindUserByEmail": {func(ctx context.Context, i string) error { _, err := db.FindUserByEmail(ctx, i); return err }, driver.ErrNoUser},
		"FindUserByUsername": {func(ctx context.Context, i string) error {
			_, err := db.FindUserByUsername(ctx, i)
			return err
		}, driver.ErrNoUser},
		"PrepareMail": {mails, driver.ErrNoMail},
		"CreateUserAndMail": {func(ctx context.Context, i string) error {
			_, err := db.CreateUserAndMail(ctx, driver.NewUser{Email: "new " + i, Canonical: "new " + i}, nil, "")
			return err
		}, nil},
	} {
		for identifier, index := range map[string]string{
			"1@example.com": "users_email", "0@example.com": "users_email", "user1": "users_username_key", "nobody": "users_username_key",
		} {
			for _, realm := range []string{"", "acme"} {
				sent.list = nil
				if err := call.about(driver.WithRealm(t.Context(), realm), identifier); err != nil && !errors.Is(err, call.none) {
					t.Errorf("%s of %s: %v", name, identifier, err)
				}
				var plans []string
				for _, q := range sent.list {
					if strings.Contains(q.sql, "_canonical") && !strings.Contains(q.sql, "INSERT") {
						plans = append(plans, strings.ReplaceAll(s.planOf(t, q.sql, len(q.args)), "'\n'", "''"))
					}
				}
				all := strings.Join(plans, "\n")
				if strings.Contains(all, "Seq Scan on users") || name == "FindCredential" && !strings.Contains(all, index) {
					t.Errorf("%s of %s in %q:\n%s", name, identifier, realm, all)
				}
				for _, line := range strings.Split(all, "\n") {
					if strings.Contains(line, "_canonical = ") && !strings.Contains(line, "(realm = ") {
						t.Errorf("%s of %s in %q reads the users of all realms:\n%s", name, identifier, realm, all)
					}
				}
			}
		}
	}
}
