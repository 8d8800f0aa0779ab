package migrations_test

import (
	"context"
	"errors"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/migrations"
	"github.com/ginauth/ginauth/store/storetest"
)

// A row is a user of ours, who can log in, or the shadow of one, who cannot, and its id tells which.
func TestUsersAreOursOrShadows(t *testing.T) {
	t.Parallel()
	pool := storetest.NewDB(t)
	const (
		ours   = "00000000-0000-7000-8000-00000000000"
		shadow = "00000000-0000-8000-8000-00000000000"
	)
	for _, test := range []struct {
		columns, values, constraint string
	}{
		{"id, email, email_canonical", "'" + ours + "1', 'A@example.com', 'a@example.com'", ""},
		{"id, username, username_canonical", "'" + ours + "2', 'Ada', 'ada'", ""},
		{"id, email, email_canonical, username, username_canonical, realm", "'" + ours + "3', 'B@example.com', 'b@example.com', 'Ada', 'ada', 'other'", ""},
		{"id, email, email_canonical, password_hash", "'" + ours + "5', 'D@example.com', 'd@example.com', 'pbkdf2_sha256$1000$salt$hash'", ""},
		{"id, source, external_id", "'" + shadow + "1', '', '42'", ""},
		{"id, source, external_id", "'" + shadow + "2', '', '042'", ""},
		{"id, source, external_id", "'" + shadow + "3', 'members', '42'", ""},
		{"id, source, external_id, realm", "'" + shadow + "4', '', '42', 'other'", ""},

		{"id, email, email_canonical, realm", "'" + ours + "6', 'A@example.com', 'a@example.com', 'other'", ""},

		{"id, email, email_canonical", "'" + ours + "4', 'a@example.com', 'a@example.com'", "users_email_canonical_key"},
		{"id, username, username_canonical", "'" + ours + "4', 'ADA', 'ada'", "users_username_key"},
		{"id, source, external_id", "'" + shadow + "5', '', '42'", "users_external_id_key"},
		{"id", "'" + ours + "4'", "users_identifier_check"},
		{"id, email", "'" + ours + "4', 'c@example.com'", "users_identifier_check"},
		{"id, username", "'" + ours + "4', 'c'", "users_identifier_check"},
		{"id, email, email_canonical, source", "'" + ours + "4', 'c@example.com', 'c@example.com', ''", "users_identifier_check"},
		{"id, external_id", "'" + shadow + "5', '43'", "users_identifier_check"},
		{"id, source, external_id, email, email_canonical", "'" + shadow + "5', '', '43', 'c@example.com', 'c@example.com'", "users_identifier_check"},
		{"id, source, external_id, username, username_canonical", "'" + shadow + "5', '', '43', 'c', 'c'", "users_identifier_check"},
		{"id, source, external_id, password_hash", "'" + shadow + "5', '', '43', '$argon2id$'", "users_identifier_check"},
		{"id, source, external_id", "'" + ours + "4', '', '43'", "users_id_check"},
		{"id, email, email_canonical", "'" + shadow + "5', 'c@example.com', 'c@example.com'", "users_id_check"},
		{"id, source, external_id", "'" + shadow + "5', '', ''", "users_external_id_check"},
		{"id, source, external_id", "'" + shadow + "5', '', '" + strings.Repeat("é", 128) + "'", "users_external_id_check"},
		{"id, source, external_id", "'" + shadow + "5', '" + strings.Repeat("s", 64) + "', '43'", "users_source_check"},
		{"id, source, external_id, realm", "'" + shadow + "5', '', '43', '" + strings.Repeat("r", 256) + "'", "users_realm_check"},
		{"id, username, username_canonical", "'" + ours + "4', '', 'c'", "users_username_check"},
		{"id, username, username_canonical", "'" + ours + "4', 'c', ''", "users_username_canonical_check"},
	} {
		_, err := pool.Exec(t.Context(), "INSERT INTO ginauth.users ("+test.columns+") VALUES ("+test.values+")")
		if _, constraint := code(err); constraint != test.constraint || test.constraint == "" && err != nil {
			t.Errorf("%s: %s: %v, want %q", test.columns, test.values, err, test.constraint)
		}
	}
	if n := query[int](t, pool, `SELECT count(*) FROM pg_constraint WHERE conrelid = 'ginauth.users'::regclass AND NOT convalidated`); n != 0 {
		t.Errorf("%d constraints are not validated", n)
	}
}

// An index of the migration without a transaction may be left over from an attempt that failed.
func TestLeftoverIndexIsReplaced(t *testing.T) {
	t.Parallel()
	pool := storetest.NewEmptyDB(t)
	up(t, pool)
	whole := query[string](t, pool, describeSchema)
	if err := migrations.DownTo(t.Context(), pool, 17); err != nil {
		t.Fatal(err)
	}
	exec(t, pool, `CREATE INDEX users_username_key ON ginauth.users (name)`)
	up(t, pool)
	if query[string](t, pool, describeSchema) != whole {
		t.Error("the index is not what it should be")
	}
}

// A migration that cannot have its lock at once gives way to requests.
func TestMigrationGivesWayToRequests(t *testing.T) {
	t.Parallel()
	pool := storetest.NewEmptyDB(t)
	up(t, pool)
	if err := migrations.DownTo(t.Context(), pool, 16); err != nil {
		t.Fatal(err)
	}
	tx, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }()
	if _, err := tx.Exec(t.Context(), `SELECT count(*) FROM ginauth.users`); err != nil {
		t.Fatal(err)
	}
	done := start(t.Context(), pool)
	const waits = `SELECT EXISTS (SELECT 1 FROM pg_locks WHERE relation = 'ginauth.users'::regclass AND NOT granted AND mode = 'AccessExclusiveLock')`
	for range 2 { // tries
		await(t, pool, waits)
		exec(t, pool, insertUser+` ON CONFLICT DO NOTHING`)
		await(t, pool, `SELECT NOT (`+strings.TrimPrefix(waits, "SELECT ")+`)`)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	expectApplied(t, pool, versions(t))
}

// trafficEnv is how many users, and as many sessions, the table has while it is changed. Default: 20,000.
const trafficEnv = "GINAUTH_TEST_MIGRATED_USERS"

// Logins and protected requests go on while the schema changes, in both directions.
func TestMigrationUnderTraffic(t *testing.T) {
	t.Parallel()
	rows := 20_000
	if text := os.Getenv(trafficEnv); text != "" {
		rows, _ = strconv.Atoi(text)
	}
	pool := storetest.NewEmptyDB(t, storetest.WithMaxConns(12))
	up(t, pool)
	if err := migrations.DownTo(t.Context(), pool, 16); err != nil {
		t.Fatal(err)
	}
	fill(t, pool, rows)

	ctx, stop := context.WithCancel(t.Context())
	var all sync.WaitGroup
	var mu sync.Mutex
	var slowest time.Duration
	logins := 0
	for worker := range 4 {
		all.Go(func() {
			for i := worker; ctx.Err() == nil; i += 4 {
				began := time.Now()
				err := logInOnce(ctx, pool, i%rows)
				if ctx.Err() == nil && err != nil {
					t.Errorf("a login: %v", err)
					return
				}
				mu.Lock()
				slowest, logins = max(slowest, time.Since(began)), logins+1
				mu.Unlock()
			}
		})
	}
	longest := make(chan time.Duration)
	go func() { longest <- longestWait(ctx, pool) }()
	began := time.Now()
	up(t, pool)
	upTook := time.Since(began)
	if err := migrations.DownTo(t.Context(), pool, 16); err != nil {
		t.Error(err)
	}
	downTook := time.Since(began) - upTook
	stop()
	all.Wait()
	t.Logf("%d users and sessions: up took %v, down %v; %d logins, the slowest %v; the longest wait for a lock %v",
		rows, upTook, downTook, logins, slowest, <-longest)
}

// fill makes users who have a session each. Their hash is the same.
func fill(t *testing.T, pool *pgxpool.Pool, rows int) {
	t.Helper()
	exec(t, pool, `INSERT INTO ginauth.users (id, email, email_canonical, password_hash)
SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'User' || n || '@example.com', 'user' || n || '@example.com', $2
FROM generate_series(0, $1::int - 1) AS n`, rows, "$2b$10$"+strings.Repeat("a", 53))
	exec(t, pool, `INSERT INTO ginauth.sessions (digest, id, user_id, created_at, last_seen_at, idle_timeout, expires_at)
SELECT sha256(n::text::bytea), gen_random_uuid(), ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
	now(), now(), interval '1 hour', now() + interval '1 day'
FROM generate_series(0, $1::int - 1) AS n`, rows)
	exec(t, pool, `ANALYZE ginauth.users, ginauth.sessions`)
}

// The statements of the version before, on schema 16, for a login, the request after it, and a sign-up.
const (
	oldCredential = `
SELECT CASE WHEN u.password_pending AND u.verified_at IS NULL THEN NULL ELSE u.password_hash END,
	u.id, u.email, u.name, u.verified_at, u.disabled_at, u.created_at, u.updated_at
FROM ginauth.users AS u
WHERE u.email_canonical = $1::text`
	oldLogin = `
WITH fresh AS (
	SELECT u.id, u.session_epoch + COALESCE((SELECT e.epoch FROM ginauth.session_epoch AS e), 0) AS epoch, clock_timestamp() AS now
	FROM ginauth.users AS u
	WHERE u.id = $2::uuid AND u.disabled_at IS NULL AND u.password_hash = $3::text
	FOR SHARE OF u
)
INSERT INTO ginauth.sessions (digest, id, user_id, created_at, authenticated_at, last_seen_at, idle_timeout, expires_at, epoch)
SELECT $1::bytea, gen_random_uuid(), id, now, now, now, interval '1 hour', now + interval '1 hour', epoch FROM fresh`
	oldRequest = `
SELECT u.id, u.email, u.name, u.verified_at, u.disabled_at, u.created_at, u.updated_at
FROM ginauth.sessions AS s
JOIN ginauth.users AS u ON u.id = s.user_id
WHERE u.disabled_at IS NULL AND s.epoch = u.session_epoch + COALESCE((SELECT e.epoch FROM ginauth.session_epoch AS e), 0)
	AND s.digest = $1::bytea AND s.expires_at > now() AND s.last_seen_at + s.idle_timeout > now()`
	oldSignUp = `
INSERT INTO ginauth.users AS u (created_at, updated_at, id, email, email_canonical, name, password_hash, password_pending, verified_at)
VALUES (now(), now(), $3::uuid, $1::text, $2::text, '', NULL, FALSE, NULL)
RETURNING u.id, u.email, u.name, u.verified_at, u.disabled_at, u.created_at, u.updated_at`
	oldMail = `
INSERT INTO ginauth.outbox AS o (id, kind, user_id, email, email_canonical, locale, created_at, due_at)
VALUES (gen_random_uuid(), 'reset', NULL, 'Ada@example.com', 'ada@example.com', '', now(), now())
ON CONFLICT (kind, email_canonical, COALESCE(user_id, '00000000-0000-0000-0000-000000000000'::uuid)) WHERE failed_at IS NULL
DO UPDATE SET requests = o.requests + 1`
)

// logInOnce is a login and the request after it.
func logInOnce(ctx context.Context, pool *pgxpool.Pool, n int) error {
	var hash, id, email, name, found string
	var verified, disabled *time.Time
	var created, updated time.Time
	err := pool.QueryRow(ctx, oldCredential, "user"+strconv.Itoa(n)+"@example.com").Scan(&hash, &id, &email, &name, &verified, &disabled, &created, &updated)
	if err != nil {
		return err
	}
	d := driver.NewToken().Digest()
	if _, err := pool.Exec(ctx, oldLogin, d[:], id, hash); err != nil {
		return err
	}
	err = pool.QueryRow(ctx, oldRequest, d[:]).Scan(&found, &email, &name, &verified, &disabled, &created, &updated)
	if err == nil && found != id {
		err = errors.New("it is the session of another user")
	}
	return err
}

func TestVersionBeforeWorksOnTheNewSchema(t *testing.T) {
	t.Parallel()
	pool := storetest.NewDB(t)
	fill(t, pool, 1)
	if err := logInOnce(t.Context(), pool, 0); err != nil {
		t.Error(err)
	}
	if _, err := pool.Exec(t.Context(), oldSignUp, "Ada@example.com", "ada@example.com", uuid.Must(uuid.NewV7())); err != nil {
		t.Error(err)
	}
	_, err := pool.Exec(t.Context(), oldSignUp, "ADA@example.com", "ada@example.com", uuid.Must(uuid.NewV7()))
	if state, constraint := code(err); state != "23505" || constraint != "users_email_canonical_key" {
		t.Errorf("a taken address: %v", err)
	}
	for range 2 {
		exec(t, pool, oldMail)
	}
	if n := query[int](t, pool, `SELECT requests FROM ginauth.outbox WHERE realm = ''`); n != 2 {
		t.Errorf("a mail was asked for %d times, want 2", n)
	}
}

// longestWait asks the server, as often as it can, how long requests have been waiting for the table.
func longestWait(ctx context.Context, pool *pgxpool.Pool) (longest time.Duration) {
	for ctx.Err() == nil {
		var now time.Duration
		err := pool.QueryRow(ctx, `SELECT COALESCE(max(clock_timestamp() - l.waitstart), interval '0')
FROM pg_locks AS l
WHERE NOT l.granted AND l.relation = 'ginauth.users'::regclass AND l.mode IN ('AccessShareLock', 'RowShareLock', 'RowExclusiveLock')`).Scan(&now)
		if err == nil {
			longest = max(longest, now)
		}
	}
	return longest
}
