package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store"
)

func set(object string) driver.SessionChange {
	return driver.SessionChange{Set: json.RawMessage(object)}
}

func (s *setup) update(tb testing.TB, d driver.Digest, change driver.SessionChange) driver.Session {
	tb.Helper()
	r, err := s.db.UpdateSession(tb.Context(), d, change)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func TestUpdateMergesKeyByKey(t *testing.T) {
	t.Parallel()
	inEveryMode(t, func(t *testing.T, s *setup) { //nolint:thelper // the test itself
		n := sessionOf(s.user(t).ID)
		n.Data = json.RawMessage(`{"a": 1, "b": {"c": 2}, "d": 3}`)
		s.session(t, n)
		for _, step := range []struct {
			change  driver.SessionChange
			want    string
			version int64
		}{
			{set(`{"a": "x"}`), `{"a": "x", "b": {"c": 2}, "d": 3}`, 1},
			{set(`{"b": {"e": 4}}`), `{"a": "x", "b": {"e": 4}, "d": 3}`, 2},
			{driver.SessionChange{Unset: []string{"d", "missing"}}, `{"a": "x", "b": {"e": 4}}`, 3},
			{driver.SessionChange{Set: json.RawMessage(`{"a": 5}`), Unset: []string{"a", "b"}}, `{"a": 5}`, 4},
			{set(`{"a": 5}`), `{"a": 5}`, 4},
			{driver.SessionChange{Unset: []string{"missing"}}, `{"a": 5}`, 4},
			{driver.SessionChange{}, `{"a": 5}`, 4},
			{driver.SessionChange{Unset: []string{"a"}}, `{}`, 5},
		} {
			got := s.update(t, n.Digest, step.change)
			if string(got.Data) != step.want || got.Version != step.version {
				t.Errorf("%s - %v: %s version %d, want %s version %d", step.change.Set, step.change.Unset, got.Data, got.Version, step.want, step.version)
			}
			found, err := s.db.FindSession(t.Context(), n.Digest)
			if diff := cmp.Diff(got, found, addrs); diff != "" || err != nil {
				t.Errorf("what was returned is not what was stored: %v\n%s", err, diff)
			}
		}
	})
}

func TestUpdateKeepsTheUserAndTheTimes(t *testing.T) {
	t.Parallel()
	inEveryMode(t, func(t *testing.T, s *setup) { //nolint:thelper // the test itself
		n := sessionOf(s.user(t).ID)
		want := s.session(t, n)
		for _, change := range []driver.SessionChange{{}, set(`{"a": 1}`)} {
			s.clock.add(time.Minute)
			got := s.update(t, n.Digest, change)
			want.LastSeenAt, want.ReadAt = s.clock.now(), s.clock.now()
			want.Data, want.Version = got.Data, got.Version
			if diff := cmp.Diff(want, got, addrs); diff != "" {
				t.Errorf("after %s (-want +got):\n%s", change.Set, diff)
			}
		}
	})
}

func TestRotationMakesTheOldDigestWorthless(t *testing.T) { // SEC-64, SEC-65
	t.Parallel()
	inEveryMode(t, func(t *testing.T, s *setup) { //nolint:thelper // the test itself
		for name, change := range map[string]driver.SessionChange{"alone": {}, "with data": set(`{"b": 2}`)} {
			n := sessionOf(s.user(t).ID)
			n.Data = json.RawMessage(`{"a": 1}`)
			before := s.session(t, n)
			change.Digest = newDigest()
			after := s.update(t, n.Digest, change)
			if after.ID != before.ID || !strings.Contains(string(after.Data), `"a": 1`) {
				t.Errorf("%s: %+v became %+v", name, before, after)
			}
			if err := s.find(t, n.Digest); !errors.Is(err, driver.ErrNoSession) {
				t.Errorf("%s: the old digest: %v", name, err)
			}
			if err := s.find(t, change.Digest); err != nil {
				t.Errorf("%s: the new digest: %v", name, err)
			}
			if _, err := s.db.UpdateSession(t.Context(), n.Digest, set(`{"c": 3}`)); !errors.Is(err, driver.ErrNoSession) {
				t.Errorf("%s: writing under the old digest: %v", name, err)
			}
		}
	})
}

func TestRotationNeverTakesOverASession(t *testing.T) { // SEC-63
	t.Parallel()
	s := newSetup(t)
	mine, other := sessionOf(s.user(t).ID), sessionOf(s.user(t).ID)
	s.session(t, mine)
	s.session(t, other)
	for _, change := range []driver.SessionChange{{}, set(`{"a": 1}`)} {
		change.Digest = other.Digest
		if _, err := s.db.UpdateSession(t.Context(), mine.Digest, change); err == nil {
			t.Error("a session took another one's digest")
		}
	}
	for _, d := range []driver.Digest{mine.Digest, other.Digest} {
		if err := s.find(t, d); err != nil {
			t.Error(err)
		}
	}
}

func TestTouchNeverMovesBack(t *testing.T) { // SEC-67, SEC-72
	t.Parallel()
	inEveryMode(t, func(t *testing.T, s *setup) { //nolint:thelper // the test itself
		n := sessionOf("")
		s.session(t, n)
		s.clock.add(10 * time.Minute)
		latest := s.clock.now()
		s.update(t, n.Digest, driver.SessionChange{})
		s.clock.add(-5 * time.Minute)
		for _, change := range []driver.SessionChange{{}, set(`{"a": 1}`)} {
			if got := s.update(t, n.Digest, change).LastSeenAt; !got.Equal(latest) {
				t.Errorf("last seen at %v, want %v", got, latest)
			}
		}
	})
}

func TestUpdateLimitsData(t *testing.T) { // SEC-59
	t.Parallel()
	inEveryMode(t, func(t *testing.T, s *setup) { //nolint:thelper // the test itself
		const limit = 100
		s.db = store.New[store.User](s.pool, store.WithMaxData(limit), store.WithNow(s.clock.now), unhurried)
		n := sessionOf("")
		n.Data = json.RawMessage(`{"a": "` + strings.Repeat("x", 50) + `"}`)
		before := s.session(t, n)
		s.clock.add(time.Minute)
		row := s.rowData(t, n.Digest)
		for _, size := range []int{50, 1000, 100_000} {
			change := set(`{"b": "` + strings.Repeat("y", size) + `"}`)
			change.Digest = newDigest()
			if _, err := s.db.UpdateSession(t.Context(), n.Digest, change); !errors.Is(err, driver.ErrSessionTooLarge) {
				t.Errorf("%d bytes more: %v", size, err)
			}
		}
		if got := s.rowData(t, n.Digest); got != row {
			t.Errorf("a refused change wrote: %s became %s", row, got)
		}
		fits := driver.SessionChange{Set: json.RawMessage(`{"b": "` + strings.Repeat("y", 50) + `"}`), Unset: []string{"a"}}
		if got := s.update(t, n.Digest, fits); got.Version != before.Version+1 {
			t.Errorf("version %d after a change that fits", got.Version)
		}
		if _, err := s.db.UpdateSession(t.Context(), newDigest(), set(`{"b": "`+strings.Repeat("y", 200)+`"}`)); !errors.Is(err, driver.ErrNoSession) {
			t.Errorf("too large for a session that is not there: %v", err)
		}
	})
}

func (s *setup) rowData(t *testing.T, d driver.Digest) (row string) {
	t.Helper()
	if err := s.pool.QueryRow(t.Context(), `SELECT s::text FROM ginauth.sessions AS s WHERE digest = $1`, d[:]).Scan(&row); err != nil {
		t.Fatal(err)
	}
	return row
}

func TestUpdateRefusesWhatIsNoObject(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	n := sessionOf("")
	s.session(t, n)
	for _, object := range []string{`[1]`, `"secret"`, `{"secret`, "{\"a\": \"\\u0000\"}"} {
		_, err := s.db.UpdateSession(t.Context(), n.Digest, set(object))
		if err == nil || errors.Is(err, driver.ErrUnavailable) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", object, err)
		}
	}
	if got := s.rowData(t, n.Digest); !strings.Contains(got, "{}") {
		t.Errorf("data was written: %s", got)
	}
}

func TestParallelUpdatesKeepEachOthersKeys(t *testing.T) { // SEC-151
	t.Parallel()
	s := newSetup(t)
	n := sessionOf(s.user(t).ID)
	s.session(t, n)
	const callers, rounds = 16, 100
	for round := range rounds {
		errs := together(callers, func(ctx context.Context, i int) error {
			_, err := s.db.UpdateSession(ctx, n.Digest, set(fmt.Sprintf(`{"c%d": %d}`, i, round)))
			return err
		})
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
		got, err := s.db.FindSession(t.Context(), n.Digest)
		if err != nil {
			t.Fatal(err)
		}
		var data map[string]int
		if err := json.Unmarshal(got.Data, &data); err != nil {
			t.Fatal(err)
		}
		for key, value := range data {
			if value != round {
				t.Errorf("round %d: %s is of round %d", round, key, value)
			}
		}
		if want := callers * (round + 1); len(data) != callers || got.Version != int64(want) {
			t.Fatalf("%d keys and version %d after %d updates", len(data), got.Version, want)
		}
	}
}

// Of the requests that write one key at once, the last one wins: the one whose answer has the
// highest version.
func TestLastWriterOfAKeyWins(t *testing.T) { // SEC-151
	t.Parallel()
	s := newSetup(t)
	n := sessionOf(s.user(t).ID)
	s.session(t, n)
	const callers, rounds = 16, 100
	for round := range rounds {
		answers := make([]driver.Session, callers)
		errs := together(callers, func(ctx context.Context, i int) (err error) {
			answers[i], err = s.db.UpdateSession(ctx, n.Digest, set(fmt.Sprintf(`{"k": "%d by %d"}`, round, i)))
			return err
		})
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
		got, err := s.db.FindSession(t.Context(), n.Digest)
		if err != nil {
			t.Fatal(err)
		}
		last := slices.MaxFunc(answers, func(a, b driver.Session) int { return int(a.Version - b.Version) })
		if string(got.Data) != string(last.Data) || got.Version != last.Version || got.Version != int64(callers*(round+1)) {
			t.Fatalf("round %d: %s in version %d, but the last writer wrote %s in version %d", round, got.Data, got.Version, last.Data, last.Version)
		}
	}
}

func TestOneSuccessorOfParallelRotations(t *testing.T) { // SEC-66
	t.Parallel()
	s := newSetup(t)
	for round := range 20 {
		n := sessionOf(s.user(t).ID)
		s.session(t, n)
		successors := make([]driver.Digest, 16)
		errs := together(16, func(ctx context.Context, i int) error {
			change := driver.SessionChange{Digest: newDigest()}
			if round%2 == 0 {
				change.Set = json.RawMessage(`{"a": 1}`)
			}
			successors[i] = change.Digest
			_, err := s.db.UpdateSession(ctx, n.Digest, change)
			return err
		})
		alive := 0
		for i, err := range errs {
			if err != nil && !errors.Is(err, driver.ErrNoSession) {
				t.Error(err)
			}
			found := s.find(t, successors[i])
			if found == nil {
				alive++
			}
			if (found == nil) != (err == nil) {
				t.Errorf("the rotation answered %v, and then its digest %v", err, found)
			}
		}
		if alive != 1 {
			t.Fatalf("%d live successors, want 1", alive)
		}
	}
}

func TestWriteNeverBringsASessionBack(t *testing.T) { // SEC-75, SEC-151
	t.Parallel()
	s := newSetup(t)
	for range 100 {
		n := sessionOf(s.user(t).ID)
		s.session(t, n)
		errs := together(17, func(ctx context.Context, i int) error {
			switch {
			case i == 8:
				return s.db.DeleteSession(ctx, n.Digest)
			case i%2 == 0:
				_, err := s.db.UpdateSession(ctx, n.Digest, driver.SessionChange{})
				return err
			}
			_, err := s.db.UpdateSession(ctx, n.Digest, set(`{"a": 1}`))
			return err
		})
		for _, err := range errs {
			if err != nil && !errors.Is(err, driver.ErrNoSession) {
				t.Error(err)
			}
		}
		if err := s.find(t, n.Digest); !errors.Is(err, driver.ErrNoSession) {
			t.Fatalf("a deleted session is back: %v", err)
		}
	}
}
