package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store"
)

const grace = 20 * time.Second

func (s *setup) rotate(t *testing.T, d driver.Digest, grace time.Duration) driver.Session {
	t.Helper()
	return s.update(t, d, driver.SessionChange{Digest: newDigest(), Grace: grace})
}

func (s *setup) findRotated(t *testing.T, d driver.Digest) error {
	t.Helper()
	_, err := s.db.FindRotated(t.Context(), d)
	return err
}

func TestRotatedSessionIsFoundWithinTheGrace(t *testing.T) { // SEC-66
	t.Parallel()
	inEveryMode(t, func(t *testing.T, s *setup) { //nolint:thelper // the test itself
		for name, change := range map[string]driver.SessionChange{"alone": {}, "with data": set(`{"b": 2}`)} {
			n := sessionOf(s.user(t).ID)
			s.session(t, n)
			change.Digest, change.Grace = newDigest(), grace
			want := s.update(t, n.Digest, change)
			if want.Digest != change.Digest {
				t.Errorf("%s: the record has another digest than it is stored under", name)
			}
			s.clock.add(grace - time.Microsecond)
			want.ReadAt = s.clock.now()
			for range 2 {
				got, err := s.db.FindRotated(t.Context(), n.Digest)
				if diff := cmp.Diff(want, got, addrs); diff != "" || err != nil {
					t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
				}
			}
			if _, err := s.db.FindSession(t.Context(), n.Digest); !errors.Is(err, driver.ErrNoSession) {
				t.Errorf("%s: the old digest as if it were the new: %v", name, err)
			}
		}
	})
}

func TestLateUseOfARotatedTokenEndsTheSession(t *testing.T) { // SEC-82
	t.Parallel()
	inEveryMode(t, func(t *testing.T, s *setup) { //nolint:thelper // the test itself
		for _, grace := range []time.Duration{time.Microsecond, grace} {
			n, other := sessionOf(s.user(t).ID), sessionOf(s.user(t).ID)
			s.session(t, n)
			s.session(t, other)
			rotated := s.rotate(t, n.Digest, grace)
			s.clock.add(grace)
			got, err := s.db.FindRotated(t.Context(), n.Digest)
			if !errors.Is(err, driver.ErrTokenReused) || got.ID != rotated.ID || got.UserID != n.UserID {
				t.Errorf("after %v: %+v, %v", grace, got, err)
			}
			if err := s.find(t, rotated.Digest); !errors.Is(err, driver.ErrNoSession) {
				t.Errorf("after %v: the session: %v", grace, err)
			}
			if s.count(t, `SELECT count(*) FROM ginauth.sessions WHERE id = $1`, string(rotated.ID)) != 0 {
				t.Errorf("after %v: the row is still there", grace)
			}
			if err := s.findRotated(t, n.Digest); !errors.Is(err, driver.ErrNoSession) {
				t.Errorf("after %v: a second time: %v", grace, err)
			}
			s.wantAlive(t, "another user's", []bool{true}, other)
		}
	})
}

func TestRotationWithoutGraceForgetsTheOldDigest(t *testing.T) {
	t.Parallel()
	inEveryMode(t, func(t *testing.T, s *setup) { //nolint:thelper // the test itself
		for _, grace := range []time.Duration{-time.Hour, 0} {
			n := sessionOf(s.user(t).ID)
			s.session(t, n)
			first := s.rotate(t, n.Digest, time.Hour)
			second := s.rotate(t, first.Digest, grace)
			for name, d := range map[string]driver.Digest{"first": n.Digest, "second": first.Digest} {
				if err := s.findRotated(t, d); !errors.Is(err, driver.ErrNoSession) {
					t.Errorf("the %s digest: %v", name, err)
				}
			}
			if err := s.find(t, second.Digest); err != nil {
				t.Errorf("the session: %v", err)
			}
		}
	})
}

func TestOnlyTheLastRotationIsRemembered(t *testing.T) { // SEC-66
	t.Parallel()
	s := newSetup(t)
	n := sessionOf(s.user(t).ID)
	s.session(t, n)
	first := s.rotate(t, n.Digest, grace)
	s.clock.add(time.Second)
	second := s.rotate(t, first.Digest, grace)
	if err := s.findRotated(t, n.Digest); !errors.Is(err, driver.ErrNoSession) {
		t.Errorf("the first digest of three: %v", err)
	}
	if err := s.findRotated(t, first.Digest); err != nil {
		t.Errorf("the second digest of three: %v", err)
	}
	for _, unknown := range []driver.Digest{second.Digest, newDigest(), {}} {
		if err := s.findRotated(t, unknown); !errors.Is(err, driver.ErrNoSession) {
			t.Errorf("a digest that was not rotated: %v", err)
		}
	}
	// A change that keeps the digest keeps the digest before it.
	for _, change := range []driver.SessionChange{{}, set(`{"a": 1}`), {Grace: time.Hour, Authenticated: true}} {
		s.update(t, second.Digest, change)
	}
	s.clock.add(grace)
	if err := s.findRotated(t, first.Digest); !errors.Is(err, driver.ErrTokenReused) {
		t.Errorf("the second digest of three, late: %v", err)
	}
	if err := s.find(t, second.Digest); !errors.Is(err, driver.ErrNoSession) {
		t.Errorf("the session: %v", err)
	}
}

func TestGraceNeverRevivesAnEndedSession(t *testing.T) { // SEC-67, SEC-68, SEC-75, SEC-76
	t.Parallel()
	for name, end := range map[string]func(ctx context.Context, s *setup, r driver.Session) error{
		"deleted": func(ctx context.Context, s *setup, r driver.Session) error {
			return s.db.DeleteSession(ctx, r.Digest)
		},
		"revoked": func(ctx context.Context, s *setup, r driver.Session) error {
			return s.db.RevokeSession(ctx, r.UserID, r.ID)
		},
		"all hers": func(ctx context.Context, s *setup, r driver.Session) error {
			return s.db.RevokeUserSessions(ctx, r.UserID, "")
		},
		"all":     func(ctx context.Context, s *setup, _ driver.Session) error { return s.db.RevokeAllSessions(ctx) },
		"idle":    func(_ context.Context, s *setup, _ driver.Session) error { s.clock.add(idleTimeout); return nil },
		"expired": func(_ context.Context, s *setup, _ driver.Session) error { s.clock.add(lifetime); return nil },
		"disabled": func(ctx context.Context, s *setup, r driver.Session) error {
			_, err := s.pool.Exec(ctx, `UPDATE ginauth.users SET disabled_at = now() WHERE id = $1`, string(r.UserID))
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSetup(t)
			n := sessionOf(s.user(t).ID)
			s.session(t, n)
			r := s.rotate(t, n.Digest, 100*time.Hour)
			if err := s.findRotated(t, n.Digest); err != nil {
				t.Fatal(err)
			}
			if err := end(t.Context(), s, r); err != nil {
				t.Fatal(err)
			}
			if err := s.findRotated(t, n.Digest); !errors.Is(err, driver.ErrNoSession) {
				t.Errorf("FindRotated: %v", err)
			}
		})
	}
}

// Requests that were sent before the token changed find the session by one digest or the other, in
// every process.
func TestNoFalseLogoutOverARotation(t *testing.T) { // SEC-66, SEC-151
	t.Parallel()
	s := newSetup(t)
	second := store.New[store.User](newPool(t, s.pool, func(*pgxpool.Config) {}), store.WithNow(s.clock.now), unhurried)
	dbs := []*store.DB[store.User]{s.db, second}
	n := sessionOf(s.user(t).ID)
	current := s.session(t, n).Digest
	for round := range 100 {
		next := newDigest()
		errs := together(16, func(ctx context.Context, i int) error {
			db := dbs[i%2]
			var err error
			switch {
			case i == 0:
				_, err = db.UpdateSession(ctx, current, driver.SessionChange{Digest: next, Grace: grace})
				return err
			case i < 6:
				_, err = db.UpdateSession(ctx, current, set(`{"a": 1}`))
			default:
				_, _, err = db.FindUserSession(ctx, current)
			}
			if errors.Is(err, driver.ErrNoSession) {
				var r driver.Session
				if r, err = db.FindRotated(ctx, current); err == nil && r.Digest != next {
					err = errors.New("another session was found")
				}
			}
			return err
		})
		if err := errors.Join(errs...); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		current = next
	}
}

// The thief and the owner use one token: the late use ends the session for both, even during
// another rotation.
func TestReuseEndsTheSessionWhileItIsRotated(t *testing.T) { // SEC-82, SEC-151
	t.Parallel()
	s := newSetup(t)
	for range 50 {
		n := sessionOf(s.user(t).ID)
		s.session(t, n)
		r := s.rotate(t, n.Digest, grace)
		s.clock.add(grace)
		var reused [8]bool
		errs := together(9, func(ctx context.Context, i int) error {
			if i == 8 {
				_, err := s.db.UpdateSession(ctx, r.Digest, driver.SessionChange{Digest: newDigest(), Grace: grace})
				return orGone(err)
			}
			_, err := s.db.FindRotated(ctx, n.Digest)
			reused[i] = errors.Is(err, driver.ErrTokenReused)
			return orGone(err)
		})
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
		noticed := reused != [8]bool{}
		left := s.count(t, `SELECT count(*) FROM ginauth.sessions WHERE id = $1`, string(r.ID))
		if noticed && left != 0 || !noticed && left != 1 {
			t.Fatalf("noticed: %v, but %d rows are left", noticed, left)
		}
	}
}

// orGone accepts the answers about a session that has ended.
func orGone(err error) error {
	if errors.Is(err, driver.ErrNoSession) || errors.Is(err, driver.ErrTokenReused) {
		return nil
	}
	return err
}

func TestAuthenticatedMovesTheTimeOfProof(t *testing.T) { // SEC-64
	t.Parallel()
	inEveryMode(t, func(t *testing.T, s *setup) { //nolint:thelper // the test itself
		user, anonymous := sessionOf(s.user(t).ID), sessionOf("")
		proved := s.session(t, user).AuthenticatedAt
		s.session(t, anonymous)
		for _, change := range []driver.SessionChange{{}, set(`{"a": 1}`), {Authenticated: true}, {Set: set(`{"b": 2}`).Set, Authenticated: true}} {
			s.clock.add(time.Minute)
			if change.Authenticated {
				proved = s.clock.now()
			}
			if got := s.update(t, user.Digest, change).AuthenticatedAt; !got.Equal(proved) {
				t.Errorf("%+v: authenticated at %v, want %v", change, got, proved)
			}
			if _, found, err := s.db.FindUserSession(t.Context(), user.Digest); err != nil || !found.AuthenticatedAt.Equal(proved) {
				t.Errorf("%+v: found %v, %v, want %v", change, found.AuthenticatedAt, err, proved)
			}
			if got := s.update(t, anonymous.Digest, change).AuthenticatedAt; !got.IsZero() {
				t.Errorf("%+v: an anonymous session is authenticated at %v", change, got)
			}
		}
	})
}

// A stolen token may come many times at once: its session ends once, and one event is written.
func TestLateUsesAtOnceAreOneEvent(t *testing.T) { // SEC-82, SEC-151
	t.Parallel()
	s := newSetup(t)
	u := s.user(t)
	const callers, rounds = 8, 10
	for range rounds {
		n := sessionOf(u.ID)
		s.session(t, n)
		s.rotate(t, n.Digest, grace)
		s.clock.add(grace)
		reused := 0
		for _, err := range together(callers, func(ctx context.Context, _ int) error {
			_, err := s.db.FindRotated(ctx, n.Digest)
			return err
		}) {
			if errors.Is(err, driver.ErrTokenReused) {
				reused++
			} else if !errors.Is(err, driver.ErrNoSession) {
				t.Error(err)
			}
		}
		if reused != 1 {
			t.Errorf("%d callers were told of the reuse", reused)
		}
	}
	if n := s.count(t, `SELECT count(*) FROM ginauth.events WHERE kind = 'authn_token_reuse'`); n != rounds {
		t.Errorf("%d events of %d sessions", n, rounds)
	}
}
