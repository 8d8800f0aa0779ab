package store_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/refresh"
	"github.com/ginauth/ginauth/store"
)

func toyFactor(t *testing.T, u store.User) driver.NewFactor {
	t.Helper()
	id, err := uuid.NewRandom()
	if err != nil {
		t.Fatal(err)
	}
	return driver.NewFactor{ID: driver.FactorID(id.String()), UserID: u.ID, Kind: "toy", Gates: true, Confirmed: true}
}

func (s *setup) factor(t *testing.T, u store.User) driver.NewFactor {
	t.Helper()
	f := toyFactor(t, u)
	if err := s.db.AddFactor(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	return f
}

func halfOf(u store.User) driver.NewPendingLogin {
	return driver.NewPendingLogin{Digest: driver.NewToken().Digest(), UserID: u.ID, Methods: "pwd", Lifetime: 10 * time.Minute}
}

// half begins a login of a user who has a second factor.
func (s *setup) half(t *testing.T, u store.User) driver.Digest {
	t.Helper()
	n := halfOf(u)
	if _, err := s.db.CreatePendingLogin(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	return n.Digest
}

// SEC-121, SEC-122: whatever callers race for, and whatever of it they want, one of 16 completes a login that
// is under way, and none after a change of the password.
func TestOneOfManyCallersCompletesALogin(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	u := s.user(t)
	s.factor(t, u)
	const rounds, callers = 100, 16
	for round := range rounds {
		half, ended, want := s.half(t, u), round%5 == 4, int64(1)
		if ended {
			want = 0
			if err := s.db.RevokeUserSessions(t.Context(), u.ID, ""); err != nil {
				t.Fatal(err)
			}
		}
		var won atomic.Int64
		var all sync.WaitGroup
		for i := range callers {
			all.Go(func() {
				if err := s.complete(t, u, half, i); err == nil {
					won.Add(1)
				} else if !errors.Is(err, driver.ErrNoPendingLogin) {
					t.Errorf("round %d, caller %d: %v", round, i, err)
				}
			})
		}
		all.Wait()
		if won.Load() != want {
			t.Fatalf("round %d: %d callers completed one login, want %d", round, won.Load(), want)
		}
	}
}

// complete completes a login in one of the ways that there are.
func (s *setup) complete(t *testing.T, u store.User, half driver.Digest, way int) error {
	t.Helper()
	n := sessionOf(u.ID)
	n.Pending = half
	switch way % 4 {
	case 0:
		_, err := s.db.CreateSession(t.Context(), n)
		return err
	case 1:
		n.Limit = 5
		_, err := s.db.CreateSession(t.Context(), n)
		return err
	case 2:
		_, err := s.db.AdmitSession(t.Context(), n)
		return err
	default:
		f := familyOf(u.ID, refresh.New())
		f.Pending = half
		_, err := s.db.CreateRefreshFamily(t.Context(), f)
		return err
	}
}
