package migrations_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/migrations"
	"github.com/ginauth/ginauth/store/storetest"
)

// describeSchema lists everything in the schema that a migration can make.
const describeSchema = `SELECT string_agg(line, E'\n' ORDER BY line) FROM (
	SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || ' ' || COALESCE(column_default, '')
	FROM information_schema.columns WHERE table_schema = 'ginauth'
	UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'ginauth'
	UNION ALL SELECT conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
		WHERE connamespace = 'ginauth'::regnamespace
) AS lines (line)`

func TestUpAfterDownMakesTheSameSchema(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string][]migrations.Option{
		"advisory lock": nil,
		"table lock":    {migrations.WithTableLock()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pool := storetest.NewEmptyDB(t)
			up(t, pool, opts...)
			expectApplied(t, pool, versions(t))
			first := query[string](t, pool, describeSchema)

			if err := migrations.Down(t.Context(), pool, opts...); err != nil {
				t.Fatal(err)
			}
			expectApplied(t, pool, versions(t)[:len(versions(t))-1])
			if err := migrations.DownTo(t.Context(), pool, 0, opts...); err != nil {
				t.Fatal(err)
			}
			expectApplied(t, pool, nil)
			if err := migrations.Down(t.Context(), pool, opts...); err != nil {
				t.Errorf("down with nothing to do: %v", err)
			}

			up(t, pool, opts...)
			if diff := cmp.Diff(first, query[string](t, pool, describeSchema)); diff != "" {
				t.Errorf("the second up made another schema: %s", diff)
			}
		})
	}
}

func TestUpTwiceDoesNothing(t *testing.T) {
	t.Parallel()
	pool := storetest.NewEmptyDB(t)
	up(t, pool)
	before, err := migrations.Status(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}
	up(t, pool)
	after, err := migrations.Status(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, after); diff != "" {
		t.Error(diff)
	}
}

// SEC-26
func TestUpInsertsNoRows(t *testing.T) {
	t.Parallel()
	pool := storetest.NewEmptyDB(t)
	up(t, pool)
	for _, table := range tables(t, pool) {
		if table == "goose_db_version" {
			continue
		}
		n := query[int](t, pool, "SELECT count(*) FROM "+pgx.Identifier{"ginauth", table}.Sanitize())
		if n != 0 {
			t.Errorf("%s has %d rows", table, n)
		}
	}
}

func TestDownOnEmptyDatabaseLeavesNoTrace(t *testing.T) {
	t.Parallel()
	pool := storetest.NewEmptyDB(t)
	if err := migrations.Down(t.Context(), pool); err != nil {
		t.Error(err)
	}
	if err := migrations.DownTo(t.Context(), pool, 0, migrations.WithTableLock()); err != nil {
		t.Error(err)
	}
	if query[bool](t, pool, `SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = 'ginauth')`) {
		t.Error("the schema was made")
	}
}

func TestDownKeepsTheSchemaAndWhatOthersPutThere(t *testing.T) {
	t.Parallel()
	pool := storetest.NewEmptyDB(t)
	up(t, pool)
	exec(t, pool, `CREATE TABLE ginauth.notes (id int)`)
	if err := migrations.DownTo(t.Context(), pool, 0); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"goose_db_version", "notes"}, tables(t, pool)); diff != "" {
		t.Error(diff)
	}
}

func TestFailedMigrationLeavesNoTraceAndCanBeRepeated(t *testing.T) {
	t.Parallel()
	pool := storetest.NewEmptyDB(t)
	// It is in the way of what the second migration makes last.
	exec(t, pool, `CREATE SCHEMA ginauth CREATE TABLE sessions_expires_at_idx (id int)`)
	if state, _ := code(migrations.Up(t.Context(), pool)); state != "42P07" {
		t.Errorf("code %q, want duplicate_table", state)
	}
	expectApplied(t, pool, []int64{1})
	if diff := cmp.Diff([]string{"goose_db_version", "sessions_expires_at_idx", "users"}, tables(t, pool)); diff != "" {
		t.Error(diff)
	}
	exec(t, pool, `DROP TABLE ginauth.sessions_expires_at_idx`)
	up(t, pool)
	expectApplied(t, pool, versions(t))
}

func TestUpUsesNothingOfThePool(t *testing.T) {
	t.Parallel()
	pool := storetest.NewEmptyDB(t, storetest.WithMaxConns(1))
	conn, err := pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	err = migrations.Up(t.Context(), pool)
	conn.Release()
	if err != nil {
		t.Fatal(err)
	}
	expectApplied(t, pool, versions(t))
}

func TestUpWorksInEveryQueryMode(t *testing.T) {
	t.Parallel()
	for _, mode := range []pgx.QueryExecMode{
		pgx.QueryExecModeCacheDescribe, pgx.QueryExecModeDescribeExec,
		pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol,
	} {
		t.Run(strings.ReplaceAll(mode.String(), " ", "_"), func(t *testing.T) {
			t.Parallel()
			pool := storetest.NewEmptyDB(t, storetest.WithConfig(func(cfg *pgxpool.Config) {
				cfg.ConnConfig.DefaultQueryExecMode = mode
			}))
			up(t, pool)
			if err := migrations.DownTo(t.Context(), pool, 0, migrations.WithTableLock()); err != nil {
				t.Fatal(err)
			}
			up(t, pool, migrations.WithTableLock())
			expectApplied(t, pool, versions(t))
		})
	}
}

func TestStatusTellsWhatIsAppliedAndWhen(t *testing.T) {
	t.Parallel()
	// The clock of the session must not matter.
	pool := storetest.NewEmptyDB(t, storetest.WithConfig(func(cfg *pgxpool.Config) {
		cfg.ConnConfig.RuntimeParams["TimeZone"] = "Asia/Tokyo"
	}))
	pending := []migrations.Migration{
		{Version: 1, File: "00001_users.sql"},
		{Version: 2, File: "00002_sessions.sql"},
	}
	all := len(versions(t))
	got, err := migrations.Status(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(pending, got[:2]); diff != "" || len(got) != all {
		t.Errorf("%d migrations, want %d: %s", len(got), all, diff)
	}
	if n := len(tables(t, pool)); n != 0 {
		t.Errorf("status made %d tables", n)
	}

	before := query[time.Time](t, pool, `SELECT clock_timestamp()`)
	up(t, pool)
	after := query[time.Time](t, pool, `SELECT clock_timestamp()`)
	got, err = migrations.Status(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range got {
		if m.AppliedAt.Before(before) || m.AppliedAt.After(after) {
			t.Errorf("%s was applied at %v, want it between %v and %v", m.File, m.AppliedAt, before.UTC(), after.UTC())
		}
		got[i].AppliedAt = time.Time{}
	}
	if diff := cmp.Diff(pending, got[:2]); diff != "" || len(got) != all {
		t.Errorf("%d migrations, want %d: %s", len(got), all, diff)
	}
}
