package store_test

import (
	"testing"
	"time"

	"github.com/ginauth/ginauth/store"
)

const writeEvents = `INSERT INTO ginauth.events (at, kind, outcome) SELECT $1::timestamptz, 'x', 'success' FROM generate_series(1, $2::bigint)`

// Ids do not tell the age of an event that a wrong clock has written.
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
