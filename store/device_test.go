package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// loggedIn makes a device known to the user, after wrong guesses and a right one.
func (s *setup) loggedIn(tb testing.TB, u driver.UserID, a driver.Attempt) driver.Attempt {
	tb.Helper()
	s.count1(tb, a)
	device := newLimitKey()
	if !s.settle(tb, a, driver.Settlement{User: u, Browser: device, Keep: 365 * 24 * time.Hour, Limit: 20}) {
		tb.Fatal("the device is not known")
	}
	a.Guess.Browser = device
	return a
}

func TestKnownDeviceGetsInWhileOthersAreLockedOut(t *testing.T) { // SEC-43
	t.Parallel()
	inEveryMode(t, func(t *testing.T, s *setup) {
		t.Helper()
		u := s.user(t).ID
		attacker := guessAt(newLimitKey(), newLimitKey())
		owner := s.loggedIn(t, u, guessAt(attacker.Guess.Key, newLimitKey()))
		for range 6 {
			s.count1(t, attacker)
		}
		if v := s.count1(t, attacker); v.Wait == 0 {
			t.Fatal("the attacker is not locked out")
		}
		for range 3 { // a few typing errors, and then in; again and again
			for range 9 {
				if v := s.count1(t, owner); v.Wait != 0 || !v.Known {
					t.Fatalf("the owner: %+v", v)
				}
			}
			s.settle(t, owner, driver.Settlement{Known: true, User: u, Keep: time.Hour * 24 * 365, Limit: 20})
		}
		if n := s.count(t, `SELECT failures FROM ginauth.throttles WHERE key = $1`, attacker.Guess.Key[:]); n != 6 {
			t.Errorf("the attacker's 6 failures are %d", n)
		}
		for range 10 {
			s.count1(t, owner)
		}
		if v := s.count1(t, owner); v.Wait == 0 || !v.Guesses || v.Known {
			t.Errorf("the eleventh failure in a row: %+v", v)
		}
	})
}

func TestDeviceIsKnownForItsOwnUserAndTime(t *testing.T) { // SEC-43
	t.Parallel()
	for name, end := range map[string]func(t *testing.T, s *setup, u driver.UserID){
		"revoked": func(t *testing.T, s *setup, u driver.UserID) {
			t.Helper()
			_ = s.db.RevokeUserSessions(t.Context(), u, "")
		},
		"all": func(t *testing.T, s *setup, _ driver.UserID) {
			t.Helper()
			_ = s.db.RevokeAllSessions(t.Context())
		},
		"expired": func(_ *testing.T, s *setup, _ driver.UserID) { s.clock.add(365 * 24 * time.Hour) },
		"deleted": func(t *testing.T, s *setup, u driver.UserID) {
			t.Helper()
			s.exec(t, `DELETE FROM ginauth.users WHERE id = $1`, string(u))
		},
		"password": func(t *testing.T, s *setup, u driver.UserID) {
			t.Helper()
			s.exec(t, `UPDATE ginauth.users SET session_epoch = session_epoch + 1 WHERE id = $1`, string(u))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSetup(t)
			u := s.user(t).ID
			owner := s.loggedIn(t, u, guessAt(newLimitKey(), newLimitKey()))
			if v := s.count1(t, owner); !v.Known {
				t.Fatalf("%+v", v)
			}
			end(t, s, u)
			if v := s.count1(t, owner); v.Known {
				t.Errorf("it is still known: %+v", v)
			}
		})
	}
}

func TestUsersHaveABoundedNumberOfDevices(t *testing.T) { // SEC-48
	t.Parallel()
	s := newSetup(t)
	u := s.user(t).ID
	key := newLimitKey()
	first := s.loggedIn(t, u, guessAt(key, newLimitKey()))
	errs := together(64, func(ctx context.Context, _ int) error {
		_, err := s.db.SettleAttempt(ctx, driver.Settlement{User: u, Browser: newLimitKey(), Keep: time.Hour, Limit: 20})
		return err
	})
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	if n := s.count(t, `SELECT count(*) FROM ginauth.known_devices WHERE user_id = $1`, string(u)); n != 20 {
		t.Errorf("%d devices, want 20", n)
	}
	s.clock.add(time.Second)
	last := s.loggedIn(t, u, guessAt(key, newLimitKey()))
	if v := s.count1(t, last); !v.Known {
		t.Errorf("the newest device: %+v", v)
	}
	s.clock.add(time.Second)
	for range 20 {
		s.loggedIn(t, u, guessAt(key, newLimitKey()))
	}
	if v := s.count1(t, first); v.Known {
		t.Errorf("the oldest device: %+v", v)
	}
}

func TestNobodysDeviceIsNotKept(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	for _, u := range []driver.UserID{"", "x", "00000000-0000-4000-8000-000000000009"} {
		if s.settle(t, driver.Attempt{}, driver.Settlement{User: u, Browser: newLimitKey(), Keep: time.Hour, Limit: 20}) {
			t.Errorf("%q has a device", u)
		}
	}
}
