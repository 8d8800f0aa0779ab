package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store"
)

func (s *setup) external(source string) *store.External {
	return store.NewExternal(s.pool, store.WithNow(s.clock.now), unhurried, store.WithSource(source))
}

func TestRacingFirstLoginsMakeOneRow(t *testing.T) {
	t.Parallel()
	inEveryMode(t, func(t *testing.T, s *setup) {
		t.Helper()
		db, id := s.external(""), driver.UserID(t.Name())
		for _, err := range together(16, func(ctx context.Context, _ int) error {
			_, err := db.CreateSession(ctx, sessionOf(id))
			return err
		}) {
			if err != nil {
				t.Error(err)
			}
		}
		rows := s.count(t, `SELECT count(*) FROM ginauth.users WHERE external_id = $1`, string(id))
		sessions := s.count(t, `SELECT count(*) FROM ginauth.sessions AS s JOIN ginauth.users AS u ON u.id = s.user_id WHERE u.external_id = $1`, string(id))
		if rows != 1 || sessions != 16 {
			t.Errorf("%d rows and %d sessions, want 1 and 16", rows, sessions)
		}
	})
}

// RevokeUserSessions ends what began before it, also for a user whom the store has never seen. A login at the same time
// counts as one after it, as it does for a user with a row: only the app knows whether the password was still good.
func TestRevokingCountsLoginsUnderWayAlikeForSeenAndUnseenUsers(t *testing.T) {
	t.Parallel()
	for _, seen := range []bool{false, true} {
		t.Run(fmt.Sprintf("seen %v", seen), func(t *testing.T) {
			t.Parallel()
			s := newSetup(t)
			db, id := s.external(""), driver.UserID("42")
			if seen {
				if _, err := db.CreateSession(t.Context(), sessionOf(id)); err != nil {
					t.Fatal(err)
				}
			}
			if err := db.RevokeUserSessions(t.Context(), id, ""); err != nil {
				t.Fatal(err)
			}
			logins := make([]driver.NewSession, 9)
			for i, err := range together(len(logins), func(ctx context.Context, i int) error {
				if i == 4 {
					return db.RevokeUserSessions(ctx, id, "")
				}
				logins[i] = sessionOf(id)
				_, err := db.CreateSession(ctx, logins[i])
				return err
			}) {
				if err != nil {
					t.Errorf("call %d: %v", i, err)
				}
			}
			if err := db.RevokeUserSessions(t.Context(), id, ""); err != nil {
				t.Fatal(err)
			}
			for i, n := range logins {
				if _, err := db.FindSession(t.Context(), n.Digest); i != 4 && !errors.Is(err, driver.ErrNoSession) {
					t.Errorf("login %d, which ended before the last revocation: %v", i, err)
				}
			}
			after := sessionOf(id)
			if _, err := db.CreateSession(t.Context(), after); err != nil {
				t.Fatal(err)
			}
			if _, err := db.FindSession(t.Context(), after.Digest); err != nil {
				t.Errorf("a login after it: %v", err)
			}
		})
	}
}

// What belongs to the users of one table is nothing to the store of another, even where the ids are the same.
func TestStoresOfTwoTablesOfUsersStayApart(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	ours := s.user(t)
	members, staff := s.external("members"), s.external("staff")
	mine := s.session(t, sessionOf(ours.ID))
	n := sessionOf(ours.ID) // another user with that very id
	theirs, err := members.CreateSession(t.Context(), n)
	if err != nil || theirs.UserID != ours.ID {
		t.Fatalf("%+v, %v", theirs, err)
	}
	var shadow driver.UserID
	if err := s.pool.QueryRow(t.Context(), `SELECT id::text FROM ginauth.users WHERE external_id = $1`, string(ours.ID)).Scan(&shadow); err != nil {
		t.Fatal(err)
	}

	if err := s.find(t, theirs.Digest); !errors.Is(err, driver.ErrNoSession) {
		t.Errorf("a member's session is ours: %v", err)
	}
	for name, db := range map[string]*store.External{"members": members, "staff": staff} {
		if _, err := db.FindSession(t.Context(), mine.Digest); !errors.Is(err, driver.ErrNoSession) {
			t.Errorf("our session is one of %s: %v", name, err)
		}
	}
	if _, err := staff.FindSession(t.Context(), theirs.Digest); !errors.Is(err, driver.ErrNoSession) {
		t.Errorf("a member's session is one of staff: %v", err)
	}
	if _, err := s.db.FindUser(t.Context(), shadow); !errors.Is(err, driver.ErrNoUser) {
		t.Errorf("a shadow row is a user of ours: %v", err)
	}
	for name, call := range map[string]error{
		"session": func() error { _, err := s.db.CreateSession(t.Context(), sessionOf(shadow)); return err }(),
		"disable": s.db.DisableUser(t.Context(), shadow),
		"delete":  s.db.DeleteUser(t.Context(), shadow),
	} {
		if !errors.Is(call, driver.ErrNoUser) {
			t.Errorf("%s of a shadow row: %v", name, call)
		}
	}
	if err := members.ForgetUser(t.Context(), ours.ID); err != nil {
		t.Fatal(err)
	}
	if err := s.find(t, mine.Digest); err != nil {
		t.Errorf("our session ended with a member: %v", err)
	}
}

func TestFirstLoginCostsMoreAndLaterOnesDoNot(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	count := &batchCount{}
	pool := newPool(t, s.pool, func(cfg *pgxpool.Config) { cfg.ConnConfig.Tracer = count })
	db := store.NewExternal(pool, unhurried)
	for _, want := range []int64{6, 1} { // begin, insert, look, commit, between two attempts
		count.Store(0)
		if _, err := db.CreateSession(t.Context(), sessionOf("42")); err != nil {
			t.Fatal(err)
		}
		if n := count.Load(); n != want {
			t.Errorf("a login took %d statements, want %d", n, want)
		}
	}
	n := sessionOf("42")
	if _, err := db.CreateSession(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	count.Store(0)
	if r, err := db.FindSession(t.Context(), n.Digest); err != nil || r.UserID != "42" {
		t.Errorf("%+v, %v", r, err)
	}
	if n := count.Load(); n != 1 {
		t.Errorf("a lookup took %d statements, want 1", n)
	}
}

func TestSweepDeletesRowsOfUsersElsewhereThatNothingRefersTo(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	db := s.external("")
	login := func(id driver.UserID) {
		t.Helper()
		if _, err := db.CreateSession(t.Context(), sessionOf(id)); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range []driver.UserID{"gone", "disabled", "admitted", "key", "back"} {
		login(id)
	}
	key := driver.NewAPIKey{Digest: newDigest(), UserID: "key", Name: "key", Start: "key"}
	if _, err := db.CreateAPIKey(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	n := sessionOf("admitted")
	n.Lifetime = 90 * 24 * time.Hour
	a, err := db.AdmitSession(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.DisableUser(t.Context(), "disabled"); err != nil {
		t.Fatal(err)
	}
	left := func(when string, want ...string) {
		t.Helper()
		if _, err := db.Sweep(t.Context()); err != nil {
			t.Error(err)
		}
		var got string
		if err := s.pool.QueryRow(t.Context(), `SELECT COALESCE(string_agg(external_id, ' ' ORDER BY external_id), '') FROM ginauth.users WHERE external_id IS NOT NULL`).Scan(&got); err != nil {
			t.Fatal(err)
		}
		if got != strings.Join(want, " ") {
			t.Errorf("%s there are %q, want %q", when, got, want)
		}
	}
	s.clock.add(29 * 24 * time.Hour)
	left("after 29 days", "admitted", "back", "disabled", "gone", "key")
	login("back")
	s.clock.add(24 * time.Hour)
	login("back")
	left("after 30 days", "admitted", "back", "disabled", "key")
	s.clock.add(59 * 24 * time.Hour)
	left("after 89 days", "admitted", "disabled", "key")
	if id, _, err := db.FindAdmitted(t.Context(), "admitted", newDigest(), a.Epoch); err != nil || id != "admitted" {
		t.Errorf("a session that another store keeps: %q, %v", id, err)
	}
	s.clock.add(2 * 24 * time.Hour)
	left("after 91 days", "disabled", "key")
	if _, err := db.CreateSession(t.Context(), sessionOf("disabled")); !errors.Is(err, driver.ErrNoUser) {
		t.Errorf("a login of a user who was disabled long ago: %v", err)
	}
	if id, _, err := db.FindAPIKey(t.Context(), key.Digest); err != nil || id != "key" {
		t.Errorf("a key: %q, %v", id, err)
	}
}

// A sweeper that has found a row unused waits for a login, or the login for it.
func TestSweepDoesNotEndLoginsOfUsersElsewhere(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	db := s.external("")
	for range 20 {
		if _, err := db.AdmitSession(t.Context(), sessionOf("42")); err != nil {
			t.Fatal(err)
		}
		s.clock.add(31 * 24 * time.Hour)
		n := sessionOf("42")
		for _, err := range together(4, func(ctx context.Context, i int) error {
			if i == 0 {
				_, err := db.CreateSession(ctx, n)
				return err
			}
			_, err := db.Sweep(ctx)
			return err
		}) {
			if err != nil {
				t.Error(err)
			}
		}
		if _, err := db.FindSession(t.Context(), n.Digest); err != nil {
			t.Errorf("the login: %v", err)
		}
		if err := db.DeleteSession(t.Context(), n.Digest); err != nil {
			t.Error(err)
		}
	}
}

func TestEventsOfUsersElsewhereHaveTheirIDs(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	var seen []driver.Event
	db := store.NewExternal(s.pool, store.WithNow(s.clock.now), unhurried, store.AfterEvent(func(_ context.Context, e driver.Event) { seen = append(seen, e) }))
	admin := driver.WithCause(t.Context(), driver.Cause{Actor: "7", Operation: "GET /admin"})
	if _, err := db.CreateSession(t.Context(), sessionOf("7")); err != nil {
		t.Fatal(err)
	}
	n := sessionOf("42")
	if _, err := db.CreateSession(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	if err := db.DeleteSession(t.Context(), n.Digest); err != nil {
		t.Fatal(err)
	}
	if err := db.DisableUser(admin, "42"); err != nil {
		t.Fatal(err)
	}
	list, err := db.UserEvents(t.Context(), "42", time.Time{}, 10)
	if err != nil || len(list) != 3 || list[0].Kind != driver.UserDisabled || list[0].Actor != "7" || list[0].User != "42" || list[1].User != "42" {
		t.Errorf("the events are %+v, %v", list, err)
	}
	for _, e := range seen[1:] {
		if e.User != "42" {
			t.Errorf("AfterEvent has %+v", e)
		}
	}
}

func TestStoreForUsersElsewhereTakesNoUsersOfOurs(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	if err := s.external("").AcceptsUsers(s.db); err == nil || !strings.Contains(err.Error(), "leave Options.Sessions out") {
		t.Errorf("got %v", err)
	}
	if err := s.external("").AcceptsUsers(struct{}{}); err != nil {
		t.Error(err)
	}
}
