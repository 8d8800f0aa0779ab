package store_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store"
)

var touchMinutely = driver.SessionChange{UnlessSeenFor: time.Minute}

func TestTouchWaitsForItsInterval(t *testing.T) {
	t.Parallel()
	inEveryMode(t, func(t *testing.T, s *setup) { //nolint:thelper // the test itself
		n := sessionOf(s.user(t).ID)
		want := s.session(t, n)
		s.clock.add(time.Minute - time.Second)
		if _, err := s.db.UpdateSession(t.Context(), n.Digest, touchMinutely); !errors.Is(err, driver.ErrNoSession) {
			t.Errorf("a second too early: %v", err)
		}
		s.clock.add(time.Second)
		want.LastSeenAt, want.ReadAt = s.clock.now(), s.clock.now()
		if diff := cmp.Diff(want, s.update(t, n.Digest, touchMinutely), addrs); diff != "" {
			t.Errorf("in time (-want +got):\n%s", diff)
		}
	})
}

// Of the callers that touch one session in one interval, in one batch or not, exactly one writes,
// and gets the record that it wrote.
func TestWaitingTouchesShareAStatement(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	const callers, sessions = 64, 24
	records := make([]driver.Session, sessions)
	for i := range records {
		records[i] = s.session(t, sessionOf(s.user(t).ID))
	}
	s.clock.add(time.Minute)
	db, statements := s.traced(t, store.WithTimeout(time.Minute))
	unlock := s.lock(t)
	var c crowd
	var touched [sessions]atomic.Int64
	c.enter(t, callers, func(ctx context.Context, i int) error {
		r, err := db.UpdateSession(ctx, records[i%sessions].Digest, touchMinutely)
		if err != nil {
			return err
		}
		touched[i%sessions].Add(1)
		want := records[i%sessions]
		want.LastSeenAt, want.ReadAt = s.clock.now(), s.clock.now()
		if diff := cmp.Diff(want, r, addrs); diff != "" {
			return fmt.Errorf("(-want +got):\n%s", diff)
		}
		return nil
	})
	unlock()
	for i := range callers {
		if err := c.result(t, i); err != nil && !errors.Is(err, driver.ErrNoSession) {
			t.Errorf("caller %d: %v", i, err)
		}
	}
	for i := range touched {
		if n := touched[i].Load(); n != 1 {
			t.Errorf("session %d was touched %d times", i, n)
		}
	}
	if sent := statements.Load(); sent > 4*places {
		t.Errorf("%d callers sent %d statements", callers, sent)
	}
}

// Without an interval, every touch writes.
func TestTouchWithoutAnIntervalIsNeverPassedOver(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	n := sessionOf(s.user(t).ID)
	s.session(t, n)
	db, _ := s.traced(t, store.WithTimeout(time.Minute))
	unlock := s.lock(t)
	var c crowd
	const callers = 8
	c.enter(t, callers, func(ctx context.Context, _ int) error {
		_, err := db.UpdateSession(ctx, n.Digest, driver.SessionChange{})
		return err
	})
	unlock()
	for i := range callers {
		if err := c.result(t, i); err != nil {
			t.Errorf("caller %d: %v", i, err)
		}
	}
}

func TestTouchInABatchNeverRevives(t *testing.T) { // SEC-75, SEC-76
	t.Parallel()
	s := newSetup(t)
	u, disabled := s.user(t), s.user(t)
	ended := map[string]driver.NewSession{"idle": sessionOf(u.ID), "deleted": sessionOf(u.ID), "disabled": sessionOf(disabled.ID)}
	for _, n := range ended {
		s.session(t, n)
	}
	s.clock.add(idleTimeout)
	live := sessionOf(u.ID)
	s.session(t, live)
	s.clock.add(time.Minute)
	s.exec(t, `UPDATE ginauth.users SET disabled_at = now() WHERE id = $1`, string(disabled.ID))
	gone, barred := ended["deleted"].Digest, ended["disabled"].Digest
	s.exec(t, `DELETE FROM ginauth.sessions WHERE digest = $1`, gone[:])
	s.exec(t, `UPDATE ginauth.sessions SET last_seen_at = $2 WHERE digest = $1`, barred[:], s.clock.now().Add(-time.Minute))
	db, _ := s.traced(t, store.WithTimeout(time.Minute))
	unlock := s.lock(t)
	var c crowd
	c.enter(t, places, func(ctx context.Context, _ int) error {
		_, err := db.UpdateSession(ctx, newDigest(), touchMinutely)
		return err
	})
	names := []string{"idle", "deleted", "disabled"}
	c.enter(t, len(names), func(ctx context.Context, i int) error {
		_, err := db.UpdateSession(ctx, ended[names[i]].Digest, touchMinutely)
		return err
	})
	c.enter(t, 1, func(ctx context.Context, _ int) error {
		_, err := db.UpdateSession(ctx, live.Digest, touchMinutely)
		return err
	})
	unlock()
	for i := range places + len(names) {
		if err := c.result(t, i); !errors.Is(err, driver.ErrNoSession) {
			t.Errorf("touch %d of a session that ended: %v", i, err)
		}
	}
	if err := c.result(t, places+len(names)); err != nil {
		t.Errorf("the live one beside them: %v", err)
	}
}

// A batch skips a row that a request is writing, and so can never be part of a deadlock.
func TestTouchInABatchWaitsForNoRow(t *testing.T) { // SEC-151, SEC-153
	t.Parallel()
	s := newSetup(t)
	var digests [8]driver.Digest
	for i := range digests {
		n := sessionOf(s.user(t).ID)
		digests[i] = n.Digest
		s.session(t, n)
	}
	s.clock.add(time.Minute)
	db, _ := s.traced(t, store.WithTimeout(time.Minute))
	tx, err := s.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(context.Background()) //nolint:errcheck // ends the locks
	held := 3
	if _, err := tx.Exec(t.Context(), `SELECT FROM ginauth.sessions WHERE digest = $1 FOR UPDATE`, digests[held][:]); err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), `SAVEPOINT before; LOCK TABLE ginauth.sessions IN ACCESS EXCLUSIVE MODE`); err != nil {
		t.Fatal(err)
	}
	var c crowd
	c.enter(t, places, func(ctx context.Context, _ int) error {
		_, err := db.UpdateSession(ctx, newDigest(), touchMinutely)
		return err
	})
	c.enter(t, len(digests), func(ctx context.Context, i int) error {
		_, err := db.UpdateSession(ctx, digests[i], touchMinutely)
		return err
	})
	if _, err := tx.Exec(t.Context(), `ROLLBACK TO before`); err != nil {
		t.Fatal(err)
	}
	for i := range digests {
		err := c.result(t, places+i)
		if passed := errors.Is(err, driver.ErrNoSession); passed != (i == held) || err != nil && !passed {
			t.Errorf("session %d, while %d is being written: %v", i, held, err)
		}
	}
}
