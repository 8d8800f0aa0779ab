package store_test

import (
	"slices"
	"testing"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
)

func TestAListOfEventsGoesOnWhereThePageBeforeEnded(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	u, other := s.user(t), s.user(t)
	for i := range 7 {
		if i != 3 { // two are of one time
			s.clock.add(time.Second)
		}
		for _, id := range []driver.UserID{u.ID, other.ID} {
			if err := s.db.RecordEvent(t.Context(), driver.NewEvent(t.Context(), driver.LoginFailed, id)); err != nil {
				t.Fatal(err)
			}
		}
	}
	var ids []int64
	for before := (time.Time{}); ; {
		page, err := s.db.UserEvents(t.Context(), u.ID, before, 3)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		for _, e := range page {
			if e.User != u.ID {
				t.Errorf("an event of %s", e.User)
			}
			ids = append(ids, e.ID)
		}
		before = page[len(page)-1].At
	}
	sorted := slices.Clone(ids)
	slices.Sort(sorted)
	slices.Reverse(sorted)
	if len(slices.Compact(sorted)) != 8 || !slices.Equal(ids, sorted) { // and the sign-up
		t.Errorf("%d events, in the order %v", len(ids), ids)
	}
	for _, limit := range []int{0, -1, 1001} {
		if _, err := s.db.UserEvents(t.Context(), u.ID, time.Time{}, limit); err == nil {
			t.Errorf("limit %d is taken", limit)
		}
	}
}
