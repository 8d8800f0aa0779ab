package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store"
	"github.com/ginauth/ginauth/store/embedded"
	"github.com/ginauth/ginauth/store/storetest"
)

const (
	shortTimeout = 200 * time.Millisecond
	// patience is for machines that are busy with other tests.
	patience = 30 * time.Second
)

// calls are all methods of a store, on a user and a session that exist.
func calls(t *testing.T, s *setup, db *store.DB[store.User]) (reads, writes map[string]func(context.Context) error) {
	t.Helper()
	n := newUser()
	u, err := s.db.CreateUser(t.Context(), n, nil)
	if err != nil {
		t.Fatal(err)
	}
	session := sessionOf(u.ID)
	s.session(t, session)
	key := keyOf(u.ID)
	d, k := session.Digest, s.key(t, key)
	reads = map[string]func(context.Context) error{
		"FindUser":        func(ctx context.Context) error { _, err := db.FindUser(ctx, u.ID); return err },
		"FindCredential":  func(ctx context.Context) error { _, _, err := db.FindCredential(ctx, n.Canonical); return err },
		"FindSession":     func(ctx context.Context) error { _, err := db.FindSession(ctx, d); return err },
		"FindUserSession": func(ctx context.Context) error { _, _, err := db.FindUserSession(ctx, d); return err },
		"FindAPIKey":      func(ctx context.Context) error { _, _, err := db.FindAPIKey(ctx, key.Digest); return err },
		"UserAPIKeys":     func(ctx context.Context) error { _, err := db.UserAPIKeys(ctx, u.ID); return err },
	}
	writes = map[string]func(context.Context) error{
		"CreateUser":    func(ctx context.Context) error { _, err := db.CreateUser(ctx, newUser(), nil); return err },
		"ReplaceHash":   func(ctx context.Context) error { return db.ReplaceHash(ctx, u.ID, n.Hash, n.Hash) },
		"CreateSession": func(ctx context.Context) error { _, err := db.CreateSession(ctx, sessionOf(u.ID)); return err },
		"touch": func(ctx context.Context) error {
			_, err := db.UpdateSession(ctx, d, driver.SessionChange{})
			return err
		},
		"UpdateSession": func(ctx context.Context) error { _, err := db.UpdateSession(ctx, d, set(`{"a": 1}`)); return err },
		"DeleteSession": func(ctx context.Context) error { return db.DeleteSession(ctx, newDigest()) },
		"CreateAPIKey":  func(ctx context.Context) error { _, err := db.CreateAPIKey(ctx, keyOf(u.ID)); return err },
		"TouchAPIKey":   func(ctx context.Context) error { return db.TouchAPIKey(ctx, k.ID, time.Minute) },
	}
	return reads, writes
}

func wantUnavailable(t *testing.T, calls map[string]func(context.Context) error) {
	t.Helper()
	for name, call := range calls {
		start := time.Now()
		err := call(t.Context())
		if !errors.Is(err, driver.ErrUnavailable) || errors.Is(err, driver.ErrNoSession) || errors.Is(err, driver.ErrNoUser) {
			t.Errorf("%s: %v, want ErrUnavailable", name, err)
		}
		if took := time.Since(start); took > patience {
			t.Errorf("%s took %v", name, took)
		}
	}
}

func wantSuccess(t *testing.T, calls map[string]func(context.Context) error) {
	t.Helper()
	for name, call := range calls {
		if err := call(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// wantRecovery is wantSuccess after a few tries: the rest of a fault, or a busy machine, may make
// the first ones fail.
func wantRecovery(t *testing.T, calls map[string]func(context.Context) error) {
	t.Helper()
	start := time.Now()
	for name, call := range calls {
		for err := call(t.Context()); err != nil; err = call(t.Context()) {
			if time.Since(start) > patience {
				t.Fatalf("%s: no recovery: %v", name, err)
			}
		}
	}
}

func TestNetworkFaultsAreUnavailable(t *testing.T) { // SEC-154, SEC-157, SEC-158
	t.Parallel()
	for name, f := range map[string]fault{"refused": refusing, "black hole": blackHole} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, n := newSetup(t), &network{}
			db := store.New[store.User](poolBehind(t, n, s.pool), store.WithTimeout(shortTimeout), store.WithNow(s.clock.now))
			reads, writes := calls(t, s, db)
			wantRecovery(t, reads)
			for _, group := range []map[string]func(context.Context) error{reads, writes} {
				n.become(f)
				wantUnavailable(t, group)
				n.become(healthy)
				wantRecovery(t, group)
			}
		})
	}
}

func TestStoppedServerIsUnavailable(t *testing.T) { // SEC-154
	t.Parallel()
	server, err := embedded.Start(t.Context(), embedded.Options{Ephemeral: true, Settings: map[string]string{"max_connections": "5"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Stop(context.Background()) })
	pool, err := pgxpool.New(t.Context(), server.URL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	db := store.New[store.User](pool, store.WithTimeout(patience))
	find := map[string]func(context.Context) error{
		"FindSession": func(ctx context.Context) error { _, err := db.FindSession(ctx, newDigest()); return err },
	}
	if err := pool.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	pool.Reset()
	taken := takeConnections(t, server.URL())
	wantUnavailable(t, find) // the server has no connection left
	for _, conn := range taken {
		_ = conn.Close(t.Context())
	}
	for start := time.Now(); pool.Ping(t.Context()) != nil; { // the server takes its time to count them out
		if time.Since(start) > patience {
			t.Fatal("the server has no connections again")
		}
	}
	if err := server.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 3 { // the first on a connection that was open, the others on none
		wantUnavailable(t, find)
	}
}

func takeConnections(t *testing.T, url string) (taken []*pgconn.PgConn) {
	t.Helper()
	for range 20 {
		conn, err := pgconn.Connect(t.Context(), url)
		var refused *pgconn.PgError
		if errors.As(err, &refused) && refused.Code == "53300" {
			return taken
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close(context.Background()) })
		taken = append(taken, conn)
	}
	t.Fatal("the server has connections without end")
	return nil
}

func TestBlockedStatementIsUnavailable(t *testing.T) { // SEC-157
	t.Parallel()
	for name, c := range map[string]struct {
		parameter string
		timeout   time.Duration
	}{
		"by the store's deadline":  {"", shortTimeout},
		"by the server's deadline": {"statement_timeout", patience},
		"by the server's patience": {"lock_timeout", patience},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSetup(t)
			pool := newPool(t, s.pool, func(cfg *pgxpool.Config) {
				if c.parameter != "" {
					cfg.ConnConfig.RuntimeParams[c.parameter] = "50"
				}
			})
			db := store.New[store.User](pool, store.WithTimeout(c.timeout), store.WithNow(s.clock.now))
			reads, writes := calls(t, s, db)
			tx, err := s.pool.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer tx.Rollback(context.Background()) //nolint:errcheck // ends the lock
			if _, err := tx.Exec(t.Context(), `LOCK TABLE ginauth.users, ginauth.sessions, ginauth.api_keys IN ACCESS EXCLUSIVE MODE`); err != nil {
				t.Fatal(err)
			}
			wantUnavailable(t, reads)
			wantUnavailable(t, writes)
		})
	}
}

func TestExhaustedPoolIsUnavailable(t *testing.T) { // SEC-149, SEC-157
	t.Parallel()
	s := newSetup(t)
	pool := newPool(t, s.pool, func(cfg *pgxpool.Config) { cfg.MaxConns = 1 })
	reads, _ := calls(t, s, store.New[store.User](pool, store.WithTimeout(shortTimeout), store.WithNow(s.clock.now)))
	conn, err := pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	wantUnavailable(t, reads)
	conn.Release()
	wantRecovery(t, reads)
}

func TestReadOnlyServerIsUnavailableForWrites(t *testing.T) { // SEC-158
	t.Parallel()
	s := newSetup(t)
	standby := true
	pool := newPool(t, s.pool, func(cfg *pgxpool.Config) {
		cfg.MaxConns = 1
		setReadOnly(cfg, &standby)
	})
	reads, writes := calls(t, s, store.New[store.User](pool, store.WithNow(s.clock.now), unhurried))
	wantUnavailable(t, writes)
	wantSuccess(t, reads)
	wantUnavailable(t, writes)
	standby = false // the next connection finds the new primary
	wantSuccess(t, writes)
}

func TestMissingPrimaryIsUnavailable(t *testing.T) { // SEC-158
	t.Parallel()
	s := newSetup(t)
	pool := newPool(t, s.pool, func(cfg *pgxpool.Config) {
		cfg.ConnConfig.RuntimeParams["default_transaction_read_only"] = "on"
		cfg.ConnConfig.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	})
	reads, writes := calls(t, s, store.New[store.User](pool, unhurried))
	wantUnavailable(t, reads)
	wantUnavailable(t, writes)
}

func TestClosedPoolIsUnavailable(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	pool := newPool(t, s.pool, func(*pgxpool.Config) {})
	reads, writes := calls(t, s, store.New[store.User](pool, unhurried))
	pool.Close()
	wantUnavailable(t, reads)
	wantUnavailable(t, writes)
}

func TestMisconfigurationIsNoOutage(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	pool := newPool(t, s.pool, func(cfg *pgxpool.Config) { cfg.ConnConfig.Database = "no_such_database" })
	_, err := store.NewSessions(pool, unhurried).FindSession(t.Context(), newDigest())
	if err == nil || errors.Is(err, driver.ErrUnavailable) || errors.Is(err, driver.ErrNoSession) {
		t.Errorf("a database that does not exist: %v", err)
	}
	empty := storetest.NewEmptyDB(t)
	_, err = store.NewSessions(empty, unhurried).FindSession(t.Context(), newDigest())
	if err == nil || errors.Is(err, driver.ErrUnavailable) || errors.Is(err, driver.ErrNoSession) {
		t.Errorf("a database without tables: %v", err)
	}
}

func TestCallerWhoLeftIsNoOutage(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	reads, writes := calls(t, s, s.db)
	tx, err := s.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(context.Background()) //nolint:errcheck // ends the lock
	if _, err := tx.Exec(t.Context(), `LOCK TABLE ginauth.users, ginauth.sessions, ginauth.api_keys IN ACCESS EXCLUSIVE MODE`); err != nil {
		t.Fatal(err)
	}
	for _, group := range []map[string]func(context.Context) error{reads, writes} {
		for name, call := range group {
			before, cancelBefore := context.WithCancel(t.Context())
			cancelBefore()
			during, cancelDuring := context.WithCancel(t.Context())
			timer := time.AfterFunc(20*time.Millisecond, cancelDuring)
			for _, ctx := range []context.Context{before, during} {
				if err := call(ctx); !errors.Is(err, context.Canceled) || errors.Is(err, driver.ErrUnavailable) {
					t.Errorf("%s: %v, want context.Canceled alone", name, err)
				}
			}
			timer.Stop()
			cancelDuring()
		}
	}
}

func TestCallersDeadlineWins(t *testing.T) { // SEC-157
	t.Parallel()
	s := newSetup(t)
	pool := newPool(t, s.pool, func(cfg *pgxpool.Config) { cfg.MaxConns = 1 })
	db := store.New[store.User](pool, store.WithTimeout(time.Hour))
	conn, err := pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	start := time.Now()
	_, err = db.FindSession(ctx, newDigest())
	if !errors.Is(err, driver.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > patience {
		t.Errorf("after %v: %v", time.Since(start), err)
	}
}
