package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store"
	"github.com/ginauth/ginauth/store/storetest"
)

func (s *setup) list(t *testing.T, id driver.UserID) []driver.Session {
	t.Helper()
	list, err := s.db.UserSessions(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// alive tells which sessions every lookup finds, and fails the test where the lookups disagree.
func (s *setup) alive(t *testing.T, sessions ...driver.NewSession) (found []bool) {
	t.Helper()
	for _, n := range sessions {
		err := s.find(t, n.Digest)
		if err != nil && !errors.Is(err, driver.ErrNoSession) {
			t.Fatal(err)
		}
		found = append(found, err == nil)
	}
	return found
}

func (s *setup) wantAlive(t *testing.T, what string, want []bool, sessions ...driver.NewSession) {
	t.Helper()
	if diff := cmp.Diff(want, s.alive(t, sessions...)); diff != "" {
		t.Errorf("%s: alive (-want +got):\n%s", what, diff)
	}
}

func TestUserSessionsAreLiveAndTheUsersOwn(t *testing.T) { // SEC-79
	t.Parallel()
	inEveryMode(t, func(t *testing.T, s *setup) { //nolint:thelper // the test itself
		u, other := s.user(t).ID, s.user(t).ID
		short, seen, rotated := sessionOf(u), sessionOf(u), sessionOf(u)
		short.Lifetime = time.Minute
		s.session(t, sessionOf(""))
		s.session(t, sessionOf(other))
		s.session(t, short)
		want := []driver.Session{s.session(t, rotated), s.session(t, seen)}
		s.clock.add(time.Minute)
		want[1] = s.update(t, seen.Digest, driver.SessionChange{})
		s.clock.add(time.Minute)
		want[0] = s.update(t, rotated.Digest, driver.SessionChange{Digest: newDigest()})
		want[1].ReadAt = s.clock.now()
		if diff := cmp.Diff(want, s.list(t, u), addrs); diff != "" {
			t.Errorf("the list (-want +got):\n%s", diff)
		}
		for _, nobody := range []driver.UserID{"", "1 OR 1=1", driver.UserID(uuid.NewString())} {
			if list := s.list(t, nobody); len(list) != 0 {
				t.Errorf("%q has %d sessions", nobody, len(list))
			}
		}
		s.exec(t, `UPDATE ginauth.users SET disabled_at = now() WHERE id = $1`, string(u))
		if list := s.list(t, u); len(list) != 0 {
			t.Errorf("a disabled user has %d sessions", len(list))
		}
	})
}

func TestRevokeSessionEndsOnlyTheUsersOwn(t *testing.T) { // SEC-79
	t.Parallel()
	inEveryMode(t, func(t *testing.T, s *setup) { //nolint:thelper // the test itself
		mine, other := sessionOf(s.user(t).ID), sessionOf(s.user(t).ID)
		anonymous := sessionOf("")
		r, o, a := s.session(t, mine), s.session(t, other), s.session(t, anonymous)
		for _, c := range []struct {
			user driver.UserID
			id   driver.SessionID
		}{
			{mine.UserID, o.ID},
			{mine.UserID, a.ID},
			{"", a.ID},
			{"", r.ID},
			{mine.UserID, ""},
			{mine.UserID, "1 OR 1=1"},
			{mine.UserID, driver.SessionID(uuid.NewString())},
			{driver.UserID(uuid.NewString()), r.ID},
		} {
			if err := s.db.RevokeSession(t.Context(), c.user, c.id); !errors.Is(err, driver.ErrNoSession) {
				t.Errorf("user %q revoking %q: %v", c.user, c.id, err)
			}
		}
		s.wantAlive(t, "after refusals", []bool{true, true}, mine, other)
		if _, err := s.db.FindSession(t.Context(), anonymous.Digest); err != nil {
			t.Errorf("the anonymous session: %v", err)
		}
		if err := s.db.RevokeSession(t.Context(), mine.UserID, r.ID); err != nil {
			t.Fatal(err)
		}
		s.wantAlive(t, "after revoking", []bool{false, true}, mine, other)
		if err := s.db.RevokeSession(t.Context(), mine.UserID, r.ID); !errors.Is(err, driver.ErrNoSession) {
			t.Errorf("revoking twice: %v", err)
		}
	})
}

func TestRevokeUserSessionsSparesOneAndOtherUsers(t *testing.T) { // SEC-77, SEC-79
	t.Parallel()
	inEveryMode(t, func(t *testing.T, s *setup) { //nolint:thelper // the test itself
		u := s.user(t).ID
		one, two, other := sessionOf(u), sessionOf(u), sessionOf(s.user(t).ID)
		renewed := sessionOf(other.UserID)
		kept := s.session(t, one)
		s.session(t, two)
		o := s.session(t, other)
		for range 2 {
			if err := s.db.RevokeUserSessions(t.Context(), u, kept.ID); err != nil {
				t.Fatal(err)
			}
			s.wantAlive(t, "all but one", []bool{true, false, true}, one, two, other)
		}
		if list := s.list(t, u); len(list) != 1 || list[0].ID != kept.ID {
			t.Errorf("the list: %+v", list)
		}
		// A session of another user is neither spared nor ended.
		if err := s.db.RevokeUserSessions(t.Context(), u, o.ID); err != nil {
			t.Fatal(err)
		}
		s.wantAlive(t, "all but someone else's", []bool{false, false, true}, one, two, other)
		// A revoked session does not come back if its user, or another, excepts it.
		for _, by := range []driver.UserID{u, other.UserID} {
			if err := s.db.RevokeUserSessions(t.Context(), by, kept.ID); err != nil {
				t.Fatal(err)
			}
			s.wantAlive(t, "excepted too late", []bool{false}, one)
		}
		s.session(t, renewed)
		three := sessionOf(u)
		s.session(t, three)
		s.wantAlive(t, "and new logins", []bool{false, false, true, true}, one, two, renewed, three)
		for name, except := range map[string]driver.SessionID{"all": "", "malformed": "x"} {
			n := sessionOf(u)
			s.session(t, n)
			if err := s.db.RevokeUserSessions(t.Context(), u, except); err != nil {
				t.Fatal(err)
			}
			s.wantAlive(t, name, []bool{false, true}, n, renewed)
			for _, change := range []driver.SessionChange{{}, set(`{"a": 1}`), {Digest: newDigest()}} { // SEC-75
				if _, err := s.db.UpdateSession(t.Context(), n.Digest, change); !errors.Is(err, driver.ErrNoSession) {
					t.Errorf("%s: writing to a revoked session: %v", name, err)
				}
			}
		}
		for _, nobody := range []driver.UserID{"", "1 OR 1=1", driver.UserID(uuid.NewString())} {
			if err := s.db.RevokeUserSessions(t.Context(), nobody, ""); err != nil {
				t.Errorf("revoking the sessions of %q: %v", nobody, err)
			}
		}
		s.wantAlive(t, "at the end", []bool{true}, renewed)
	})
}

func TestRevokeAllSessionsEndsEverybodys(t *testing.T) { // SEC-73
	t.Parallel()
	for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeCacheStatement, pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol} {
		// All sessions of a database end, so each mode needs a database of its own.
		s := setupOn(storetest.NewDB(t, storetest.WithConfig(func(cfg *pgxpool.Config) {
			cfg.ConnConfig.DefaultQueryExecMode = mode
		})))
		u := s.user(t).ID
		if err := s.db.RevokeUserSessions(t.Context(), u, ""); err != nil { // both numbers count
			t.Fatal(err)
		}
		for range 2 {
			mine, anonymous := sessionOf(u), sessionOf("")
			s.session(t, mine)
			s.session(t, anonymous)
			s.wantAlive(t, "before", []bool{true}, mine)
			if err := s.db.RevokeAllSessions(t.Context()); err != nil {
				t.Fatal(err)
			}
			s.wantAlive(t, "after", []bool{false}, mine)
			for _, n := range []driver.NewSession{mine, anonymous} {
				if _, err := s.db.FindSession(t.Context(), n.Digest); !errors.Is(err, driver.ErrNoSession) {
					t.Errorf("FindSession: %v", err)
				}
				if _, err := s.db.UpdateSession(t.Context(), n.Digest, set(`{"a": 1}`)); !errors.Is(err, driver.ErrNoSession) {
					t.Errorf("UpdateSession: %v", err)
				}
			}
			if list := s.list(t, u); len(list) != 0 {
				t.Errorf("%d sessions are listed", len(list))
			}
		}
	}
}

func TestMassRevocationWritesOneRow(t *testing.T) { // SEC-77
	t.Parallel()
	s := newSetup(t)
	u := s.user(t).ID
	kept := s.session(t, sessionOf(u))
	for range 50 {
		s.session(t, sessionOf(u))
	}
	for name, c := range map[string]struct {
		revoke func() error
		rows   int
	}{
		"all of a user": {func() error { return s.db.RevokeUserSessions(t.Context(), u, "") }, 1},
		"all but one":   {func() error { return s.db.RevokeUserSessions(t.Context(), u, kept.ID) }, 2},
		"everybody's":   {func() error { return s.db.RevokeAllSessions(t.Context()) }, 1},
	} {
		kept = s.session(t, sessionOf(u))
		before := s.versions(t)
		if err := c.revoke(); err != nil {
			t.Fatal(err)
		}
		written := 0
		for row := range s.versions(t) {
			if !before[row] {
				written++
			}
		}
		if written != c.rows {
			t.Errorf("%s: %d rows written, want %d", name, written, c.rows)
		}
	}
}

// versions are all rows of all tables, each with the transaction that wrote it.
func (s *setup) versions(t *testing.T) map[string]bool {
	t.Helper()
	rows, err := s.pool.Query(t.Context(), `SELECT 'user' || ctid::text || xmin::text FROM ginauth.users
		UNION ALL SELECT 'session' || ctid::text || xmin::text FROM ginauth.sessions
		UNION ALL SELECT 'epoch' || ctid::text || xmin::text FROM ginauth.session_epoch`)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for rows.Next() {
		var row string
		if err := rows.Scan(&row); err != nil {
			t.Fatal(err)
		}
		seen[row] = true
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return seen
}

// Of two processes, the second does not find a session that the first has revoked.
func TestRevocationHoldsInOtherProcesses(t *testing.T) { // SEC-73
	t.Parallel()
	s := newSetup(t)
	other := setupOn(newPool(t, s.pool, func(*pgxpool.Config) {}))
	u := s.user(t).ID
	for name, revoke := range map[string]func(id driver.SessionID) error{
		"one":           func(id driver.SessionID) error { return s.db.RevokeSession(t.Context(), u, id) },
		"all of a user": func(driver.SessionID) error { return s.db.RevokeUserSessions(t.Context(), u, "") },
		"everybody's":   func(driver.SessionID) error { return s.db.RevokeAllSessions(t.Context()) },
	} {
		for range 20 {
			n := sessionOf(u)
			r := other.session(t, n)
			other.wantAlive(t, name, []bool{true}, n)
			if err := revoke(r.ID); err != nil {
				t.Fatal(err)
			}
			other.wantAlive(t, name, []bool{false}, n)
		}
	}
}

// 16 requests write to the session while its user ends all others, some of them twice at once. The
// session is never taken for ended, and the others always are.
func TestExceptedSessionOutlivesParallelRevocations(t *testing.T) { // SEC-66, SEC-151
	t.Parallel()
	s := newSetup(t)
	second := store.New[store.User](newPool(t, s.pool, func(*pgxpool.Config) {}), store.WithNow(s.clock.now), unhurried)
	u := s.user(t).ID
	n := sessionOf(u)
	kept := s.session(t, n)
	for round := range 100 {
		doomed := sessionOf(u)
		s.session(t, doomed)
		errs := together(16, func(ctx context.Context, i int) error {
			db := []*store.DB[store.User]{s.db, second}[i%2]
			switch {
			case i < 4:
				return db.RevokeUserSessions(ctx, u, kept.ID)
			case i < 8:
				_, err := db.UpdateSession(ctx, n.Digest, set(`{"a": 1}`))
				return err
			case i < 12:
				_, err := db.UpdateSession(ctx, n.Digest, driver.SessionChange{})
				return err
			}
			_, _, err := db.FindUserSession(ctx, n.Digest)
			return err
		})
		if err := errors.Join(errs...); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		s.wantAlive(t, "after a round", []bool{true, false}, n, doomed)
	}
}

// A login that runs while everything is revoked comes either before, and is ended, or after.
func TestNoSessionSurvivesARevocationItPreceded(t *testing.T) { // SEC-78, SEC-151
	t.Parallel()
	s := newSetup(t)
	u := s.user(t).ID
	for round := range 100 {
		early := make([]driver.NewSession, 8)
		for i := range early {
			early[i] = sessionOf(u)
			early[i].Limit = (round % 2) * 50
		}
		errs := together(16, func(ctx context.Context, i int) error {
			switch {
			case i < len(early):
				_, err := s.db.CreateSession(ctx, early[i])
				return err
			case i == 8:
				return s.db.RevokeUserSessions(ctx, u, "")
			case i == 9:
				return s.db.RevokeAllSessions(ctx)
			}
			_, err := s.db.UserSessions(ctx, u)
			return err
		})
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
		epoch := s.count(t, `SELECT session_epoch + (SELECT epoch FROM ginauth.session_epoch) FROM ginauth.users WHERE id = $1`, string(u))
		if ahead := s.count(t, `SELECT count(*) FROM ginauth.sessions WHERE epoch > $1`, epoch); ahead != 0 {
			t.Fatalf("%d sessions are ahead of their time", ahead)
		}
		if err := s.db.RevokeUserSessions(t.Context(), u, ""); err != nil {
			t.Fatal(err)
		}
		s.wantAlive(t, "after all", make([]bool, len(early)), early...)
	}
}
