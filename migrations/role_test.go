package migrations_test

import (
	"context"
	"crypto/rand"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/migrations"
	"github.com/ginauth/ginauth/store/storetest"
)

// newRole makes a role without any right and returns its name.
func newRole(t *testing.T, admin *pgxpool.Pool) string {
	t.Helper()
	role := "ginauth_test_" + strings.ToLower(rand.Text())
	exec(t, admin, "CREATE ROLE "+role)
	t.Cleanup(func() {
		for _, sql := range []string{"DROP OWNED BY " + role + " CASCADE", "DROP ROLE " + role} {
			if _, err := admin.Exec(context.Background(), sql); err != nil {
				t.Errorf("%s: %v", sql, err)
			}
		}
	})
	return role
}

// as opens a pool whose hook makes it work as role.
func as(t *testing.T, url, role string) *pgxpool.Pool {
	t.Helper()
	return newPool(t, url, func(cfg *pgxpool.Config) {
		cfg.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
			_, err := conn.Exec(ctx, "SET ROLE "+role)
			return err
		}
	})
}

// docGrants returns the statements that doc.go tells to run for the role app.
func docGrants(t *testing.T) (grants []string) {
	t.Helper()
	text, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		statement, isCode := strings.CutPrefix(strings.TrimSpace(line), "//\t")
		if isCode && strings.HasSuffix(statement, " app;") {
			grants = append(grants, statement)
		}
	}
	if len(grants) != 4 {
		t.Fatalf("%d statements in doc.go, want 4", len(grants))
	}
	return grants
}

// SEC-169
func TestAppRoleNeedsOnlyDML(t *testing.T) {
	t.Parallel()
	url := storetest.NewEmptyURL(t)
	admin := newPool(t, url, func(*pgxpool.Config) {})
	owner, app := newRole(t, admin), newRole(t, admin)
	exec(t, admin, "CREATE SCHEMA ginauth AUTHORIZATION "+owner)
	ownerPool, appPool := as(t, url, owner), as(t, url, app)

	up(t, ownerPool)
	if got := query[string](t, admin, `SELECT string_agg(DISTINCT tableowner, ',') FROM pg_tables WHERE schemaname = 'ginauth'`); got != owner {
		t.Errorf("the tables belong to %s, want %s", got, owner)
	}
	for _, grant := range docGrants(t) {
		exec(t, ownerPool, strings.TrimSuffix(grant, "app;")+app)
	}
	// Tables of later migrations get what the last statement says.
	if err := migrations.DownTo(t.Context(), ownerPool, 0); err != nil {
		t.Fatal(err)
	}
	up(t, ownerPool)

	exec(t, appPool, insertUser)
	exec(t, appPool, insertSession)
	exec(t, appPool, `UPDATE ginauth.users SET name = 'Ada'`)
	exec(t, appPool, `UPDATE ginauth.sessions SET version = version + 1`)
	exec(t, appPool, `DELETE FROM ginauth.users`)
	if n := query[int](t, appPool, `SELECT count(*) FROM ginauth.sessions`); n != 0 {
		t.Errorf("%d sessions of a deleted user", n)
	}
	for _, sql := range []string{
		`SELECT version_id FROM ginauth.goose_db_version`,
		`CREATE TABLE ginauth.evil (id int)`,
		`ALTER TABLE ginauth.users DROP CONSTRAINT users_password_hash_check`,
		`DROP TABLE ginauth.sessions`,
		`TRUNCATE ginauth.sessions`,
	} {
		_, err := appPool.Exec(t.Context(), sql)
		if state, _ := code(err); state != "42501" {
			t.Errorf("%s: %v, want insufficient_privilege", sql, err)
		}
	}
}

func TestUpWithoutPrivilegeSaysWhatToGrant(t *testing.T) {
	t.Parallel()
	url := storetest.NewEmptyURL(t)
	admin := newPool(t, url, func(*pgxpool.Config) {})
	role := newRole(t, admin)
	pool := as(t, url, role)
	err := migrations.Up(t.Context(), pool)
	if err == nil || !strings.Contains(err.Error(), "grant it CREATE on the database") {
		t.Fatalf("got %v", err)
	}
	exec(t, admin, "GRANT CREATE ON DATABASE "+pgx.Identifier{admin.Config().ConnConfig.Database}.Sanitize()+" TO "+role)
	up(t, pool)
}

// SEC-169
func TestEveryColumnWithSecretsOrPersonalDataIsClassified(t *testing.T) {
	t.Parallel()
	pool := storetest.NewDB(t)
	for column, class := range map[string]string{
		"users.email": "Personal data", "users.email_canonical": "Personal data", "users.name": "Personal data",
		"users.password_hash": "Secret", "sessions.digest": "Secret", "sessions.previous_digest": "Secret",
		"sessions.data": "Confidential",
		"sessions.ip":   "Personal data", "sessions.user_agent": "Personal data",
		"events.user_id": "Personal data", "events.actor_id": "Personal data", "events.ip": "Personal data",
		"events.user_agent": "Personal data", "events.detail": "Confidential",
	} {
		table, name, _ := strings.Cut(column, ".")
		comment := query[string](t, pool, `SELECT COALESCE(col_description(attrelid, attnum), '')
FROM pg_attribute WHERE attrelid = ('ginauth.' || $1)::regclass AND attname = $2`, table, name)
		if !strings.HasPrefix(comment, class+":") {
			t.Errorf("%s is described as %q, want %s", column, comment, class)
		}
	}
}
