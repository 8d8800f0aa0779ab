package migrations_test

import (
	"testing"

	"github.com/ginauth/ginauth/store/storetest"
)

const insertRefreshToken = `INSERT INTO ginauth.refresh_tokens
	(selector, id, user_id, digest, epoch, created_at, last_used_at, idle_timeout, expires_at)
VALUES (sha256('selector'), '00000000-0000-4000-8000-000000000003', '00000000-0000-4000-8000-000000000001',
	sha256('token'), 0, now(), now(), interval '14 days', now() + interval '30 days')`

func TestRefreshTokensRejectBadRows(t *testing.T) {
	t.Parallel()
	pool := storetest.NewDB(t)
	exec(t, pool, insertUser)
	exec(t, pool, insertRefreshToken)
	for _, test := range []struct{ sql, constraint string }{
		{`UPDATE ginauth.refresh_tokens SET selector = 'selector'`, "refresh_tokens_selector_check"},
		{`UPDATE ginauth.refresh_tokens SET digest = 'token'`, "refresh_tokens_digest_check"},
		{`UPDATE ginauth.refresh_tokens SET previous_digest = sha256('x')`, "refresh_tokens_previous_check"},
		{`UPDATE ginauth.refresh_tokens SET previous_digest = 'x', previous_until = now(), seal = sha256('x')`, "refresh_tokens_previous_digest_check"},
		{`UPDATE ginauth.refresh_tokens SET previous_digest = sha256('x'), previous_until = now(), seal = 'x'`, "refresh_tokens_seal_check"},
		{`UPDATE ginauth.refresh_tokens SET idle_timeout = interval '0'`, "refresh_tokens_idle_timeout_check"},
		{`UPDATE ginauth.refresh_tokens SET user_agent = repeat('é', 257)`, "refresh_tokens_user_agent_check"},
		{`UPDATE ginauth.refresh_tokens SET replaced_from = 'x'`, "refresh_tokens_replaced_from_check"},
		{`INSERT INTO ginauth.refresh_tokens SELECT (r).* FROM (SELECT r FROM ginauth.refresh_tokens AS r) AS x`, "refresh_tokens_pkey"},
	} {
		_, err := pool.Exec(t.Context(), test.sql)
		if _, constraint := code(err); constraint != test.constraint {
			t.Errorf("%s: %v (%s)", test.sql, err, constraint)
		}
	}
	exec(t, pool, `DELETE FROM ginauth.users`)
	if n := query[int](t, pool, `SELECT count(*) FROM ginauth.refresh_tokens`); n != 0 {
		t.Errorf("%d refresh tokens are left", n)
	}
}
