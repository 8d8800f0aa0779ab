package migrations_test

import (
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/migrations"
	"github.com/ginauth/ginauth/store"
	"github.com/ginauth/ginauth/store/storetest"
)

const insertEvent = `INSERT INTO ginauth.events (at, kind, outcome, user_id)
VALUES (now(), 'authn_login_success', 'success', '00000000-0000-4000-8000-000000000001')`

func TestEventsRejectBadRows(t *testing.T) {
	t.Parallel()
	pool := storetest.NewDB(t)
	for _, test := range []struct{ columns, values, constraint string }{
		{"kind", "''", "events_kind_check"},
		{"kind", "repeat('x', 65)", "events_kind_check"},
		{"outcome", "'maybe'", "events_outcome_check"},
		{"session", "encode(sha256('token'), 'hex')", "events_session_check"}, // SEC-160
		{"session", "repeat('x', 43)", "events_session_check"},
		{"operation", "repeat('é', 201)", "events_operation_check"},
		{"request_id", "repeat('é', 65)", "events_request_id_check"},
		{"user_agent", "repeat('é', 257)", "events_user_agent_check"},
		{"detail", "'[]'", "events_detail_check"},
		{"detail", "jsonb_build_object('x', repeat('x', 16000))", "events_detail_check"},
	} {
		row := map[string]string{"at": "now()", "kind": "'x'", "outcome": "'success'", test.columns: test.values}
		var columns, values []string
		for column, value := range row {
			columns, values = append(columns, column), append(values, value)
		}
		_, err := pool.Exec(t.Context(), `INSERT INTO ginauth.events (`+strings.Join(columns, ", ")+`) VALUES (`+strings.Join(values, ", ")+`)`)
		if _, constraint := code(err); constraint != test.constraint {
			t.Errorf("%s = %s: %v (%s)", test.columns, test.values, err, constraint)
		}
	}
}

// Whoever runs the app can add events, and the sweeper of the app can delete them, but nobody rewrites one.
func TestEventsAreAppendOnly(t *testing.T) { // SEC-163, SEC-169
	t.Parallel()
	url := storetest.NewEmptyURL(t)
	admin := newPool(t, url, func(*pgxpool.Config) {})
	owner, app := newRole(t, admin), newRole(t, admin)
	exec(t, admin, "CREATE SCHEMA ginauth AUTHORIZATION "+owner)
	ownerPool, appPool := as(t, url, owner), as(t, url, app)
	up(t, ownerPool)
	for _, grant := range docGrants(t) {
		exec(t, ownerPool, strings.TrimSuffix(grant, "app;")+app)
	}
	exec(t, appPool, insertEvent)
	for _, sql := range []string{
		`UPDATE ginauth.events SET outcome = 'failure'`,
		`UPDATE ginauth.events SET outcome = 'failure' WHERE FALSE`,
		`INSERT INTO ginauth.events (id, at, kind, outcome) OVERRIDING SYSTEM VALUE SELECT id, at, kind, outcome FROM ginauth.events ON CONFLICT (id) DO UPDATE SET kind = 'x'`,
		`ALTER TABLE ginauth.events DISABLE TRIGGER events_append_only`,
		`DROP TRIGGER events_append_only ON ginauth.events`,
		`CREATE OR REPLACE FUNCTION ginauth.refuse_update() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'`,
		`SET session_replication_role = replica`,
		`TRUNCATE ginauth.events`,
	} {
		_, err := appPool.Exec(t.Context(), sql)
		if state, _ := code(err); state != "42501" {
			t.Errorf("%s: %v, want insufficient_privilege", sql, err)
		}
	}
	if _, err := ownerPool.Exec(t.Context(), `UPDATE ginauth.events SET outcome = 'failure'`); err == nil {
		t.Error("the owner updates by the way")
	}
	exec(t, ownerPool, "REVOKE UPDATE, DELETE ON ginauth.events FROM "+app) // as docs/events.md says
	exec(t, appPool, insertEvent)
	if _, err := appPool.Exec(t.Context(), `DELETE FROM ginauth.events`); err == nil {
		t.Error("the app deletes without the right to")
	}
	sweeper := newRole(t, admin)
	exec(t, ownerPool, "GRANT USAGE ON SCHEMA ginauth TO "+sweeper)
	exec(t, ownerPool, "GRANT SELECT, UPDATE, DELETE ON ginauth.events TO "+sweeper)
	later := store.WithNow(func() time.Time { return time.Now().AddDate(1, 0, 0) })
	if n, err := store.NewSessions(as(t, url, sweeper), later).SweepEvents(t.Context()); n != 2 || err != nil {
		t.Errorf("the sweeper's role deletes %d, %v", n, err)
	}
	if err := migrations.DownTo(t.Context(), ownerPool, 0); err != nil {
		t.Fatal(err)
	}
}

func TestEventsOutliveTheirUser(t *testing.T) {
	t.Parallel()
	pool := storetest.NewDB(t)
	exec(t, pool, insertUser)
	exec(t, pool, insertEvent)
	exec(t, pool, `DELETE FROM ginauth.users`)
	if n := query[int](t, pool, `SELECT count(*) FROM ginauth.events WHERE user_id IS NOT NULL`); n != 1 {
		t.Errorf("%d events", n)
	}
}
