package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store"
)

// journal is a log that can be read while it is written.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) has(text string) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return strings.Contains(j.text.String(), text)
}

func (j *journal) logger() *slog.Logger { return slog.New(slog.NewTextHandler(j, nil)) }

// over is a row in each table that is swept; all of them have ended.
func (s *setup) over(t *testing.T) {
	t.Helper()
	u, leaving := s.user(t), s.user(t)
	s.session(t, sessionOf(u.ID))
	s.family(t, u.ID)
	s.mailed(t, orderFor(u, driver.MailReset))
	if _, err := s.db.CountAttempt(t.Context(), driver.Attempt{Rates: []driver.RateLimit{{Key: driver.LimitKey{1}, Every: time.Second, Burst: 2}}}); err != nil {
		t.Fatal(err)
	}
	s.exec(t, `INSERT INTO ginauth.known_devices (key, user_id, epoch, last_used_at, expires_at)
		SELECT '\x00112233445566778899aabbccddeeff', $1::uuid, 0, $2, $2`, string(u.ID), s.clock.now())
	if err := s.db.EndAdmitted(t.Context(), newDigest(), s.clock.now()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.db.ArchiveUser(t.Context(), leaving.ID, time.Hour); err != nil {
		t.Fatal(err)
	}
	s.clock.add(365 * 24 * time.Hour)
}

// left are the tables that still have the rows of over. Events of the sweeper do not count.
func (s *setup) left(t *testing.T) (tables []string) {
	t.Helper()
	for table, condition := range map[string]string{
		"ended_sessions": "TRUE", "throttles": "TRUE", "known_devices": "TRUE", "sessions": "TRUE", "refresh_tokens": "TRUE",
		"email_tokens": "TRUE", "users": "delete_after IS NOT NULL", "events": "operation <> 'sweep'",
	} {
		if s.count(t, `SELECT count(*) FROM ginauth.`+table+` WHERE `+condition) > 0 { //nolint:unqueryvet // the test's own
			tables = append(tables, table)
		}
	}
	return tables
}

func TestSweepIsARoundOfEverything(t *testing.T) { // SEC-71, SEC-148
	t.Parallel()
	s := newSetup(t)
	s.over(t)
	if n, err := s.db.Sweep(t.Context()); n < 8 || err != nil {
		t.Errorf("Sweep = %d, %v", n, err)
	}
	if left := s.left(t); left != nil {
		t.Errorf("left in %v", left)
	}
	if n, err := s.db.Sweep(t.Context()); n != 0 || err != nil {
		t.Errorf("Sweep of what is swept = %d, %v", n, err)
	}
}

// A table that cannot be swept stops the sweeper neither in other tables nor in later rounds. Users
// are deleted with their rows by cascade, which needs the tables of sessions and devices.
func TestASweepThatFailsStarvesNoOther(t *testing.T) { // SEC-71, SEC-148, SEC-158
	t.Parallel()
	for _, table := range []string{"ended_sessions", "throttles"} {
		for name, sql := range map[string]string{
			"an outage": `LOCK TABLE ginauth.%[1]s IN ACCESS EXCLUSIVE MODE`,
			"a fault":   `ALTER TABLE ginauth.%[1]s RENAME TO elsewhere`,
		} {
			level := map[string]string{"an outage": "WARN", "a fault": "ERROR"}[name]
			t.Run(table+", "+name, func(t *testing.T) {
				t.Parallel()
				s := newSetup(t)
				s.over(t)
				var log journal
				db := store.NewSessions(newPool(t, s.pool, func(*pgxpool.Config) {}), store.WithNow(s.clock.now), store.WithTimeout(time.Second), store.WithLogger(log.logger()))
				stay(t, s, fmt.Sprintf(sql, table), name == "a fault", func() {
					defer running(t, db)()
					await(t, func() bool {
						return s.count(t, `SELECT (SELECT count(*) FROM ginauth.sessions) + (SELECT count(*) FROM ginauth.email_tokens)
							+ (SELECT count(*) FROM ginauth.users WHERE delete_after IS NOT NULL) + (SELECT count(*) FROM ginauth.events WHERE operation <> 'sweep')`) == 0
					})
					await(t, func() bool { return log.has("sweeping") && log.has("level="+level) })
					s.mailed(t, orderFor(s.user(t), driver.MailReset)) // for a later round
					s.clock.add(time.Hour)
					await(t, func() bool { return s.count(t, `SELECT count(*) FROM ginauth.email_tokens`) == 0 })
				})
			})
		}
	}
}

// running runs the sweeper until end.
func running(t *testing.T, db *store.Sessions) (end func()) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- db.RunSweeper(ctx, time.Millisecond) }()
	return func() {
		stop()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("RunSweeper = %v", err)
		}
	}
}

// stay runs work while a statement's transaction is open, or after it is committed.
func stay(t *testing.T, s *setup, sql string, commit bool, work func()) {
	t.Helper()
	if commit {
		s.exec(t, sql)
		work()
		return
	}
	tx, err := s.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }()
	if _, err := tx.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
	work()
}

// noted is a statement that was sent, with its arguments.
type noted struct {
	sql  string
	args []any
}

// statements records what is sent to the database.
type statements struct{ list []noted }

func (s *statements) TraceQueryStart(ctx context.Context, _ *pgx.Conn, d pgx.TraceQueryStartData) context.Context {
	s.list = append(s.list, noted{sql: d.SQL, args: d.Args})
	return ctx
}

func (*statements) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// However large the tables are, a statement of the sweeper reads a part of one, or uses an index.
// The plan is the one for all arguments, which PostgreSQL may choose for a prepared statement.
func TestSweepReadsNoTableAtOnce(t *testing.T) { // SEC-71
	t.Parallel()
	s := newSetup(t)
	s.over(t)
	var sent statements
	pool := newPool(t, s.pool, func(cfg *pgxpool.Config) { cfg.MaxConns, cfg.ConnConfig.Tracer = 1, &sent })
	if _, err := store.NewSessions(pool, store.WithNow(s.clock.now)).Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.grow(t)
	seen := map[string]bool{}
	for _, n := range sent.list {
		if seen[n.sql] || len(n.args) == 0 {
			continue
		}
		seen[n.sql] = true
		if plan := s.planOf(t, n.sql, len(n.args)); strings.Contains(strings.ReplaceAll(plan, "Seq Scan on session_epoch", ""), "Seq Scan") { // it has one row
			t.Errorf("%s\n%s", n.sql, plan)
		}
	}
	if len(seen) < 8 {
		t.Errorf("only %d statements were seen", len(seen))
	}
}

// grow makes some tables so large that no plan reads a whole one for a few rows.
func (s *setup) grow(t *testing.T) {
	t.Helper()
	err := pgx.BeginFunc(t.Context(), s.pool, func(tx pgx.Tx) error {
		for _, sql := range []string{
			`SET LOCAL session_replication_role = replica`, // the users are there
			`INSERT INTO ginauth.users (id, email, email_canonical, name) SELECT gen_random_uuid(), i || '@example.org', i || '@example.org', '' FROM generate_series(1, 20000) AS i`,
			`INSERT INTO ginauth.refresh_tokens (selector, id, user_id, digest, epoch, created_at, last_used_at, idle_timeout, expires_at)
				SELECT sha256(u.id::text::bytea), u.id, u.id, sha256(u.id::text::bytea), 0, '2030-01-01', '2030-01-01', '1 day', '2031-01-01' FROM ginauth.users AS u`,
			`INSERT INTO ginauth.email_tokens (digest, kind, user_id, mail_id, email, email_canonical, created_at, expires_at)
				SELECT sha256(u.id::text::bytea), 'reset', u.id, u.id, '', '', '2030-01-01', '2031-01-01' FROM ginauth.users AS u`,
			`INSERT INTO ginauth.events (at, kind, outcome) SELECT '2030-01-01'::timestamptz + i * interval '1 minute', 'x', 'success' FROM generate_series(1, 20000) AS i`,
			`INSERT INTO ginauth.ended_sessions (digest, expires_at) SELECT sha256(u.id::text::bytea), '2031-01-01' FROM ginauth.users AS u`,
			`INSERT INTO ginauth.outbox (id, kind, email, email_canonical, created_at, due_at) SELECT u.id, 'reset', u.email, u.email, '2030-01-01', '2030-01-01' FROM ginauth.users AS u`,
		} {
			if _, err := tx.Exec(t.Context(), sql); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	s.exec(t, `ANALYZE ginauth.users, ginauth.refresh_tokens, ginauth.email_tokens, ginauth.events, ginauth.ended_sessions, ginauth.outbox`)
}

// planOf is the generic plan of a statement.
func (s *setup) planOf(t *testing.T, sql string, args int) (plan string) {
	t.Helper()
	execute := `EXPLAIN EXECUTE probe`
	if args > 0 {
		execute += `(NULL` + strings.Repeat(`, NULL`, args-1) + `)`
	}
	err := pgx.BeginFunc(t.Context(), s.pool, func(tx pgx.Tx) error {
		for _, sql := range []string{`SET LOCAL plan_cache_mode = force_generic_plan`, `PREPARE probe AS ` + sql} {
			if _, err := tx.Exec(t.Context(), sql, pgx.QueryExecModeSimpleProtocol); err != nil {
				return err
			}
		}
		rows, err := tx.Query(t.Context(), execute, pgx.QueryExecModeSimpleProtocol)
		if err != nil {
			return err
		}
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return err
		}
		plan = strings.Join(lines, "\n")
		_, err = tx.Exec(t.Context(), `DEALLOCATE probe`, pgx.QueryExecModeSimpleProtocol)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return plan
}
