package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store"
	"github.com/ginauth/ginauth/store/storetest"
)

func limitedOf(id driver.UserID, limit int) driver.NewSession {
	n := sessionOf(id)
	n.Limit = limit
	return n
}

func TestLimitEndsTheSessionsLastSeenLongestAgo(t *testing.T) { // SEC-80
	t.Parallel()
	inEveryMode(t, func(t *testing.T, s *setup) { //nolint:thelper // the test itself
		u, other := s.user(t).ID, sessionOf(s.user(t).ID)
		s.session(t, other)
		one, two, three, four := limitedOf(u, 3), limitedOf(u, 3), limitedOf(u, 3), limitedOf(u, 3)
		for _, n := range []driver.NewSession{one, two, three} {
			s.session(t, n)
			s.clock.add(time.Minute)
		}
		s.update(t, one.Digest, driver.SessionChange{})
		s.clock.add(time.Minute)
		if evicted := s.session(t, four).Evicted; evicted != 1 {
			t.Errorf("one too many: %d evicted", evicted)
		}
		s.wantAlive(t, "one too many", []bool{true, false, true, true, true}, one, two, three, four, other)

		// After the clock has gone back, the newest session looks like the oldest.
		s.clock.add(-30 * time.Minute)
		five := limitedOf(u, 1)
		if evicted := s.session(t, five).Evicted; evicted != 3 {
			t.Errorf("a smaller limit: %d evicted", evicted)
		}
		s.wantAlive(t, "a smaller limit", []bool{false, false, false, true, true}, one, three, four, five, other)
		six := limitedOf(u, 0)
		if evicted := s.session(t, six).Evicted; evicted != 0 {
			t.Errorf("no limit: %d evicted", evicted)
		}
		s.wantAlive(t, "no limit", []bool{true, true}, five, six)
	})
}

func TestLimitCountsOnlyLiveSessions(t *testing.T) { // SEC-80
	t.Parallel()
	s := newSetup(t)
	u := s.user(t).ID
	live, replaced, ended := limitedOf(u, 2), limitedOf(u, 2), sessionOf(u)
	ended.Lifetime = time.Minute
	s.session(t, live)
	s.session(t, ended)
	s.clock.add(time.Second)
	s.update(t, ended.Digest, driver.SessionChange{})
	s.clock.add(time.Minute)
	s.session(t, replaced)
	n := limitedOf(u, 2)
	n.Replaces = replaced.Digest
	if evicted := s.session(t, n).Evicted; evicted != 0 {
		t.Errorf("what ended or was replaced counts as evicted: %d", evicted)
	}
	s.wantAlive(t, "two of two", []bool{true, false, true}, live, replaced, n)
}

func TestRefusedLoginEndsNoSession(t *testing.T) { // SEC-80, SEC-152
	t.Parallel()
	inEveryMode(t, func(t *testing.T, s *setup) { //nolint:thelper // the test itself
		u := s.user(t).ID
		one, two := sessionOf(u), sessionOf(u)
		s.session(t, one)
		s.session(t, two)
		stale, large, taken, negative := limitedOf(u, 1), limitedOf(u, 1), limitedOf(u, 1), limitedOf(u, -1)
		stale.Credential = hash('b')
		large.Data = json.RawMessage(`{"a": "` + strings.Repeat("x", 20<<10) + `"}`)
		taken.Digest = one.Digest
		for name, c := range map[string]struct {
			n    driver.NewSession
			fits func(error) bool
		}{
			"stale":    {stale, func(err error) bool { return errors.Is(err, driver.ErrNoUser) }},
			"large":    {large, func(err error) bool { return errors.Is(err, driver.ErrSessionTooLarge) }},
			"negative": {negative, func(err error) bool { return err != nil }},
			"taken": {taken, func(err error) bool {
				var refused *pgconn.PgError
				return errors.As(err, &refused) && refused.Code == "23505"
			}},
		} {
			if r, err := s.db.CreateSession(t.Context(), c.n); !c.fits(err) || r.ID != "" {
				t.Errorf("%s: %+v, %v", name, r, err)
			}
			s.wantAlive(t, name, []bool{true, true}, one, two)
		}
		if free := s.pool.Stat().AcquiredConns(); free != 0 {
			t.Errorf("%d connections are still held", free)
		}
	})
}

func TestLimitHoldsUnderParallelLogins(t *testing.T) { // SEC-80, SEC-151
	t.Parallel()
	pool := storetest.NewDB(t)
	second := newPool(t, pool, func(*pgxpool.Config) {})
	s := &setup{pool: pool, db: store.New[store.User](pool, store.WithTimeout(20*time.Second))}
	dbs := []*store.DB[store.User]{s.db, store.New[store.User](second, store.WithTimeout(20*time.Second))}
	const logins, limit = 64, 5
	u := s.user(t).ID
	for round := range 5 {
		made := make([]driver.Session, logins)
		errs := together(logins, func(ctx context.Context, i int) (err error) {
			made[i], err = dbs[i%2].CreateSession(ctx, limitedOf(u, limit))
			return err
		})
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
		if rows := s.count(t, `SELECT count(*) FROM ginauth.sessions WHERE user_id = $1`, string(u)); rows != limit {
			t.Fatalf("round %d: %d rows after %d logins, want %d", round, rows, logins, limit)
		}
		slices.SortFunc(made, func(a, b driver.Session) int { return b.CreatedAt.Compare(a.CreatedAt) })
		for i, r := range s.list(t, u) {
			if r.ID != made[i].ID {
				t.Errorf("round %d: session %d of the list is not the one created then", round, i)
			}
		}
	}
}

func TestLimitedLoginIsOneRoundTrip(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	u := s.user(t).ID
	var batches batchCount
	traced := setupOn(newPool(t, s.pool, func(cfg *pgxpool.Config) { cfg.ConnConfig.Tracer = &batches }))
	traced.session(t, limitedOf(u, 2))
	batches.Store(0)
	batches.batches.Store(0)
	traced.session(t, limitedOf(u, 2))
	if one, all := batches.batches.Load(), batches.Load(); one != 1 || all != 0 {
		t.Errorf("%d batches and %d statements apart from them, want 1 and 0", one, all)
	}
}

func TestLimitedLoginJoinsTheCallersTransaction(t *testing.T) { // SEC-152
	t.Parallel()
	s := newSetup(t)
	u := s.user(t).ID
	one, two := sessionOf(u), limitedOf(u, 1)
	s.session(t, one)
	undone := errors.New("undo")
	err := pgx.BeginFunc(t.Context(), s.pool, func(tx pgx.Tx) error {
		if _, err := store.NewSessions(tx, store.WithNow(s.clock.now), unhurried).CreateSession(t.Context(), two); err != nil {
			t.Error(err)
		}
		return undone
	})
	if !errors.Is(err, undone) {
		t.Fatal(err)
	}
	s.wantAlive(t, "undone", []bool{true, false}, one, two)
}
