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

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store"
)

func TestCreateSessionNeverAdoptsADigest(t *testing.T) { // SEC-63
	t.Parallel()
	inEveryMode(t, func(t *testing.T, s *setup) { //nolint:thelper // the test itself
		victim, attacker := s.user(t), s.user(t)
		n := sessionOf(victim.ID)
		first := s.session(t, n)
		for name, again := range map[string]driver.NewSession{
			"of another user":  {Digest: n.Digest, UserID: attacker.ID, Lifetime: lifetime, IdleTimeout: idleTimeout},
			"anonymous":        {Digest: n.Digest, Lifetime: lifetime, IdleTimeout: idleTimeout},
			"replacing itself": {Digest: n.Digest, UserID: attacker.ID, Replaces: n.Digest, Lifetime: lifetime, IdleTimeout: idleTimeout},
		} {
			_, err := s.db.CreateSession(t.Context(), again)
			var refused *pgconn.PgError
			if !errors.As(err, &refused) || refused.Code != "23505" || errors.Is(err, driver.ErrUnavailable) || errors.Is(err, driver.ErrNoUser) {
				t.Errorf("%s: %v, want a unique violation", name, err)
			}
		}
		found, err := s.db.FindSession(t.Context(), n.Digest)
		if err != nil || found.ID != first.ID || found.UserID != victim.ID {
			t.Errorf("the session that was there: %+v, %v", found, err)
		}
	})
}

func TestCreateSessionEndsTheOneItReplaces(t *testing.T) { // SEC-62
	t.Parallel()
	inEveryMode(t, func(t *testing.T, s *setup) { //nolint:thelper // the test itself
		u := s.user(t)
		for name, old := range map[string]driver.NewSession{"anonymous": sessionOf(""), "the user's": sessionOf(u.ID)} {
			s.session(t, old)
			n := sessionOf(u.ID)
			n.Replaces = old.Digest
			s.session(t, n)
			if err := s.find(t, n.Digest); err != nil {
				t.Errorf("%s: the new session: %v", name, err)
			}
			if _, err := s.db.FindSession(t.Context(), old.Digest); !errors.Is(err, driver.ErrNoSession) {
				t.Errorf("%s: the old session: %v", name, err)
			}
		}
		n := sessionOf("")
		n.Replaces = newDigest()
		s.session(t, n) // what is not there need not end
	})
}

func TestFailedCreateKeepsTheSessionItWouldReplace(t *testing.T) { // SEC-152
	t.Parallel()
	s := newSetup(t)
	old, u := sessionOf(""), s.user(t)
	s.session(t, old)
	stale, unknown, large, taken := sessionOf(u.ID), sessionOf(driver.UserID(uuid.NewString())), sessionOf(u.ID), sessionOf(u.ID)
	stale.Credential = hash('b')
	large.Data = json.RawMessage(`{"a": "` + strings.Repeat("x", 20<<10) + `"}`)
	taken.Digest = s.someDigest(t, u.ID)
	for name, n := range map[string]driver.NewSession{"stale": stale, "unknown": unknown, "large": large, "taken": taken} {
		n.Replaces = old.Digest
		if _, err := s.db.CreateSession(t.Context(), n); err == nil {
			t.Errorf("%s: no error", name)
		}
		if _, err := s.db.FindSession(t.Context(), old.Digest); err != nil {
			t.Errorf("%s: the old session: %v", name, err)
		}
	}
}

func (s *setup) someDigest(t *testing.T, id driver.UserID) driver.Digest {
	t.Helper()
	n := sessionOf(id)
	s.session(t, n)
	return n.Digest
}

func TestCreateSessionChecksTheCredential(t *testing.T) { // SEC-78
	t.Parallel()
	inEveryMode(t, func(t *testing.T, s *setup) { //nolint:thelper // the test itself
		u := s.user(t) // has hash('a')
		for name, c := range map[string]struct {
			session driver.NewSession
			err     error
		}{
			"the hash":     {session: driver.NewSession{UserID: u.ID, Credential: hash('a')}},
			"any hash":     {session: driver.NewSession{UserID: u.ID}},
			"another hash": {session: driver.NewSession{UserID: u.ID, Credential: hash('b')}, err: driver.ErrNoUser},
			"unknown user": {session: driver.NewSession{UserID: driver.UserID(uuid.NewString())}, err: driver.ErrNoUser},
			"malformed id": {session: driver.NewSession{UserID: "1 OR 1=1"}, err: driver.ErrNoUser},
		} {
			c.session.Digest, c.session.Lifetime, c.session.IdleTimeout = newDigest(), lifetime, idleTimeout
			if _, err := s.db.CreateSession(t.Context(), c.session); !errors.Is(err, c.err) {
				t.Errorf("%s: %v, want %v", name, err, c.err)
			}
		}
		s.exec(t, `UPDATE ginauth.users SET password_hash = NULL WHERE id = $1`, string(u.ID))
		n := sessionOf(u.ID)
		n.Credential = hash('a')
		if _, err := s.db.CreateSession(t.Context(), n); !errors.Is(err, driver.ErrNoUser) {
			t.Errorf("the password was taken away: %v", err)
		}
	})
}

// The password changes in a transaction that begins before the logins and ends after them. Logins
// with the old hash wait for it and are refused.
func TestNoSessionOutlivesAPasswordChange(t *testing.T) { // SEC-78, SEC-151
	t.Parallel()
	s := newSetup(t)
	u := s.user(t)
	for round := range 100 {
		old, replacement := hash(rune('a'+round%2)), hash(rune('b'-round%2))
		errs := together(17, func(ctx context.Context, i int) error {
			if i == 0 {
				return changePassword(ctx, s, u.ID, replacement.Reveal())
			}
			n := sessionOf(u.ID)
			n.Credential = old
			_, err := s.db.CreateSession(ctx, n)
			if errors.Is(err, driver.ErrNoUser) {
				return nil
			}
			return err
		})
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
		if got := s.count(t, `SELECT count(*) FROM ginauth.sessions WHERE user_id = $1`, string(u.ID)); got != 0 {
			t.Fatalf("round %d: %d sessions of the old password live", round, got)
		}
	}
}

// changePassword does what every change of the password must do: it locks the user first, and ends
// the sessions in a second statement.
func changePassword(ctx context.Context, s *setup, id driver.UserID, hash string) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `UPDATE ginauth.users SET password_hash = $2 WHERE id = $1`, string(id), hash); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `DELETE FROM ginauth.sessions WHERE user_id = $1`, string(id))
		return err
	})
}

// The login comes before the user's end or after it. In both cases no session is left, and the
// login returns either success or that there is no such user.
func TestEndingAUserRacesLogin(t *testing.T) { // SEC-76, SEC-151
	t.Parallel()
	for name, statement := range map[string]string{
		"disabled": `UPDATE ginauth.users SET disabled_at = now() WHERE id = $1`,
		"deleted":  `DELETE FROM ginauth.users WHERE id = $1`,
	} {
		for _, limit := range []int{0, 3} {
			t.Run(fmt.Sprintf("%s, limit %d", name, limit), func(t *testing.T) {
				t.Parallel()
				s := newSetup(t)
				for range 100 {
					s.endRacesLogin(t, statement, limit)
				}
				if name == "deleted" && s.count(t, `SELECT count(*) FROM ginauth.sessions`) != 0 {
					t.Error("rows are left")
				}
			})
		}
	}
}

func (s *setup) endRacesLogin(t *testing.T, statement string, limit int) {
	t.Helper()
	u := s.user(t)
	digests := make([]driver.Digest, 16)
	errs := together(17, func(ctx context.Context, i int) error {
		if i == 16 {
			_, err := s.pool.Exec(ctx, statement, string(u.ID))
			return err
		}
		n := limitedOf(u.ID, limit)
		digests[i] = n.Digest
		_, err := s.db.CreateSession(ctx, n)
		if errors.Is(err, driver.ErrNoUser) {
			return nil
		}
		return err
	})
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	for _, d := range digests {
		if err := s.find(t, d); !errors.Is(err, driver.ErrNoSession) {
			t.Errorf("a session of nobody: %v", err)
		}
	}
}

func TestCreateSessionRefusesWhatIsNoSession(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	for name, spoil := range map[string]func(*driver.NewSession){
		"no digest":         func(n *driver.NewSession) { n.Digest = driver.Digest{} },
		"no lifetime":       func(n *driver.NewSession) { n.Lifetime = 0 },
		"negative lifetime": func(n *driver.NewSession) { n.Lifetime = -time.Second },
		"no idle timeout":   func(n *driver.NewSession) { n.IdleTimeout = 0 },
		"data is a list":    func(n *driver.NewSession) { n.Data = json.RawMessage(`[]`) },
		"data is not JSON":  func(n *driver.NewSession) { n.Data = json.RawMessage(`{"secret": `) },
	} {
		n := sessionOf("")
		spoil(&n)
		_, err := s.db.CreateSession(t.Context(), n)
		if err == nil || errors.Is(err, driver.ErrUnavailable) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := s.count(t, `SELECT count(*) FROM ginauth.sessions`); got != 0 {
		t.Errorf("%d sessions were stored", got)
	}
}

func TestPublicIDsAreRandom(t *testing.T) { // SEC-36
	t.Parallel()
	s := newSetup(t)
	var ids []driver.SessionID
	for range 20 {
		id := s.session(t, sessionOf("")).ID
		if parsed, err := uuid.Parse(string(id)); err != nil || parsed.Version() != 4 {
			t.Errorf("%q is no version 4 UUID", id)
		}
		ids = append(ids, id)
	}
	slices.Sort(ids)
	if len(slices.Compact(ids)) != 20 {
		t.Error("two sessions have one id")
	}
}

func TestOnlyTheDigestIsStored(t *testing.T) { // SEC-50
	t.Parallel()
	s := newSetup(t)
	token := driver.NewToken()
	n := sessionOf(s.user(t).ID)
	n.Digest = token.Digest()
	s.session(t, n)
	var row string
	if err := s.pool.QueryRow(t.Context(), `SELECT s::text || encode(s.digest, 'base64') || encode(s.digest, 'escape')
		FROM ginauth.sessions AS s`).Scan(&row); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(row, token.Reveal()) {
		t.Error("the row has the token")
	}
}

func TestCreateSessionLimitsData(t *testing.T) { // SEC-59
	t.Parallel()
	s := newSetup(t)
	const limit = 100
	s.db = store.New[store.User](s.pool, store.WithMaxData(limit), store.WithNow(s.clock.now), unhurried)
	for size, want := range map[int]error{limit: nil, limit + 1: driver.ErrSessionTooLarge, 100 * limit: driver.ErrSessionTooLarge} {
		for _, id := range []driver.UserID{"", s.user(t).ID} {
			n := sessionOf(id)
			n.Data = json.RawMessage(`{"a": "` + strings.Repeat("x", size-len(`{"a": ""}`)) + `"}`)
			if _, err := s.db.CreateSession(t.Context(), n); !errors.Is(err, want) {
				t.Errorf("%d bytes: %v, want %v", size, err, want)
			}
			if got := s.count(t, `SELECT count(*) FROM ginauth.sessions WHERE digest = $1`, n.Digest[:]); got == 1 != (want == nil) {
				t.Errorf("%d bytes: %d rows", size, got)
			}
		}
	}
}
