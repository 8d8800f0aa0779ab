package migrations_test

import (
	"testing"

	"github.com/ginauth/ginauth/migrations"
	"github.com/ginauth/ginauth/store/storetest"
)

const (
	insertMail = `INSERT INTO ginauth.outbox (id, kind, user_id, email, email_canonical, created_at, due_at)
VALUES ('00000000-0000-4000-8000-000000000005', 'change', '00000000-0000-4000-8000-000000000001', 'New@example.com', 'new@example.com', now(), now())`
	insertEmailToken = `INSERT INTO ginauth.email_tokens (digest, kind, user_id, mail_id, email, email_canonical, created_at, expires_at)
VALUES (sha256('token'), 'change', '00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000005',
	'New@example.com', 'new@example.com', now(), now() + interval '1 hour')`
)

func TestMailTablesRejectBadRows(t *testing.T) {
	t.Parallel()
	pool := storetest.NewDB(t)
	exec(t, pool, insertUser)
	exec(t, pool, insertMail)
	exec(t, pool, insertEmailToken)
	for _, test := range []struct{ sql, constraint string }{
		{`UPDATE ginauth.outbox SET kind = 'spam'`, "outbox_kind_check"},
		{`UPDATE ginauth.outbox SET user_id = NULL`, "outbox_user_id_check"},
		{`UPDATE ginauth.outbox SET kind = 'reset'`, "outbox_user_id_check"},
		{`UPDATE ginauth.outbox SET email = ''`, "outbox_email_check"},
		{`UPDATE ginauth.outbox SET email_canonical = repeat('é', 255)`, "outbox_email_canonical_check"},
		{`UPDATE ginauth.outbox SET realm = 'acme', email_canonical = repeat('é', 260)`, "outbox_email_canonical_check"},
		{`UPDATE ginauth.outbox SET realm = repeat('é', 128)`, "outbox_realm_check"},
		{`UPDATE ginauth.outbox SET locale = repeat('x', 36)`, "outbox_locale_check"},
		{`UPDATE ginauth.outbox SET failure = repeat('x', 201)`, "outbox_failure_check"},
		{`INSERT INTO ginauth.outbox (id, kind, user_id, email, email_canonical, created_at, due_at)
			SELECT gen_random_uuid(), kind, user_id, email, email_canonical, created_at, due_at FROM ginauth.outbox`, "outbox_pending_key"},
		{`UPDATE ginauth.email_tokens SET digest = 'token'`, "email_tokens_digest_check"},
		{`UPDATE ginauth.email_tokens SET kind = 'password'`, "email_tokens_kind_check"},
		{`INSERT INTO ginauth.email_tokens SELECT * FROM ginauth.email_tokens`, "email_tokens_pkey"},
	} {
		_, err := pool.Exec(t.Context(), test.sql)
		if _, constraint := code(err); constraint != test.constraint {
			t.Errorf("%s: %v (%s)", test.sql, err, constraint)
		}
	}
	exec(t, pool, `UPDATE ginauth.outbox SET kind = 'device'`)
	exec(t, pool, `UPDATE ginauth.outbox SET failed_at = now()`)
	exec(t, pool, `INSERT INTO ginauth.outbox (id, kind, user_id, email, email_canonical, created_at, due_at)
		SELECT gen_random_uuid(), kind, user_id, email, email_canonical, created_at, due_at FROM ginauth.outbox`)
	exec(t, pool, `DELETE FROM ginauth.users`)
	for _, table := range []string{"outbox", "email_tokens"} {
		if n := query[int](t, pool, `SELECT count(*) FROM ginauth.`+table); n != 0 {
			t.Errorf("%d rows of %s outlive the account", n, table)
		}
	}
}

// Without realms, a mail of one would go to a user of another.
func TestDownDeletesMailsOfRealms(t *testing.T) {
	t.Parallel()
	pool := storetest.NewEmptyDB(t)
	up(t, pool)
	exec(t, pool, `INSERT INTO ginauth.outbox (id, kind, email, email_canonical, realm, created_at, due_at)
SELECT gen_random_uuid(), 'reset', 'Ada@example.com', repeat('é', 254 - length(btrim(realm, E'\n'))) || realm, btrim(realm, E'\n'), now(), now()
FROM unnest(ARRAY['', E'\nacme']) AS realm`)
	if err := migrations.DownTo(t.Context(), pool, 19); err != nil {
		t.Fatal(err)
	}
	if left := query[int](t, pool, `SELECT count(*) FROM ginauth.outbox`); left != 1 {
		t.Errorf("%d mails are left, want 1", left)
	}
	up(t, pool)
}
