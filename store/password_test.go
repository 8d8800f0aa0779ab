package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/password"
	"github.com/ginauth/ginauth/ginauth/refresh"
	"github.com/ginauth/ginauth/store"
)

func (s *setup) hashOf(tb testing.TB, u store.User) password.Hash {
	tb.Helper()
	canonical, err := driver.CanonicalEmail(u.Email)
	if err != nil {
		tb.Fatal(err)
	}
	_, h, err := s.db.FindCredential(tb.Context(), canonical)
	if err != nil {
		tb.Fatal(err)
	}
	return h
}

// belongings are a session, a login by refresh tokens and an API key of one user.
type belongings struct {
	session driver.Session
	login   driver.RefreshFamily
	key     driver.Digest
}

func (s *setup) belongings(t *testing.T, u driver.UserID) belongings {
	t.Helper()
	b := belongings{session: s.session(t, sessionOf(u)), key: newDigest()}
	var err error
	if b.login, err = s.db.CreateRefreshFamily(t.Context(), driver.NewRefreshFamily{Key: refresh.New().Key(), UserID: u, Lifetime: lifetime, IdleTimeout: idleTimeout}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.db.CreateAPIKey(t.Context(), driver.NewAPIKey{Digest: b.key, UserID: u, Name: "nightly", Start: "gak_"}); err != nil {
		t.Fatal(err)
	}
	return b
}

// want says which of them are to be found.
func (s *setup) want(t *testing.T, b belongings, u driver.UserID, session, login, key bool) {
	t.Helper()
	if err := s.find(t, b.session.Digest); (err == nil) != session {
		t.Errorf("the session: %v, want it %v", err, session)
	}
	if _, err := s.db.FindTokenUser(t.Context(), u, b.login.ID); (err == nil) != login {
		t.Errorf("the login: %v, want it %v", err, login)
	}
	if _, _, err := s.db.FindAPIKey(t.Context(), b.key); (err == nil) != key {
		t.Errorf("the key: %v, want it %v", err, key)
	}
}

func TestSetPasswordEndsAllButTheSessionThatIsKept(t *testing.T) { // SEC-64, SEC-77
	t.Parallel()
	inEveryMode(t, func(t *testing.T, s *setup) {
		t.Helper()
		u, stranger := s.user(t), s.user(t)
		kept, lost, theirs := s.session(t, sessionOf(u.ID)), s.belongings(t, u.ID), s.belongings(t, stranger.ID)
		s.clock.add(time.Minute)
		successor := newDigest()
		got, err := s.db.SetPassword(t.Context(), driver.PasswordChange{UserID: u.ID, Old: hash('a'), New: hash('b'), Session: kept.ID, Digest: successor, Authenticated: true})
		if err != nil || !got.Kept {
			t.Fatalf("%+v, %v", got, err)
		}
		if admitted, err := s.db.AdmitSession(t.Context(), driver.NewSession{UserID: u.ID}); err != nil || admitted.Epoch != got.Epoch {
			t.Errorf("the epoch is %d, not %d, %v", admitted.Epoch, got.Epoch, err)
		}
		r, err := s.db.FindSession(t.Context(), successor)
		if err != nil || r.ID != kept.ID || !r.AuthenticatedAt.Equal(s.clock.now()) || !r.ExpiresAt.Equal(kept.ExpiresAt) {
			t.Errorf("the session that is kept: %+v, %v", r, err)
		}
		if err := s.find(t, kept.Digest); !errors.Is(err, driver.ErrNoSession) {
			t.Errorf("its old digest: %v", err)
		}
		if _, err := s.db.FindRotated(t.Context(), kept.Digest); !errors.Is(err, driver.ErrNoSession) {
			t.Errorf("its old digest has a grace: %v", err)
		}
		s.want(t, lost, u.ID, false, false, true)
		s.want(t, theirs, stranger.ID, true, true, true)
		if got := s.hashOf(t, u); got.Reveal() != hash('b').Reveal() {
			t.Errorf("the hash is %v", got)
		}
	})
}

func TestSetPasswordKeepsNothingOfSomebodyElse(t *testing.T) { // SEC-79
	t.Parallel()
	s := newSetup(t)
	u, stranger := s.user(t), s.user(t)
	theirs := s.session(t, sessionOf(stranger.ID))
	got, err := s.db.SetPassword(t.Context(), driver.PasswordChange{UserID: u.ID, Old: hash('a'), New: hash('b'), Session: theirs.ID, Digest: newDigest()})
	if err != nil || got.Kept {
		t.Errorf("%+v, %v", got, err)
	}
	if err := s.find(t, theirs.Digest); err != nil {
		t.Errorf("their session: %v", err)
	}
}

// A session that ended before the change stays ended.
func TestSetPasswordBringsNoSessionBack(t *testing.T) { // SEC-75
	t.Parallel()
	s := newSetup(t)
	u := s.user(t)
	ended := s.session(t, sessionOf(u.ID))
	if err := s.db.RevokeUserSessions(t.Context(), u.ID, ""); err != nil {
		t.Fatal(err)
	}
	successor := newDigest()
	if _, err := s.db.SetPassword(t.Context(), driver.PasswordChange{UserID: u.ID, Old: hash('a'), New: hash('b'), Session: ended.ID, Digest: successor}); err != nil {
		t.Fatal(err)
	}
	if err := s.find(t, successor); !errors.Is(err, driver.ErrNoSession) {
		t.Errorf("it is back: %v", err)
	}
}

func TestSetPasswordComparesTheOldHash(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	u := s.user(t)
	bare, err := s.db.CreateUser(t.Context(), func() driver.NewUser { n := newUser(); n.Hash = password.Hash{}; return n }(), nil)
	if err != nil {
		t.Fatal(err)
	}
	off := s.user(t)
	if err := s.db.DisableUser(t.Context(), off.ID); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]driver.PasswordChange{
		"another hash":     {UserID: u.ID, Old: hash('x'), New: hash('b')},
		"none, but is one": {UserID: u.ID, New: hash('b')},
		"one, but is none": {UserID: bare.ID, Old: hash('a'), New: hash('b')},
		"disabled":         {UserID: off.ID, Old: hash('a'), New: hash('b')}, // SEC-25
		"unknown":          {UserID: "00000000-0000-4000-8000-000000000001", Old: hash('a'), New: hash('b')},
		"malformed":        {UserID: "ada", Old: hash('a'), New: hash('b')},
	} {
		if _, err := s.db.SetPassword(t.Context(), change); !errors.Is(err, driver.ErrNoUser) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, change := range map[string]driver.PasswordChange{
		"nothing new": {UserID: u.ID, Old: hash('a')},
		"no digest":   {UserID: u.ID, Old: hash('a'), New: hash('b'), Session: s.session(t, sessionOf(u.ID)).ID},
	} {
		if _, err := s.db.SetPassword(t.Context(), change); err == nil || errors.Is(err, driver.ErrNoUser) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := s.hashOf(t, u); got.Reveal() != hash('a').Reveal() {
		t.Errorf("the hash is %v", got)
	}
	if _, err := s.db.SetPassword(t.Context(), driver.PasswordChange{UserID: bare.ID, New: hash('b')}); err != nil {
		t.Errorf("the first password: %v", err)
	}
}

func TestOneOfManyPasswordChangesCounts(t *testing.T) { // SEC-151
	t.Parallel()
	const callers, rounds = 16, 100
	s := newSetup(t)
	u := s.user(t)
	old := 'a'
	for round := range rounds {
		errs := together(callers, func(ctx context.Context, i int) error {
			_, err := s.db.SetPassword(ctx, driver.PasswordChange{UserID: u.ID, Old: hash(old), New: hash('A' + rune((round*callers+i)%26))})
			return err
		})
		done := 0
		for _, err := range errs {
			switch {
			case err == nil:
				done++
			case !errors.Is(err, driver.ErrNoUser):
				t.Error(err)
			}
		}
		if done != 1 {
			t.Fatalf("round %d: %d changes were made", round, done)
		}
		s.exec(t, `UPDATE ginauth.users SET password_hash = $1`, hash('a').Reveal())
	}
	if got := s.count(t, `SELECT session_epoch FROM ginauth.users`); got != rounds {
		t.Errorf("the epoch moved %d times", got)
	}
}

// A login that checked the old password is refused or ended, however far it has got (SEC-78).
func TestSetPasswordRacesSessionsAndLogins(t *testing.T) { // SEC-78, SEC-151
	t.Parallel()
	const callers, rounds = 16, 100
	s := newSetup(t)
	u := s.user(t)
	for round := range rounds {
		digests, families := make([]driver.Digest, callers), make([]driver.RefreshFamily, callers)
		together(callers+1, func(ctx context.Context, i int) (err error) {
			switch {
			case i == callers:
				_, err = s.db.SetPassword(ctx, driver.PasswordChange{UserID: u.ID, Old: hash('a'), New: hash('b')})
				if err != nil {
					t.Error(err)
				}
			case i%2 == 0:
				n := sessionOf(u.ID)
				n.Credential, n.Limit = hash('a'), (i%4)*10
				digests[i] = n.Digest
				_, err = s.db.CreateSession(ctx, n)
			default:
				families[i], err = s.db.CreateRefreshFamily(ctx, driver.NewRefreshFamily{Key: refresh.New().Key(), UserID: u.ID, Credential: hash('a'), Lifetime: lifetime, IdleTimeout: idleTimeout})
			}
			return err
		})
		for i := range callers {
			if err := s.find(t, digests[i]); i%2 == 0 && !errors.Is(err, driver.ErrNoSession) {
				t.Fatalf("round %d: a session of the old password: %v", round, err)
			}
			if _, err := s.db.FindTokenUser(t.Context(), u.ID, families[i].ID); i%2 == 1 && !errors.Is(err, driver.ErrNoSession) {
				t.Fatalf("round %d: a login of the old password: %v", round, err)
			}
		}
		s.exec(t, `UPDATE ginauth.users SET password_hash = $1`, hash('a').Reveal())
	}
}

// SEC-117: an operator takes a password away, and neither sees nor sets one.
func TestForcedResetTakesEverything(t *testing.T) { // SEC-76, SEC-117
	t.Parallel()
	inEveryMode(t, func(t *testing.T, s *setup) {
		t.Helper()
		u, stranger, off := s.user(t), s.user(t), s.user(t)
		lost, theirs := s.belongings(t, u.ID), s.belongings(t, stranger.ID)
		if err := s.db.DisableUser(t.Context(), off.ID); err != nil {
			t.Fatal(err)
		}
		for _, id := range []driver.UserID{u.ID, off.ID} {
			if err := s.db.ForcePasswordReset(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		}
		if !s.hashOf(t, u).IsZero() || !s.hashOf(t, off).IsZero() || s.hashOf(t, stranger).IsZero() {
			t.Error("the hashes")
		}
		s.want(t, lost, u.ID, false, false, false)
		s.want(t, theirs, stranger.ID, true, true, true)
		for _, id := range []driver.UserID{"ada", "00000000-0000-4000-8000-000000000001"} {
			if err := s.db.ForcePasswordReset(t.Context(), id); !errors.Is(err, driver.ErrNoUser) {
				t.Errorf("%s: %v", id, err)
			}
		}
	})
}
