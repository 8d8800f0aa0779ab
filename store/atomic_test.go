package store_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store"
)

// killer kills the backend of the connection that it traces, at one of many moments: before or
// after one of the statements that are sent.
type killer struct {
	pool    *pgxpool.Pool
	moments atomic.Int64
	fatal   atomic.Int64 // the moment; zero is none
}

func (k *killer) moment(ctx context.Context, conn *pgx.Conn) {
	if k.moments.Add(1) != k.fatal.Load() {
		return
	}
	for dead := false; !dead && ctx.Err() == nil; { // until it is gone, not only told to go
		_ = k.pool.QueryRow(ctx, `SELECT pg_terminate_backend($1) IS NULL OR NOT EXISTS (
			SELECT 1 FROM pg_stat_activity WHERE pid = $1)`, conn.PgConn().PID()).Scan(&dead)
	}
}

func (k *killer) TraceQueryStart(ctx context.Context, conn *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	k.moment(ctx, conn)
	return ctx
}

func (k *killer) TraceQueryEnd(ctx context.Context, conn *pgx.Conn, _ pgx.TraceQueryEndData) {
	k.moment(ctx, conn)
}

func (k *killer) TraceBatchStart(ctx context.Context, conn *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	k.moment(ctx, conn)
	return ctx
}

func (k *killer) TraceBatchQuery(ctx context.Context, conn *pgx.Conn, _ pgx.TraceBatchQueryData) {
	k.moment(ctx, conn)
}

func (k *killer) TraceBatchEnd(ctx context.Context, conn *pgx.Conn, _ pgx.TraceBatchEndData) {
	k.moment(ctx, conn)
}

// rows is what the tables hold, except random values.
func (s *setup) rows(t *testing.T) string {
	t.Helper()
	var all string
	err := s.pool.QueryRow(t.Context(), `SELECT concat(
		(SELECT string_agg(concat_ws(' ', u.email_canonical, u.name, u.password_hash, u.session_epoch, u.verified_at, u.disabled_at, u.delete_after), E'\n' ORDER BY u.email_canonical) FROM ginauth.users AS u), E'\n--\n',
		(SELECT string_agg(k.name, ' ' ORDER BY k.name) FROM ginauth.api_keys AS k), E'\n--\n',
		(SELECT string_agg(concat_ws(' ', s.digest, s.data, s.version, s.epoch, s.previous_digest), E'\n' ORDER BY s.digest) FROM ginauth.sessions AS s), E'\n--\n',
		(SELECT string_agg(e.epoch::text, ' ') FROM ginauth.session_epoch AS e), E'\n--\n',
		(SELECT string_agg(concat_ws(' ', o.kind, o.email, o.requests, o.attempts), E'\n' ORDER BY o.kind, o.email) FROM ginauth.outbox AS o), E'\n--\n',
		(SELECT string_agg(concat_ws(' ', t.kind, t.email, t.digest), E'\n' ORDER BY t.digest) FROM ginauth.email_tokens AS t), E'\n--\n',
		(SELECT string_agg(concat_ws(' ', v.kind, v.session), ' ' ORDER BY v.id) FROM ginauth.events AS v WHERE v.user_id IN (SELECT u.id FROM ginauth.users AS u)), E'\n--\n',
		(SELECT string_agg(n.of, ' ' ORDER BY n.of) FROM notes AS n))`).Scan(&all)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

type change func(ctx context.Context, db *store.DB[store.User], u driver.UserID, old driver.Session) error

// The backend is killed before or after each statement. All of a change is done or nothing, and a
// change that is not done returns an error.
func TestDeathAtEveryStatementLeavesAllOrNothing(t *testing.T) { // SEC-152, SEC-154
	t.Parallel()
	fresh, successor := newUser(), newDigest()
	for name, change := range map[string]change{
		"sign-up with a row of the app's": func(ctx context.Context, db *store.DB[store.User], _ driver.UserID, _ driver.Session) error {
			_, err := db.CreateUser(ctx, fresh, nil)
			return err
		},
		"login over the limit": func(ctx context.Context, db *store.DB[store.User], u driver.UserID, old driver.Session) error {
			login := limitedOf(u, 1)
			login.Digest, login.Replaces = successor, old.Digest
			_, err := db.CreateSession(ctx, login)
			return err
		},
		"login": func(ctx context.Context, db *store.DB[store.User], u driver.UserID, old driver.Session) error {
			login := sessionOf(u)
			login.Digest, login.Replaces = successor, old.Digest
			_, err := db.CreateSession(ctx, login)
			return err
		},
		"rotation with values": func(ctx context.Context, db *store.DB[store.User], _ driver.UserID, old driver.Session) error {
			_, err := db.UpdateSession(ctx, old.Digest, driver.SessionChange{Digest: successor, Grace: grace, Set: set(`{"a": 1}`).Set})
			return err
		},
		"ending the others": func(ctx context.Context, db *store.DB[store.User], u driver.UserID, old driver.Session) error {
			return db.RevokeUserSessions(ctx, u, old.ID)
		},
		"change of the password": func(ctx context.Context, db *store.DB[store.User], u driver.UserID, old driver.Session) error {
			_, err := db.SetPassword(ctx, driver.PasswordChange{UserID: u, Old: hash('a'), New: hash('b'), Session: old.ID, Digest: successor, Authenticated: true})
			return err
		},
		"forced reset": func(ctx context.Context, db *store.DB[store.User], u driver.UserID, _ driver.Session) error {
			return db.ForcePasswordReset(ctx, u)
		},
		"change of the name": func(ctx context.Context, db *store.DB[store.User], u driver.UserID, _ driver.Session) error {
			name := "Another"
			_, err := db.UpdateUser(ctx, u, &name, nil)
			return err
		},
		"disabling": func(ctx context.Context, db *store.DB[store.User], u driver.UserID, _ driver.Session) error {
			return db.DisableUser(ctx, u)
		},
		"archiving": func(ctx context.Context, db *store.DB[store.User], u driver.UserID, _ driver.Session) error {
			_, err := db.ArchiveUser(ctx, u, time.Hour)
			return err
		},
		"deletion": func(ctx context.Context, db *store.DB[store.User], u driver.UserID, _ driver.Session) error {
			return db.DeleteUser(ctx, u)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			newMortal(t).diesAtEveryMoment(t, change)
		})
	}
}

// mortal is a store whose connections a killer watches, beside a store whose connections live.
type mortal struct {
	*setup
	killer *killer
	db     *store.DB[store.User]
	user   driver.NewUser
	seed   func(t *testing.T, u store.User) // further rows, nil for none
	again  bool                             // what was not done is then done by trying again
	of     store.User                       // of the last try
	old    driver.Session
}

func newMortal(t *testing.T, options ...store.Option) *mortal {
	t.Helper()
	m := &mortal{setup: newSetup(t), user: newUser()}
	m.killer = &killer{pool: m.pool}
	watched := newPool(t, m.pool, func(cfg *pgxpool.Config) { cfg.ConnConfig.Tracer = m.killer })
	m.db = store.New[store.User](watched, append(options, store.WithNow(m.clock.now), unhurried,
		store.AfterCreate(func(ctx context.Context, tx pgx.Tx, u store.User) error {
			_, err := tx.Exec(ctx, `INSERT INTO notes VALUES ($1)`, u.Email)
			return err
		}))...)
	m.exec(t, `CREATE TABLE notes (of text)`)
	return m
}

func (m *mortal) diesAtEveryMoment(t *testing.T, change change) {
	t.Helper()
	before, done, err := m.try(t, change, 0)
	moments := m.killer.moments.Load()
	if err != nil || before == done || moments < 2 {
		t.Fatalf("undisturbed: %v, %d moments, changed %v", err, moments, before != done)
	}
	for moment := int64(1); moment <= moments; moment++ {
		was, is, err := m.try(t, change, moment)
		switch {
		case was != before:
			t.Fatalf("moment %d began with other rows: %s", moment, cmp.Diff(before, was))
		case err == nil && is != done:
			t.Errorf("moment %d of %d: no error, but it is not done: %s", moment, moments, cmp.Diff(done, is))
		case err != nil && is != before && is != done:
			t.Errorf("moment %d of %d: %v, and half of it is done: %s", moment, moments, err, cmp.Diff(before, is))
		case err != nil && !errors.Is(err, driver.ErrUnavailable):
			t.Errorf("moment %d of %d: %v", moment, moments, err)
		}
		if m.again && is == before {
			if err := change(t.Context(), m.db, m.of.ID, m.old); err != nil || m.rows(t) != done {
				t.Errorf("again after moment %d of %d: %v: %s", moment, moments, err, cmp.Diff(done, m.rows(t)))
			}
		}
	}
}

// try makes the change on the same rows each time, and is killed at a moment.
func (m *mortal) try(t *testing.T, change change, moment int64) (before, after string, err error) {
	t.Helper()
	m.exec(t, `DELETE FROM ginauth.users`)
	m.exec(t, `DELETE FROM notes`)
	m.exec(t, `DELETE FROM ginauth.outbox`)
	u, err := m.setup.db.CreateUser(t.Context(), m.user, nil)
	if err != nil {
		t.Fatal(err)
	}
	var old driver.Session
	for i := range byte(3) {
		n := sessionOf(u.ID)
		n.Digest = driver.Digest{1: i + 1}
		old = m.session(t, n)
	}
	if _, err := m.setup.db.CreateAPIKey(t.Context(), driver.NewAPIKey{Digest: driver.Digest{9}, UserID: u.ID, Name: "nightly", Start: "gak_"}); err != nil {
		t.Fatal(err)
	}
	if m.seed != nil {
		m.seed(t, u)
	}
	m.of, m.old = u, old
	before = m.rows(t)
	m.killer.moments.Store(0)
	m.killer.fatal.Store(moment)
	err = change(t.Context(), m.db, u.ID, old)
	m.killer.fatal.Store(0)
	return before, m.rows(t), err
}
