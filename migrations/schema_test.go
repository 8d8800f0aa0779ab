package migrations_test

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/ginauth/ginauth/store/storetest"
)

const (
	insertUser = `INSERT INTO ginauth.users (id, email, email_canonical, password_hash)
VALUES ('00000000-0000-4000-8000-000000000001', 'Ada@example.com', 'ada@example.com', '$argon2id$v=19$m=8,t=1,p=1$c2FsdA$aGFzaA')`
	insertSession = `INSERT INTO ginauth.sessions (digest, id, user_id, created_at, last_seen_at, idle_timeout, expires_at)
VALUES (sha256('token'), '00000000-0000-4000-8000-000000000002', '00000000-0000-4000-8000-000000000001',
	now(), now(), interval '1 hour', now() + interval '1 day')`
)

func TestSchemaRejectsBadRows(t *testing.T) {
	t.Parallel()
	pool := storetest.NewDB(t)
	exec(t, pool, insertUser)
	exec(t, pool, insertSession)
	const (
		check   = "23514"
		unique  = "23505"
		foreign = "23503"
	)
	for _, test := range []struct {
		sql, code, constraint string
		arg                   any
	}{
		{`UPDATE ginauth.users SET email = $1`, check, "users_email_check", ""},
		{`UPDATE ginauth.users SET email = $1`, check, "users_email_check", strings.Repeat("é", 255)},
		{`UPDATE ginauth.users SET email = $1`, check, "users_identifier_check", nil},
		{`UPDATE ginauth.users SET email_canonical = $1`, check, "users_email_canonical_check", ""},
		{`UPDATE ginauth.users SET email_canonical = $1`, check, "users_email_canonical_check", strings.Repeat("é", 255)},
		{`UPDATE ginauth.users SET name = $1`, check, "users_name_check", strings.Repeat("é", 201)},
		{`UPDATE ginauth.users SET password_hash = $1`, check, "users_password_hash_check", "hunter2"},
		{`UPDATE ginauth.users SET password_hash = $1`, check, "users_password_hash_check", ""},
		{
			`INSERT INTO ginauth.users (id, email, email_canonical)
			VALUES ('00000000-0000-4000-8000-000000000009', 'ADA@example.com', $1)`,
			unique, "users_email_canonical_key", "ada@example.com",
		},
		{`UPDATE ginauth.sessions SET digest = $1`, check, "sessions_digest_check", []byte("token")},
		{`UPDATE ginauth.sessions SET digest = $1`, check, "sessions_digest_check", make([]byte, 33)},
		{`UPDATE ginauth.sessions SET data = $1`, check, "sessions_data_check", "[]"},
		{`UPDATE ginauth.sessions SET data = $1`, check, "sessions_data_check", "null"},
		{`UPDATE ginauth.sessions SET replaced_from = $1`, check, "sessions_replaced_from_check", []byte("client")},
		{`UPDATE ginauth.sessions SET version = $1`, check, "sessions_version_check", -1},
		{`UPDATE ginauth.sessions SET idle_timeout = make_interval(secs => $1)`, check, "sessions_idle_timeout_check", 0.0},
		{`UPDATE ginauth.sessions SET idle_timeout = make_interval(secs => $1)`, check, "sessions_idle_timeout_check", -1.0},
		{`UPDATE ginauth.sessions SET user_agent = $1`, check, "sessions_user_agent_check", strings.Repeat("é", 257)},
		{
			`UPDATE ginauth.sessions SET user_id = $1`, foreign, "sessions_user_id_fkey",
			"00000000-0000-4000-8000-000000000009",
		},
		{
			`INSERT INTO ginauth.sessions (digest, id, created_at, last_seen_at, idle_timeout, expires_at)
			SELECT sha256('other'), $1, created_at, last_seen_at, idle_timeout, expires_at FROM ginauth.sessions`,
			unique, "sessions_id_key", "00000000-0000-4000-8000-000000000002",
		},
	} {
		_, err := pool.Exec(t.Context(), test.sql, test.arg)
		if state, constraint := code(err); state != test.code || constraint != test.constraint {
			t.Errorf("%s: %v (%s), want code %s (%s)", test.sql, err, constraint, test.code, test.constraint)
		}
	}
}

func TestSchemaTakesRowsAtTheLimits(t *testing.T) {
	t.Parallel()
	pool := storetest.NewDB(t)
	exec(t, pool, insertUser)
	exec(t, pool, insertSession)
	exec(t, pool, `UPDATE ginauth.users SET email = $1, email_canonical = $1, name = $2, password_hash = NULL`,
		strings.Repeat("é", 254), strings.Repeat("é", 200))
	exec(t, pool, `UPDATE ginauth.sessions SET user_id = NULL, user_agent = $1, ip = '2001:db8::/64'`, strings.Repeat("é", 256))
}

func TestDeletedUserLosesItsSessions(t *testing.T) {
	t.Parallel()
	pool := storetest.NewDB(t)
	exec(t, pool, insertUser)
	exec(t, pool, insertSession)
	exec(t, pool, `DELETE FROM ginauth.users`)
	if n := query[int](t, pool, `SELECT count(*) FROM ginauth.sessions`); n != 0 {
		t.Errorf("%d sessions are left", n)
	}
}

func TestRenewingASessionTouchesNoIndex(t *testing.T) {
	t.Parallel()
	pool := storetest.NewDB(t)
	const renew = `UPDATE ginauth.sessions SET last_seen_at = now(), version = version + 1, data = '{"a": 1}'`
	// Room in the page and no index on what changes: both are needed for a heap-only update.
	exec(t, pool, insertUser)
	exec(t, pool, insertSession)
	var hot int
	err := pgx.BeginFunc(t.Context(), pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(t.Context(), renew); err != nil {
			return err
		}
		return tx.QueryRow(t.Context(), `SELECT pg_stat_get_xact_tuples_hot_updated('ginauth.sessions'::regclass)`).Scan(&hot)
	})
	if err != nil {
		t.Fatal(err)
	}
	if hot != 1 {
		t.Errorf("%d heap-only updates, want 1", hot)
	}
	if got := query[string](t, pool, `SELECT reloptions::text FROM pg_class WHERE oid = 'ginauth.sessions'::regclass`); got != "{fillfactor=85}" {
		t.Errorf("options %s", got)
	}
}
