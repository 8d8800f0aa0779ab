package migrations_test

import (
	"strings"
	"testing"

	"github.com/ginauth/ginauth/store/storetest"
)

const insertKey = `INSERT INTO ginauth.api_keys (digest, id, user_id, name, start, created_at)
VALUES (sha256('key'), '00000000-0000-4000-8000-000000000003', '00000000-0000-4000-8000-000000000001', 'backup', 'gak_Ab3d', now())`

func TestSchemaRejectsBadAPIKeys(t *testing.T) { // SEC-50
	t.Parallel()
	pool := storetest.NewDB(t)
	exec(t, pool, insertUser)
	exec(t, pool, insertKey)
	const (
		check   = "23514"
		unique  = "23505"
		notNull = "23502"
		foreign = "23503"
	)
	for _, test := range []struct {
		sql, code, constraint string
		arg                   any
	}{
		{`UPDATE ginauth.api_keys SET digest = $1`, check, "api_keys_digest_check", []byte("gak_Ab3d")},
		{`UPDATE ginauth.api_keys SET digest = $1`, check, "api_keys_digest_check", make([]byte, 33)},
		{`UPDATE ginauth.api_keys SET name = $1`, check, "api_keys_name_check", ""},
		{`UPDATE ginauth.api_keys SET name = $1`, check, "api_keys_name_check", strings.Repeat("é", 101)},
		{`UPDATE ginauth.api_keys SET scopes = $1`, check, "api_keys_scopes_check", strings.Repeat("s", 8001)},
		{`UPDATE ginauth.api_keys SET start = $1`, check, "api_keys_start_check", "gak_" + strings.Repeat("0", 49)},
		{`UPDATE ginauth.api_keys SET created_at = $1`, notNull, "", nil},
		{`UPDATE ginauth.api_keys SET user_id = $1`, notNull, "", nil},
		{`UPDATE ginauth.api_keys SET user_id = $1`, foreign, "api_keys_user_id_fkey", "00000000-0000-4000-8000-000000000009"},
		{
			`INSERT INTO ginauth.api_keys (digest, id, user_id, name, start, created_at)
			SELECT sha256('other'), $1, user_id, name, start, created_at FROM ginauth.api_keys`,
			unique, "api_keys_id_key", "00000000-0000-4000-8000-000000000003",
		},
		{
			`INSERT INTO ginauth.api_keys (digest, id, user_id, name, start, created_at)
			SELECT digest, $1, user_id, name, start, created_at FROM ginauth.api_keys`,
			unique, "api_keys_pkey", "00000000-0000-4000-8000-000000000004",
		},
	} {
		_, err := pool.Exec(t.Context(), test.sql, test.arg)
		if state, constraint := code(err); state != test.code || constraint != test.constraint {
			t.Errorf("%s: %v (%s), want code %s (%s)", test.sql, err, constraint, test.code, test.constraint)
		}
	}
	exec(t, pool, `UPDATE ginauth.api_keys SET name = $1, scopes = $2, start = $3, expires_at = NULL`,
		strings.Repeat("é", 100), strings.Repeat("s", 8000), strings.Repeat("a", 32))
}

func TestDeletedUserLosesItsAPIKeys(t *testing.T) { // SEC-76
	t.Parallel()
	pool := storetest.NewDB(t)
	exec(t, pool, insertUser)
	exec(t, pool, insertKey)
	exec(t, pool, `DELETE FROM ginauth.users`)
	if n := query[int](t, pool, `SELECT count(*) FROM ginauth.api_keys`); n != 0 {
		t.Errorf("%d keys are left", n)
	}
}
