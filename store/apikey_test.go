package store_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store"
	"github.com/ginauth/ginauth/store/storetest"
)

func keyOf(id driver.UserID) driver.NewAPIKey {
	return driver.NewAPIKey{Digest: newDigest(), UserID: id, Name: "backup", Start: "gak_Ab3d", Lifetime: lifetime}
}

func (s *setup) key(tb testing.TB, n driver.NewAPIKey) driver.APIKey {
	tb.Helper()
	r, err := s.db.CreateAPIKey(tb.Context(), n)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func (s *setup) wantKeys(tb testing.TB, what string, want []bool, keys ...driver.NewAPIKey) {
	tb.Helper()
	var found []bool
	for _, n := range keys {
		u, r, err := s.db.FindAPIKey(tb.Context(), n.Digest)
		if err != nil && !errors.Is(err, driver.ErrNoAPIKey) {
			tb.Fatal(err)
		}
		if err != nil && (u.ID != "" || r.ID != "") {
			tb.Errorf("%s: something of a key that is not there: %+v, %+v", what, u, r)
		}
		found = append(found, err == nil)
	}
	if diff := cmp.Diff(want, found); diff != "" {
		tb.Errorf("%s: found (-want +got):\n%s", what, diff)
	}
}

func TestAPIKeyComesBackWithItsUser(t *testing.T) {
	t.Parallel()
	inEveryMode(t, func(t *testing.T, s *setup) { //nolint:thelper // the test itself
		u := s.user(t)
		n, endless := keyOf(u.ID), keyOf(u.ID)
		n.Scopes, endless.Lifetime = []string{"a:read", "b;DROP"}, 0
		r := s.key(t, n)
		want := driver.APIKey{
			ID: r.ID, UserID: u.ID, Name: "backup", Scopes: []string{"a:read", "b;DROP"}, Start: "gak_Ab3d",
			CreatedAt: s.clock.now(), ExpiresAt: s.clock.now().Add(lifetime), ReadAt: s.clock.now(),
		}
		if diff := cmp.Diff(want, r); diff != "" {
			t.Errorf("created (-want +got):\n%s", diff)
		}
		e := s.key(t, endless)
		if !e.ExpiresAt.IsZero() || e.Scopes == nil || len(e.Scopes) != 0 {
			t.Errorf("endless: %+v", e)
		}
		s.clock.add(time.Minute)
		want.ReadAt = s.clock.now()
		found, got, err := s.db.FindAPIKey(t.Context(), n.Digest)
		if diff := cmp.Diff(want, got); diff != "" || err != nil || found != u {
			t.Errorf("found %+v, %v (-want +got):\n%s", found, err, diff)
		}
		if id, err := uuid.Parse(string(r.ID)); err != nil || id.Version() != 4 {
			t.Errorf("id %q", r.ID)
		}
	})
}

func TestAPIKeyFillsTheAppsOwnUserType(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	s.exec(t, `ALTER TABLE ginauth.users ADD plan text NOT NULL DEFAULT 'gold', ADD note text NOT NULL DEFAULT ''`)
	n := keyOf(s.user(t).ID)
	s.key(t, n)
	if u, _, err := store.New[member](s.pool, store.WithNow(s.clock.now), unhurried).FindAPIKey(t.Context(), n.Digest); err != nil || u.Plan != "gold" || u.ID != n.UserID {
		t.Errorf("%+v, %v", u, err)
	}
}

func TestAPIKeyEndsWithTimeAndUser(t *testing.T) { // SEC-76
	t.Parallel()
	inEveryMode(t, func(t *testing.T, s *setup) { //nolint:thelper // the test itself
		u := s.user(t).ID
		n, endless, other := keyOf(u), keyOf(u), keyOf(s.user(t).ID)
		endless.Lifetime, other.Lifetime = 0, 0
		s.key(t, n)
		s.key(t, endless)
		s.key(t, other)
		s.clock.add(lifetime - time.Microsecond)
		s.wantKeys(t, "just before its end", []bool{true, true, true, false}, n, endless, other, keyOf(u))
		s.clock.add(time.Microsecond)
		s.wantKeys(t, "at its end", []bool{false, true, true}, n, endless, other)
		s.exec(t, `UPDATE ginauth.users SET disabled_at = now() WHERE id = $1`, string(u))
		s.wantKeys(t, "disabled", []bool{false, false, true}, n, endless, other)
		if _, err := s.db.CreateAPIKey(t.Context(), keyOf(u)); !errors.Is(err, driver.ErrNoUser) {
			t.Errorf("a disabled user's new key: %v", err)
		}
		s.exec(t, `UPDATE ginauth.users SET disabled_at = NULL WHERE id = $1`, string(u))
		if err := s.db.RevokeUserSessions(t.Context(), u, ""); err != nil {
			t.Fatal(err)
		}
		if err := s.db.RevokeAllSessions(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.wantKeys(t, "all sessions revoked", []bool{false, true, true}, n, endless, other)
		if err := s.db.RevokeUserAPIKeys(t.Context(), u); err != nil {
			t.Fatal(err)
		}
		s.wantKeys(t, "all keys revoked", []bool{false, false, true}, n, endless, other)
		s.exec(t, `DELETE FROM ginauth.users WHERE id = $1`, string(other.UserID))
		s.wantKeys(t, "deleted", []bool{false}, other)
		if rows := s.count(t, `SELECT count(*) FROM ginauth.api_keys WHERE user_id = $1`, string(other.UserID)); rows != 0 {
			t.Errorf("%d keys of a deleted user", rows)
		}
		for _, nobody := range []driver.UserID{"", "1 OR 1=1", driver.UserID(uuid.NewString())} {
			if err := s.db.RevokeUserAPIKeys(t.Context(), nobody); err != nil {
				t.Errorf("%q: %v", nobody, err)
			}
		}
	})
}

func TestRevokeAPIKeyEndsOnlyTheUsersOwn(t *testing.T) { // SEC-79
	t.Parallel()
	inEveryMode(t, func(t *testing.T, s *setup) { //nolint:thelper // the test itself
		mine, other := keyOf(s.user(t).ID), keyOf(s.user(t).ID)
		r, o := s.key(t, mine), s.key(t, other)
		for _, c := range []struct {
			user driver.UserID
			id   driver.APIKeyID
		}{
			{mine.UserID, o.ID},
			{"", r.ID},
			{mine.UserID, ""},
			{mine.UserID, "1 OR 1=1"},
			{mine.UserID, "\x00"},
			{mine.UserID, driver.APIKeyID(uuid.NewString())},
			{driver.UserID(uuid.NewString()), r.ID},
			{mine.UserID, driver.APIKeyID(strings.ToUpper(string(o.ID)))},
		} {
			if err := s.db.RevokeAPIKey(t.Context(), c.user, c.id); !errors.Is(err, driver.ErrNoAPIKey) {
				t.Errorf("user %q revoking %q: %v", c.user, c.id, err)
			}
		}
		s.wantKeys(t, "after refusals", []bool{true, true}, mine, other)
		if err := s.db.RevokeAPIKey(t.Context(), mine.UserID, r.ID); err != nil {
			t.Fatal(err)
		}
		s.wantKeys(t, "after revoking", []bool{false, true}, mine, other)
		if err := s.db.RevokeAPIKey(t.Context(), mine.UserID, r.ID); !errors.Is(err, driver.ErrNoAPIKey) {
			t.Errorf("revoking twice: %v", err)
		}
	})
}

func TestUserAPIKeysAreTheUsersOwnAndTheNewestFirst(t *testing.T) { // SEC-79
	t.Parallel()
	inEveryMode(t, func(t *testing.T, s *setup) { //nolint:thelper // the test itself
		u := s.user(t).ID
		s.key(t, keyOf(s.user(t).ID))
		want := make([]driver.APIKey, 3)
		for i := range want {
			want[2-i] = s.key(t, keyOf(u))
			s.clock.add(time.Second)
		}
		s.clock.add(2 * lifetime)
		for i := range want {
			want[i].ReadAt = s.clock.now()
		}
		list, err := s.db.UserAPIKeys(t.Context(), u)
		if diff := cmp.Diff(want, list); diff != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		for _, nobody := range []driver.UserID{"", "1 OR 1=1", driver.UserID(uuid.NewString())} {
			if list, err := s.db.UserAPIKeys(t.Context(), nobody); len(list) != 0 || err != nil {
				t.Errorf("%q: %d keys, %v", nobody, len(list), err)
			}
		}
		// Keys that expired long ago are deleted.
		s.clock.add(30 * 24 * time.Hour)
		s.key(t, keyOf(u))
		if rows := s.count(t, `SELECT count(*) FROM ginauth.api_keys WHERE user_id = $1`, string(u)); rows != 1 {
			t.Errorf("%d rows", rows)
		}
	})
}

func TestTouchAPIKeyWritesOncePerInterval(t *testing.T) {
	t.Parallel()
	inEveryMode(t, func(t *testing.T, s *setup) { //nolint:thelper // the test itself
		n, other := keyOf(s.user(t).ID), keyOf(s.user(t).ID)
		r := s.key(t, n)
		s.key(t, other)
		touch := func(id driver.APIKeyID, want time.Time) {
			t.Helper()
			if err := s.db.TouchAPIKey(t.Context(), id, time.Minute); err != nil {
				t.Fatal(err)
			}
			if _, got, err := s.db.FindAPIKey(t.Context(), n.Digest); err != nil || !got.LastUsedAt.Equal(want) {
				t.Errorf("last used %s, %v, want %s", got.LastUsedAt, err, want)
			}
		}
		for _, nobody := range []driver.APIKeyID{"", "1 OR 1=1", driver.APIKeyID(uuid.NewString())} {
			touch(nobody, time.Time{})
		}
		first := s.clock.now()
		touch(r.ID, first)
		s.clock.add(time.Minute - time.Microsecond)
		touch(r.ID, first)
		s.clock.add(time.Microsecond)
		touch(r.ID, s.clock.now())
		if _, got, _ := s.db.FindAPIKey(t.Context(), other.Digest); !got.LastUsedAt.IsZero() {
			t.Error("another key was touched")
		}
		if err := s.db.RevokeAPIKey(t.Context(), n.UserID, r.ID); err != nil {
			t.Fatal(err)
		}
		if err := s.db.TouchAPIKey(t.Context(), r.ID, time.Minute); err != nil {
			t.Error(err)
		}
		s.wantKeys(t, "touched after its end", []bool{false}, n)
	})
}

func TestParallelTouchesWriteOnceAndWaitForNobody(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	r := s.key(t, keyOf(s.user(t).ID))
	s.exec(t, `CREATE TABLE touches (at timestamptz)`)
	s.exec(t, `CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO touches VALUES (NEW.last_used_at); RETURN NEW; END'`)
	s.exec(t, `CREATE TRIGGER noted AFTER UPDATE ON ginauth.api_keys FOR EACH ROW EXECUTE FUNCTION noted()`)
	errs := together(32, func(ctx context.Context, _ int) error { return s.db.TouchAPIKey(ctx, r.ID, time.Minute) })
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	if n := s.count(t, `SELECT count(*) FROM touches`); n != 1 {
		t.Errorf("%d writes", n)
	}
	s.clock.add(time.Hour)
	err := pgx.BeginFunc(t.Context(), s.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(t.Context(), `SELECT 1 FROM ginauth.api_keys FOR UPDATE`); err != nil {
			return err
		}
		return s.db.TouchAPIKey(t.Context(), r.ID, time.Minute) // another connection
	})
	if err != nil {
		t.Errorf("while the row is locked: %v", err)
	}
}

func TestRefusedAPIKeyLeavesNothing(t *testing.T) { // SEC-151, SEC-152
	t.Parallel()
	inEveryMode(t, func(t *testing.T, s *setup) { //nolint:thelper // the test itself
		u := s.user(t).ID
		one := keyOf(u)
		s.key(t, one)
		limited, taken, negative, endless, blank, none, nobody, malformed, zero := keyOf(u), keyOf(u), keyOf(u), keyOf(u), keyOf(u), keyOf(u),
			keyOf(driver.UserID(uuid.NewString())), keyOf("1 OR 1=1"), keyOf(u)
		limited.Limit, taken.Digest, negative.Limit, endless.Lifetime, zero.Digest = 1, one.Digest, -1, -1, driver.Digest{}
		blank.Scopes, none.Scopes = []string{"read write"}, []string{""}
		for name, c := range map[string]struct {
			n    driver.NewAPIKey
			fits func(error) bool
		}{
			"limited":           {limited, func(err error) bool { return errors.Is(err, driver.ErrTooManyAPIKeys) }},
			"unknown user":      {nobody, func(err error) bool { return errors.Is(err, driver.ErrNoUser) }},
			"malformed user":    {malformed, func(err error) bool { return errors.Is(err, driver.ErrNoUser) }},
			"negative limit":    {negative, func(err error) bool { return err != nil }},
			"negative lifetime": {endless, func(err error) bool { return err != nil }},
			"no digest":         {zero, func(err error) bool { return err != nil }},
			"two scopes in one": {blank, func(err error) bool { return err != nil }},
			"empty scope":       {none, func(err error) bool { return err != nil }},
			"taken": {taken, func(err error) bool {
				var refused *pgconn.PgError
				return errors.As(err, &refused) && refused.Code == "23505"
			}},
		} {
			if r, err := s.db.CreateAPIKey(t.Context(), c.n); !c.fits(err) || r.ID != "" {
				t.Errorf("%s: %+v, %v", name, r, err)
			}
		}
		if rows := s.count(t, `SELECT count(*) FROM ginauth.api_keys WHERE user_id = $1`, string(u)); rows != 1 {
			t.Errorf("%d rows", rows)
		}
		if held := s.pool.Stat().AcquiredConns(); held != 0 {
			t.Errorf("%d connections are still held", held)
		}
	})
}

func TestAPIKeyLimitHoldsUnderParallelCreations(t *testing.T) { // SEC-151
	t.Parallel()
	pool := storetest.NewDB(t)
	second := newPool(t, pool, func(*pgxpool.Config) {})
	s := &setup{pool: pool, db: store.New[store.User](pool, store.WithTimeout(20*time.Second))}
	dbs := []*store.DB[store.User]{s.db, store.New[store.User](second, store.WithTimeout(20*time.Second))}
	for round := range 5 {
		u := s.user(t).ID
		errs := together(64, func(ctx context.Context, i int) error {
			n := keyOf(u)
			n.Limit = 5
			_, err := dbs[i%2].CreateAPIKey(ctx, n)
			return err
		})
		made := 0
		for _, err := range errs {
			if err == nil {
				made++
			} else if !errors.Is(err, driver.ErrTooManyAPIKeys) {
				t.Error(err)
			}
		}
		if rows := s.count(t, `SELECT count(*) FROM ginauth.api_keys WHERE user_id = $1`, string(u)); rows != 5 || made != 5 {
			t.Fatalf("round %d: %d rows, %d made", round, rows, made)
		}
	}
}

func TestUsingAnAPIKeyIsOneStatement(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	n := keyOf(s.user(t).ID)
	var batches batchCount
	traced := setupOn(newPool(t, s.pool, func(cfg *pgxpool.Config) { cfg.ConnConfig.Tracer = &batches }))
	traced.key(t, n)
	const withEvent = 3 // begin, the event, commit
	if one, all := batches.batches.Load(), batches.Load(); one != 1 || all != withEvent {
		t.Errorf("creating: %d batches and %d statements apart from them", one, all)
	}
	if _, _, err := traced.db.FindAPIKey(t.Context(), n.Digest); err != nil || batches.Load() != withEvent+1 {
		t.Errorf("finding: %d statements, %v", batches.Load()-withEvent, err)
	}
}

func TestAPIKeysJoinTheCallersTransaction(t *testing.T) { // SEC-152
	t.Parallel()
	s := newSetup(t)
	n, undone := keyOf(s.user(t).ID), errors.New("undo")
	err := pgx.BeginFunc(t.Context(), s.pool, func(tx pgx.Tx) error {
		if _, err := store.New[store.User](tx, store.WithNow(s.clock.now), unhurried).CreateAPIKey(t.Context(), n); err != nil {
			t.Error(err)
		}
		return undone
	})
	if !errors.Is(err, undone) {
		t.Fatal(err)
	}
	s.wantKeys(t, "undone", []bool{false}, n)
}
