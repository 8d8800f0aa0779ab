package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store"
)

const writeEvents = `INSERT INTO ginauth.events (at, kind, outcome) SELECT $1::timestamptz, 'x', 'success' FROM generate_series(1, $2::bigint)`

// The order of ids is not the order of times, if a wrong clock has written an event.
func TestEventsFromTheFutureHideNoOldOnes(t *testing.T) { // SEC-148
	t.Parallel()
	s := newSetup(t)
	s.exec(t, writeEvents, s.clock.now().Add(365*24*time.Hour), 2500)
	s.exec(t, writeEvents, s.clock.now().Add(-365*24*time.Hour), 10)
	if n, err := s.db.SweepEvents(t.Context()); n != 10 || err != nil {
		t.Errorf("%d are deleted, want 10, %v", n, err)
	}
}

func TestSweepersOfEventsDoNotWaitForEachOther(t *testing.T) { // SEC-71, SEC-151
	t.Parallel()
	s := newSetup(t)
	s.exec(t, writeEvents, s.clock.now().Add(-365*24*time.Hour), 2500)
	one, err := s.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer one.Rollback(t.Context()) //nolint:errcheck // it is what is wanted
	const asOneStatement = `SELECT FROM ginauth.events ORDER BY at, id LIMIT 1000 FOR UPDATE`
	if _, err := one.Exec(t.Context(), asOneStatement); err != nil {
		t.Fatal(err)
	}
	other := store.NewSessions(s.pool, store.WithNow(s.clock.now), store.WithTimeout(time.Second))
	if n, err := other.SweepEvents(t.Context()); n != 1500 || err != nil {
		t.Errorf("%d are deleted, want 1500, %v", n, err)
	}
}

// SEC-148
func TestOldEventsAreSwept(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	u := s.user(t)
	kept := store.New[store.User](s.pool, store.WithNow(s.clock.now), unhurried, store.WithEventRetention(time.Hour))
	s.exec(t, `INSERT INTO ginauth.events (at, kind, outcome, user_id) SELECT $1, 'x', 'success', $2 FROM generate_series(1, 2500)`, s.clock.now(), string(u.ID))
	if n, err := kept.SweepEvents(t.Context()); n != 0 || err != nil {
		t.Errorf("%d new events are deleted, %v", n, err)
	}
	s.clock.add(time.Hour)
	if err := kept.RecordEvent(t.Context(), driver.NewEvent(t.Context(), driver.LoginSucceeded, u.ID)); err != nil {
		t.Fatal(err)
	}
	if n, err := s.db.SweepEvents(t.Context()); n != 0 || err != nil {
		t.Errorf("%d are deleted after an hour by default, %v", n, err)
	}
	for _, want := range []int64{2501, 0} { // with the sign-up
		if n, err := kept.SweepEvents(t.Context()); n != want || err != nil {
			t.Errorf("%d are deleted, want %d, %v", n, want, err)
		}
	}
	s.clock.add(180*24*time.Hour - time.Second)
	if n, err := s.db.SweepEvents(t.Context()); n != 0 || err != nil {
		t.Errorf("%d are deleted before the default, %v", n, err)
	}
	s.clock.add(time.Second)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.db.RunSweeper(ctx, time.Millisecond) }()
	await(t, func() bool { return s.count(t, `SELECT count(*) FROM ginauth.events`) == 0 })
	stop()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
