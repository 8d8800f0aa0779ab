package store_test

import (
	"context"
	"errors"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store"
)

// tableRowsEnv is how many rows the tables have whose plans are looked at. Default: 20,000.
const tableRowsEnv = "GINAUTH_TEST_TABLE_ROWS"

// lastQuery keeps the last statement that was sent.
type lastQuery struct {
	mu   sync.Mutex
	data pgx.TraceQueryStartData
}

func (q *lastQuery) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.data = data
	return ctx
}

func (*lastQuery) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

var bigScan = regexp.MustCompile(`Seq Scan on (members|users|sessions|api_keys|refresh_tokens)\b`)

// Each statement of a request finds its rows by keys.
func TestStatementsOfATableScanNothing(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	rows := 20_000
	if text := os.Getenv(tableRowsEnv); text != "" {
		rows, _ = strconv.Atoi(text)
	}
	s.exec(t, ownTables["bigint"].sql)
	s.exec(t, `INSERT INTO members (member_id, mail, pw) SELECT n, 'User' || n || '@example.com', '$2b$10$' || repeat('a', 53) FROM generate_series(1, $1::int) AS n`, rows)
	s.exec(t, `INSERT INTO ginauth.users (id, source, external_id, session_epoch)
SELECT overlay(gen_random_uuid()::text PLACING '8' FROM 15)::uuid, 'public.members', n::text, n FROM generate_series(2, $1::int) AS n`, rows)
	s.exec(t, `INSERT INTO ginauth.sessions (digest, id, user_id, created_at, last_seen_at, idle_timeout, expires_at, epoch)
SELECT sha256(u.id::text::bytea), gen_random_uuid(), u.id, now(), now(), interval '1 hour', now() + interval '1 day', u.session_epoch FROM ginauth.users AS u`)
	s.exec(t, `ANALYZE members, ginauth.users, ginauth.sessions`)

	query := &lastQuery{}
	pool := newPool(t, s.pool, func(cfg *pgxpool.Config) { cfg.ConnConfig.Tracer = query })
	of := ownTables["bigint"]
	db, err := store.NewTable[store.User](t.Context(), pool, of.name, of.columns, unhurried)
	if err != nil {
		t.Fatal(err)
	}
	n := sessionOf("1")
	if _, err := db.CreateSession(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	a, err := db.AdmitSession(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	for name, call := range map[string]func() error{
		"FindUser":        func() error { _, err := db.FindUser(t.Context(), "1"); return err },
		"FindCredential":  func() error { _, _, err := db.FindCredential(t.Context(), "user1@example.com"); return err },
		"FindUserSession": func() error { _, _, err := db.FindUserSession(t.Context(), n.Digest); return err },
		"FindSession":     func() error { _, err := db.FindSession(t.Context(), n.Digest); return err },
		"FindAdmitted":    func() error { _, _, err := db.FindAdmitted(t.Context(), "1", newDigest(), a.Epoch); return err },
		"FindAPIKey": func() error {
			_, _, err := db.FindAPIKey(t.Context(), newDigest())
			if errors.Is(err, driver.ErrNoAPIKey) {
				err = nil
			}
			return err
		},
		"CreateSession": func() error { _, err := db.CreateSession(t.Context(), sessionOf("1")); return err },
	} {
		if err := call(); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		explained, err := s.pool.Query(t.Context(), "EXPLAIN "+query.data.SQL, query.data.Args...)
		if err != nil {
			t.Fatal(err)
		}
		lines, err := pgx.CollectRows(explained, pgx.RowTo[string])
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if plan := strings.Join(lines, "\n"); bigScan.MatchString(plan) {
			t.Errorf("%s:\n%s\n%s", name, query.data.SQL, plan)
		}
	}
	began := time.Now()
	for range 100 {
		if _, _, err := db.FindUserSession(t.Context(), n.Digest); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("with %d rows, a protected request takes %v", rows, time.Since(began)/100)
}

// A table that changes while the app runs is an error, and nobody is taken for anybody else.
func TestTableThatChangesIsAnError(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	s.exec(t, ownTables["bigint"].sql)
	db := s.table(t, ownTables["bigint"])
	u, err := db.CreateUser(t.Context(), newUser(), nil)
	if err != nil {
		t.Fatal(err)
	}
	n := sessionOf(u.ID)
	if _, err := db.CreateSession(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	s.exec(t, `ALTER TABLE members RENAME COLUMN mail TO email`)
	_, _, credential := db.FindCredential(t.Context(), strings.ToLower(u.Email))
	_, _, session := db.FindUserSession(t.Context(), n.Digest)
	for name, err := range map[string]error{"FindCredential": credential, "FindUserSession": session} {
		if err == nil || errors.Is(err, driver.ErrNoUser) || errors.Is(err, driver.ErrNoSession) || errors.Is(err, driver.ErrUnavailable) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
