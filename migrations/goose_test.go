package migrations_test

import (
	"database/sql"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"github.com/ginauth/ginauth/migrations"
	"github.com/ginauth/ginauth/store/storetest"
)

func TestAppsOwnGooseDoesNotCollide(t *testing.T) {
	t.Parallel()
	pool := storetest.NewEmptyDB(t)
	app := appMigrations(t, pool, fstest.MapFS{
		"00001_orders.sql":   {Data: []byte("-- +goose Up\nCREATE TABLE orders (id int);\n-- +goose Down\nDROP TABLE orders;\n")},
		"00007_payments.sql": {Data: []byte("-- +goose Up\nCREATE TABLE payments (id int);\n-- +goose Down\nDROP TABLE payments;\n")},
	})
	if _, err := app.UpTo(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	up(t, pool)
	if _, err := app.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	up(t, pool)
	expectApplied(t, pool, versions(t))
	if err := migrations.DownTo(t.Context(), pool, 0); err != nil {
		t.Fatal(err)
	}
	if version, err := app.GetDBVersion(t.Context()); version != 7 || err != nil {
		t.Errorf("the app's version is %d (%v), want 7", version, err)
	}
}

func appMigrations(t *testing.T, pool *pgxpool.Pool, files fstest.MapFS) *goose.Provider {
	t.Helper()
	app, err := goose.NewProvider(goose.DialectPostgres, sqlDB(t, pool), files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		t.Fatal(err)
	}
	return app
}

func sqlDB(t *testing.T, pool *pgxpool.Pool) *sql.DB {
	t.Helper()
	db := stdlib.OpenDBFromPool(pool)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// It runs what the goose command runs, which keeps its settings in global variables. No other
// test uses those.
func TestStockGooseAndUpCanBeMixed(t *testing.T) {
	t.Parallel()
	pool := storetest.NewEmptyDB(t)
	db := sqlDB(t, pool)
	goose.SetBaseFS(migrations.FS)
	goose.SetTableName("ginauth.goose_db_version")
	goose.SetLogger(goose.NopLogger())
	command := func(name string) {
		t.Helper()
		if err := goose.RunContext(t.Context(), name, db, "."); err != nil {
			t.Fatal(err)
		}
	}
	exec(t, pool, `CREATE SCHEMA IF NOT EXISTS ginauth`)
	command("up")
	made := query[string](t, pool, describeSchema)
	up(t, pool)
	command("down")
	expectApplied(t, pool, versions(t)[:len(versions(t))-1])
	up(t, pool)
	command("status")
	if diff := cmp.Diff(made, query[string](t, pool, describeSchema)); diff != "" {
		t.Error(diff)
	}
	if err := migrations.DownTo(t.Context(), pool, 0); err != nil {
		t.Fatal(err)
	}
	command("up")
	expectApplied(t, pool, versions(t))
}
