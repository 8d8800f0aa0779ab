package store_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/password"
	"github.com/ginauth/ginauth/store"
	"github.com/ginauth/ginauth/store/storetest"
)

const (
	idleTimeout = time.Hour
	lifetime    = 24 * time.Hour
)

// unhurried is for all tests that are not about deadlines: the machine may be busy.
var unhurried = store.WithTimeout(time.Minute)

// setup is a store on a database of its own, with a clock that stands still.
type setup struct {
	pool  *pgxpool.Pool
	db    *store.DB[store.User]
	clock *clock
}

func newSetup(t *testing.T) *setup {
	t.Helper()
	return setupOn(storetest.NewDB(t))
}

func setupOn(pool *pgxpool.Pool) *setup {
	c := &clock{at: time.Date(2030, time.March, 4, 5, 6, 7, 8000, time.UTC)}
	return &setup{pool: pool, clock: c, db: store.New[store.User](pool, store.WithNow(c.now), unhurried)}
}

// inEveryMode runs a test in the ways pgx has of talking to PostgreSQL, and behind PgBouncer
// (SEC-136).
func inEveryMode(t *testing.T, test func(*testing.T, *setup)) {
	t.Helper()
	base := storetest.NewDB(t)
	for _, mode := range []pgx.QueryExecMode{
		pgx.QueryExecModeCacheStatement, pgx.QueryExecModeDescribeExec,
		pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol,
	} {
		t.Run(strings.ReplaceAll(mode.String(), " ", "_"), func(t *testing.T) {
			t.Parallel()
			test(t, setupOn(newPool(t, base, func(cfg *pgxpool.Config) {
				cfg.ConnConfig.DefaultQueryExecMode = mode
			})))
		})
	}
	t.Run("behind_PgBouncer", func(t *testing.T) {
		t.Parallel()
		test(t, setupOn(throughPgbouncer(t, base)))
	})
}

// newPool opens a further pool on the same database.
func newPool(tb testing.TB, base *pgxpool.Pool, edit func(*pgxpool.Config)) *pgxpool.Pool {
	tb.Helper()
	cfg := base.Config()
	edit(cfg)
	pool, err := pgxpool.NewWithConfig(tb.Context(), cfg)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(pool.Close)
	return pool
}

type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func (s *setup) exec(tb testing.TB, sql string, args ...any) {
	tb.Helper()
	if _, err := s.pool.Exec(tb.Context(), sql, args...); err != nil {
		tb.Fatal(err)
	}
}

func (s *setup) count(tb testing.TB, sql string, args ...any) (n int) {
	tb.Helper()
	if err := s.pool.QueryRow(tb.Context(), sql, args...).Scan(&n); err != nil {
		tb.Fatal(err)
	}
	return n
}

var users atomic.Int64

func newUser() driver.NewUser {
	n := users.Add(1)
	return driver.NewUser{
		Name:      fmt.Sprintf("User %d", n),
		Email:     fmt.Sprintf("User.%d@Example.com", n),
		Canonical: fmt.Sprintf("user.%d@example.com", n),
		Hash:      hash('a'),
	}
}

// hash returns a well-formed bcrypt string that no password belongs to.
func hash(r rune) password.Hash {
	h, err := password.ParseHash("$2b$10$" + strings.Repeat(string(r), 53))
	if err != nil {
		panic(err)
	}
	return h
}

func (s *setup) user(tb testing.TB) store.User {
	tb.Helper()
	u, err := s.db.CreateUser(tb.Context(), newUser(), nil)
	if err != nil {
		tb.Fatal(err)
	}
	return u
}

func newDigest() (d driver.Digest) {
	_, _ = rand.Read(d[:])
	return d
}

func sessionOf(id driver.UserID) driver.NewSession {
	return driver.NewSession{Digest: newDigest(), UserID: id, Lifetime: lifetime, IdleTimeout: idleTimeout}
}

func (s *setup) session(tb testing.TB, n driver.NewSession) driver.Session {
	tb.Helper()
	r, err := s.db.CreateSession(tb.Context(), n)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

// find returns the error of a lookup, and fails the test where the ways to look a session up
// disagree.
func (s *setup) find(tb testing.TB, d driver.Digest) error {
	tb.Helper()
	_, plain := s.db.FindSession(tb.Context(), d)
	_, _, joined := s.db.FindUserSession(tb.Context(), d)
	if plain != joined { //nolint:errorlint // the very same answer is expected
		tb.Errorf("FindSession: %v, FindUserSession: %v", plain, joined)
	}
	return plain
}

// together runs the callers at the same time and returns their errors.
func together(callers int, call func(ctx context.Context, i int) error) []error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	errs := make([]error, callers)
	gate := make(chan struct{})
	var wg sync.WaitGroup
	for i := range callers {
		wg.Add(1)
		go func() {
			defer wg.Done()
			<-gate
			errs[i] = call(ctx, i)
		}()
	}
	close(gate)
	wg.Wait()
	return errs
}
