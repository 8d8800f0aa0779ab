package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store"
)

// archived are users whose grace is over, in the order in which they are deleted.
func (s *setup) archived(t *testing.T, users int) (ids []driver.UserID) {
	t.Helper()
	for range users {
		u := s.user(t)
		if _, err := s.db.ArchiveUser(t.Context(), u.ID, time.Hour); err != nil {
			t.Fatal(err)
		}
		s.clock.add(time.Millisecond)
		ids = append(ids, u.ID)
	}
	s.clock.add(time.Hour)
	return ids
}

// A user who cannot be deleted does not stop the deletion of users who were archived later.
func TestAUserWhoCannotBeDeletedHoldsUpNobody(t *testing.T) { // SEC-148, SEC-163
	t.Parallel()
	no := fmt.Errorf("no such plan: %w", pgx.ErrNoRows) // which is also what another sweeper's user looks like
	for name, stop := range map[string]struct {
		given func(*testing.T, *setup, driver.UserID)
		opts  func(driver.UserID) []store.Option
		want  string
	}{
		"a row of the app's own": {given: func(t *testing.T, s *setup, id driver.UserID) {
			t.Helper()
			s.exec(t, `CREATE TABLE orders (user_id uuid REFERENCES ginauth.users (id))`)
			s.exec(t, `INSERT INTO orders SELECT $1::uuid`, string(id))
		}, want: "23503"},
		"OnEvent": {opts: func(id driver.UserID) []store.Option {
			return []store.Option{store.OnEvent(func(_ context.Context, _ pgx.Tx, e driver.Event) error {
				if e.User == id {
					return no
				}
				return nil
			})}
		}, want: no.Error()},
		"a row that somebody holds": {given: func(t *testing.T, s *setup, id driver.UserID) {
			t.Helper()
			s.exec(t, `CREATE FUNCTION hang() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(60); RETURN OLD; END $$`)
			s.exec(t, `CREATE TRIGGER hang BEFORE DELETE ON ginauth.users FOR EACH ROW WHEN (OLD.id = '`+string(id)+`') EXECUTE FUNCTION hang()`)
		}, want: driver.ErrUnavailable.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSetup(t)
			ids := s.archived(t, 4)
			opts := []store.Option{store.WithNow(s.clock.now), unhurried}
			if stop.want == driver.ErrUnavailable.Error() {
				opts[1] = store.WithTimeout(3 * time.Second)
			}
			if stop.given != nil {
				stop.given(t, s, ids[1])
			}
			if stop.opts != nil {
				opts = append(opts, stop.opts(ids[1])...)
			}
			for _, want := range []int64{3, 0} { // and again in the next round
				n, err := store.NewSessions(s.pool, opts...).Sweep(t.Context())
				if n != want || err == nil || !strings.Contains(err.Error(), string(ids[1])) || !strings.Contains(err.Error(), stop.want) {
					t.Errorf("Sweep = %d, %v", n, err)
				}
			}
			if n := s.count(t, `SELECT count(*) FROM ginauth.users`); n != 1 {
				t.Errorf("%d users are left", n)
			}
			if n := s.count(t, `SELECT count(*) FROM ginauth.events WHERE kind = 'user_deleted'`); n != 3 {
				t.Errorf("%d events", n)
			}
		})
	}
}

// The error stays short, however many users cannot be deleted.
func TestManyUsersWhoCannotBeDeletedAreCounted(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	s.exec(t, `INSERT INTO ginauth.users (id, email, email_canonical, name, disabled_at, delete_after)
		SELECT gen_random_uuid(), i || '@example.org', i || '@example.org', '', $1, $1 FROM generate_series(1, 250) AS i`, s.clock.now())
	refuse := store.OnEvent(func(context.Context, pgx.Tx, driver.Event) error { return errors.New("no") })
	n, err := store.NewSessions(s.pool, store.WithNow(s.clock.now), refuse).Sweep(t.Context())
	if n != 0 || err == nil || strings.Count(err.Error(), "\n") != 10 || !strings.Contains(err.Error(), "and 240 more") {
		t.Errorf("Sweep = %d, %v", n, err)
	}
	if n, err := s.db.Sweep(t.Context()); n != 250 || err != nil {
		t.Errorf("Sweep = %d, %v", n, err)
	}
}
