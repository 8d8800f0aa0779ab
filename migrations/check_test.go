package migrations_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/migrations"
	"github.com/ginauth/ginauth/store/storetest"
)

func TestCheckTellsBothVersions(t *testing.T) {
	t.Parallel()
	pool := newPool(t, storetest.NewEmptyURL(t), func(*pgxpool.Config) {})
	all := versions(t)
	newest := all[len(all)-1]
	wantOutdated := func(at int64) {
		t.Helper()
		want := fmt.Sprintf("run migrations.Up or make migrate: the database is at version %d, this build wants %d", at, newest)
		if err := migrations.Check(t.Context(), pool); !errors.Is(err, migrations.ErrOutdated) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	wantOutdated(0) // there is no schema
	exec(t, pool, `CREATE SCHEMA ginauth`)
	wantOutdated(0)
	up(t, pool)
	if err := migrations.Check(t.Context(), pool); err != nil {
		t.Error(err)
	}
	if err := migrations.Down(t.Context(), pool); err != nil {
		t.Fatal(err)
	}
	wantOutdated(all[len(all)-2])
	up(t, pool)
	exec(t, pool, `DELETE FROM ginauth.goose_db_version WHERE version_id = 2`) // one of the middle
	wantOutdated(1)
	exec(t, pool, `INSERT INTO ginauth.goose_db_version (version_id, is_applied) VALUES (2, true), (99, true)`)
	if err := migrations.Check(t.Context(), pool); !errors.Is(err, migrations.ErrNewerSchema) || !strings.Contains(err.Error(), "version 99") {
		t.Errorf("newer: %v", err)
	}
}

func TestCheckChangesNothingAndSaysWhatToGrant(t *testing.T) { // SEC-169
	t.Parallel()
	url := storetest.NewURL(t)
	admin := newPool(t, url, func(*pgxpool.Config) {})
	role := newRole(t, admin)
	app := as(t, url, role)
	if err := migrations.Check(t.Context(), app); err == nil || !strings.Contains(err.Error(), "grant it usage of the schema ginauth, and select on ginauth.goose_db_version") {
		t.Errorf("%v", err)
	}
	exec(t, admin, `GRANT USAGE ON SCHEMA ginauth TO `+role)
	exec(t, admin, `GRANT SELECT ON ginauth.goose_db_version TO `+role)
	if err := migrations.Check(t.Context(), app); err != nil {
		t.Error(err)
	}
}
