package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/refresh"
	"github.com/ginauth/ginauth/store"
)

// reuses end a login by a token that was replaced, of a session or of a family of refresh tokens.
var reuses = map[string]func(*testing.T, *setup, *store.DB[store.User], driver.UserID){
	"a refresh token": func(t *testing.T, s *setup, db *store.DB[store.User], u driver.UserID) {
		t.Helper()
		token := refresh.New()
		if _, err := s.db.CreateRefreshFamily(t.Context(), familyOf(u, token)); err != nil {
			t.Fatal(err)
		}
		for i := range 4 {
			next, seal := token.Next()
			_, err := db.RotateRefreshToken(t.Context(), driver.RefreshRotation{Key: token.Key(), Next: next.Key().Digest, Seal: seal, Grace: time.Second})
			if want := []error{nil, nil, driver.ErrTokenReused, driver.ErrNoSession}[i]; !errors.Is(err, want) {
				t.Fatalf("use %d: %v", i+1, err)
			}
			if i == 1 {
				s.clock.add(time.Minute)
			}
		}
	},
	"a rotated session": func(t *testing.T, s *setup, db *store.DB[store.User], u driver.UserID) {
		t.Helper()
		r := s.session(t, sessionOf(u))
		if _, err := s.db.UpdateSession(t.Context(), r.Digest, driver.SessionChange{Digest: newDigest(), Grace: time.Second}); err != nil {
			t.Fatal(err)
		}
		if _, err := db.FindRotated(t.Context(), r.Digest); err != nil {
			t.Fatal(err)
		}
		s.clock.add(time.Minute)
		for _, want := range []error{driver.ErrTokenReused, driver.ErrNoSession} {
			if _, err := db.FindRotated(t.Context(), r.Digest); !errors.Is(err, want) {
				t.Fatal(err)
			}
		}
	},
}

func TestReuseThatEndsALoginIsToldByMail(t *testing.T) { // SEC-193
	t.Parallel()
	for name, reuse := range reuses {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSetup(t)
			u, stranger, quiet := s.user(t), s.user(t), s.user(t)
			s.verify(t, u)
			s.verify(t, quiet)
			reuse(t, s, s.telling(), u.ID)
			reuse(t, s, s.telling(), stranger.ID) // an address that nobody proved
			reuse(t, s, s.db, quiet.ID)           // without WithMail
			mails, err := s.db.ClaimMail(t.Context(), 10, time.Minute)
			if err != nil || len(mails) != 1 || mails[0].Kind != driver.MailReuse {
				t.Fatalf("%+v, %v", mails, err)
			}
			to, err := s.db.PrepareMail(t.Context(), mails[0].ID, driver.Digest{}, 0)
			if err != nil || to.Email != u.Email {
				t.Errorf("%+v, %v", to, err)
			}
		})
	}
}
