package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store"
)

func TestSessionKeptElsewhereIsAdmittedToItsUser(t *testing.T) { // SEC-76, SEC-78
	t.Parallel()
	s := newSetup(t)
	u := s.user(t)
	n := driver.NewSession{UserID: u.ID, Credential: hash('a')}
	a, err := s.db.AdmitSession(t.Context(), n)
	if err != nil || !a.At.Equal(s.clock.now()) {
		t.Fatalf("admission %+v at %v: %v", a, s.clock.now(), err)
	}
	session := newDigest()
	found, at, err := s.db.FindAdmitted(t.Context(), u.ID, session, a.Epoch)
	if err != nil || found.ID != u.ID || !at.Equal(a.At) {
		t.Fatalf("found %+v at %v: %v", found, at, err)
	}
	for name, refused := range map[string]driver.NewSession{
		"another password": {UserID: u.ID, Credential: hash('b')},
		"an unknown user":  {UserID: "00000000-0000-0000-0000-000000000000"},
		"nobody":           {},
	} {
		if _, err := s.db.AdmitSession(t.Context(), refused); !errors.Is(err, driver.ErrNoUser) {
			t.Errorf("%s: %v", name, err)
		}
	}
	s.exec(t, `UPDATE ginauth.users SET disabled_at = now()`)
	if _, err := s.db.AdmitSession(t.Context(), n); !errors.Is(err, driver.ErrNoUser) {
		t.Errorf("a disabled user: %v", err)
	}
	if _, _, err := s.db.FindAdmitted(t.Context(), u.ID, session, a.Epoch); !errors.Is(err, driver.ErrNoSession) {
		t.Errorf("a disabled user's session: %v", err)
	}
}

func TestSessionKeptElsewhereEnds(t *testing.T) { // SEC-73, SEC-77
	t.Parallel()
	for name, end := range map[string]func(*testing.T, *setup, driver.UserID, driver.Digest) error{
		"alone": func(t *testing.T, s *setup, _ driver.UserID, d driver.Digest) error {
			t.Helper()
			return errors.Join(
				s.db.EndAdmitted(t.Context(), d, s.clock.now().Add(time.Hour)),
				s.db.EndAdmitted(t.Context(), d, s.clock.now().Add(time.Hour))) // twice is no error
		},
		"with its user's": func(t *testing.T, s *setup, id driver.UserID, _ driver.Digest) error {
			t.Helper()
			return s.db.RevokeUserSessions(t.Context(), id, "")
		},
		"with everybody's": func(t *testing.T, s *setup, _ driver.UserID, _ driver.Digest) error {
			t.Helper()
			return s.db.RevokeAllSessions(t.Context())
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSetup(t)
			u, d := s.user(t), newDigest()
			a, err := s.db.AdmitSession(t.Context(), driver.NewSession{UserID: u.ID})
			if err != nil {
				t.Fatal(err)
			}
			if err := end(t, s, u.ID, d); err != nil {
				t.Fatal(err)
			}
			if _, _, err := s.db.FindAdmitted(t.Context(), u.ID, d, a.Epoch); !errors.Is(err, driver.ErrNoSession) {
				t.Errorf("it lives: %v", err)
			}
			if a, err = s.db.AdmitSession(t.Context(), driver.NewSession{UserID: u.ID}); err != nil {
				t.Fatal(err)
			}
			if _, _, err := s.db.FindAdmitted(t.Context(), u.ID, newDigest(), a.Epoch); err != nil {
				t.Errorf("the next session: %v", err)
			}
		})
	}
}

func TestEndedSessionsAreForgottenInTime(t *testing.T) { // SEC-71, SEC-148
	t.Parallel()
	s := newSetup(t)
	for i := range 3 {
		if err := s.db.EndAdmitted(t.Context(), newDigest(), s.clock.now().Add(time.Duration(i)*time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	s.clock.add(time.Hour)
	if n, err := s.db.Sweep(t.Context()); n != 2 || err != nil {
		t.Errorf("%d swept: %v", n, err)
	}
	if n := s.count(t, `SELECT count(*) FROM ginauth.ended_sessions`); n != 1 {
		t.Errorf("%d are left", n)
	}
	if err := s.db.EndAdmitted(t.Context(), newDigest(), time.Time{}); err == nil {
		t.Error("an end that would never be forgotten")
	}
}

var _ driver.Authority[store.User] = (*store.DB[store.User])(nil)
