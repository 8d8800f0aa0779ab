package store_test

import (
	"encoding/json"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store"
	"github.com/ginauth/ginauth/store/storetest"
)

var addrs = cmp.Comparer(func(a, b netip.Addr) bool { return a == b })

func TestFindReturnsWhatWasCreated(t *testing.T) {
	t.Parallel()
	inEveryMode(t, func(t *testing.T, s *setup) { //nolint:thelper // the test itself
		u, now := s.user(t), s.clock.now()
		n := sessionOf(u.ID)
		n.Data, n.Persistent = json.RawMessage(`{"cart": [1, 2]}`), true
		n.Origin = driver.Origin{Addr: netip.MustParseAddr("2001:db8::1"), UserAgent: "Firefox"}
		created := s.session(t, n)
		want := driver.Session{
			ID: created.ID, Digest: n.Digest, UserID: u.ID, Data: n.Data, Persistent: true,
			CreatedAt: now, LastSeenAt: now, ExpiresAt: now.Add(lifetime), AuthenticatedAt: now,
			IdleTimeout: idleTimeout, ReadAt: now, Origin: n.Origin,
		}
		if diff := cmp.Diff(want, created, addrs); diff != "" {
			t.Errorf("CreateSession (-want +got):\n%s", diff)
		}
		s.clock.add(time.Minute)
		want.ReadAt = s.clock.now()
		found, err := s.db.FindSession(t.Context(), n.Digest)
		if diff := cmp.Diff(want, found, addrs); diff != "" || err != nil {
			t.Errorf("FindSession: %v (-want +got):\n%s", err, diff)
		}
		want.CreatedAt, want.IdleTimeout, want.Origin = time.Time{}, 0, driver.Origin{} // only lists show them
		user, found, err := s.db.FindUserSession(t.Context(), n.Digest)
		if diff := cmp.Diff(want, found, addrs); diff != "" || err != nil {
			t.Errorf("FindUserSession: %v (-want +got):\n%s", err, diff)
		}
		if diff := cmp.Diff(u, user); diff != "" {
			t.Errorf("the session's user (-want +got):\n%s", diff)
		}
	})
}

func TestAnonymousSessionHasNoUser(t *testing.T) {
	t.Parallel()
	inEveryMode(t, func(t *testing.T, s *setup) { //nolint:thelper // the test itself
		n := sessionOf("")
		created := s.session(t, n)
		if created.UserID != "" || !created.AuthenticatedAt.IsZero() || created.Origin != (driver.Origin{}) {
			t.Errorf("an anonymous session is of a user: %+v", created)
		}
		if found, err := s.db.FindSession(t.Context(), n.Digest); err != nil || found.ID != created.ID {
			t.Errorf("FindSession = %+v, %v", found, err)
		}
		if _, _, err := s.db.FindUserSession(t.Context(), n.Digest); !errors.Is(err, driver.ErrNoSession) {
			t.Errorf("FindUserSession of an anonymous session: %v", err)
		}
	})
}

func TestSessionEndsWithItsIdleTimeout(t *testing.T) { // SEC-67
	t.Parallel()
	inEveryMode(t, func(t *testing.T, s *setup) { //nolint:thelper // the test itself
		n := sessionOf(s.user(t).ID)
		s.session(t, n)
		s.clock.add(idleTimeout - time.Second)
		if err := s.find(t, n.Digest); err != nil {
			t.Errorf("a second before: %v", err)
		}
		s.clock.add(time.Second)
		if err := s.find(t, n.Digest); !errors.Is(err, driver.ErrNoSession) {
			t.Errorf("at its idle timeout: %v", err)
		}
		if _, err := s.db.UpdateSession(t.Context(), n.Digest, driver.SessionChange{}); !errors.Is(err, driver.ErrNoSession) {
			t.Errorf("touching it after its idle timeout: %v", err)
		}
	})
}

func TestUseDoesNotExtendTheAbsoluteEnd(t *testing.T) { // SEC-68
	t.Parallel()
	inEveryMode(t, func(t *testing.T, s *setup) { //nolint:thelper // the test itself
		n := sessionOf(s.user(t).ID)
		n.Lifetime = 3 * idleTimeout
		s.session(t, n)
		for range 5 {
			s.clock.add(idleTimeout / 2)
			if _, err := s.db.UpdateSession(t.Context(), n.Digest, driver.SessionChange{}); err != nil {
				t.Fatal(err)
			}
		}
		s.clock.add(idleTimeout/2 - time.Second)
		if err := s.find(t, n.Digest); err != nil {
			t.Errorf("a second before: %v", err)
		}
		s.clock.add(time.Second)
		if err := s.find(t, n.Digest); !errors.Is(err, driver.ErrNoSession) {
			t.Errorf("at its absolute end: %v", err)
		}
		if _, err := s.db.UpdateSession(t.Context(), n.Digest, driver.SessionChange{}); !errors.Is(err, driver.ErrNoSession) {
			t.Errorf("touching it after its absolute end: %v", err)
		}
	})
}

func TestDatabaseClockDecidesByDefault(t *testing.T) { // SEC-69, SEC-72
	t.Parallel()
	pool := storetest.NewDB(t)
	s := &setup{pool: pool, db: store.New[store.User](pool, unhurried)}
	live, idle, over := sessionOf(s.user(t).ID), sessionOf(""), sessionOf("")
	for _, n := range []driver.NewSession{live, idle, over} {
		r := s.session(t, n)
		if s.count(t, `SELECT count(*) FROM ginauth.sessions WHERE id = $1 AND created_at = $2
			AND abs(extract(epoch FROM now() - created_at)) < 60`, string(r.ID), r.ReadAt) != 1 {
			t.Errorf("the session was not made by the database's clock: %v", r.CreatedAt)
		}
	}
	s.exec(t, `UPDATE ginauth.sessions SET last_seen_at = now() - idle_timeout WHERE digest = $1`, idle.Digest[:])
	s.exec(t, `UPDATE ginauth.sessions SET expires_at = now() WHERE digest = $1`, over.Digest[:])
	if err := s.find(t, live.Digest); err != nil {
		t.Error(err)
	}
	for _, n := range []driver.NewSession{idle, over} {
		if _, err := s.db.FindSession(t.Context(), n.Digest); !errors.Is(err, driver.ErrNoSession) {
			t.Errorf("a session past its end was found: %v", err)
		}
	}
}

func TestSessionEndsWithItsUser(t *testing.T) { // SEC-76
	t.Parallel()
	for name, statement := range map[string]string{
		"disabled": `UPDATE ginauth.users SET disabled_at = now() WHERE id = $1`,
		"deleted":  `DELETE FROM ginauth.users WHERE id = $1`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSetup(t)
			u := s.user(t)
			n := sessionOf(u.ID)
			s.session(t, n)
			s.exec(t, statement, string(u.ID))
			if err := s.find(t, n.Digest); !errors.Is(err, driver.ErrNoSession) {
				t.Errorf("the session of a user who is %s: %v", name, err)
			}
			change := driver.SessionChange{Set: json.RawMessage(`{"a": 1}`), Digest: newDigest()}
			for _, change := range []driver.SessionChange{{}, change} {
				if _, err := s.db.UpdateSession(t.Context(), n.Digest, change); !errors.Is(err, driver.ErrNoSession) {
					t.Errorf("updating the session of a user who is %s: %v", name, err)
				}
			}
			if _, err := s.db.CreateSession(t.Context(), sessionOf(u.ID)); !errors.Is(err, driver.ErrNoUser) {
				t.Errorf("a session for a user who is %s: %v", name, err)
			}
		})
	}
}

func TestDeleteSessionIsFinal(t *testing.T) { // SEC-73, SEC-75
	t.Parallel()
	inEveryMode(t, func(t *testing.T, s *setup) { //nolint:thelper // the test itself
		n := sessionOf(s.user(t).ID)
		s.session(t, n)
		for range 2 { // the second finds nothing to delete
			if err := s.db.DeleteSession(t.Context(), n.Digest); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.find(t, n.Digest); !errors.Is(err, driver.ErrNoSession) {
			t.Errorf("a deleted session: %v", err)
		}
		change := driver.SessionChange{Set: json.RawMessage(`{"a": 1}`)}
		for _, change := range []driver.SessionChange{{}, change} {
			if _, err := s.db.UpdateSession(t.Context(), n.Digest, change); !errors.Is(err, driver.ErrNoSession) {
				t.Errorf("updating a deleted session: %v", err)
			}
		}
		if s.count(t, `SELECT count(*) FROM ginauth.sessions WHERE digest = $1`, n.Digest[:]) != 0 {
			t.Error("a write brought a deleted session back")
		}
	})
}

func TestReadIsOneStatementAndWritesNothing(t *testing.T) { // SEC-60
	t.Parallel()
	s := newSetup(t)
	n := sessionOf(s.user(t).ID)
	s.session(t, n)
	var statements statementCount
	traced := setupOn(newPool(t, s.pool, func(cfg *pgxpool.Config) { cfg.ConnConfig.Tracer = &statements }))
	traced.exec(t, `SELECT 1`)
	for name, read := range map[string]func() error{
		"FindSession":     func() error { _, err := traced.db.FindSession(t.Context(), n.Digest); return err },
		"FindUserSession": func() error { _, _, err := traced.db.FindUserSession(t.Context(), n.Digest); return err },
	} {
		before := s.rowVersion(t, n.Digest)
		statements.Store(0)
		if err := read(); err != nil {
			t.Fatal(err)
		}
		if got := statements.Load(); got != 1 {
			t.Errorf("%s: %d statements, want 1", name, got)
		}
		if after := s.rowVersion(t, n.Digest); after != before {
			t.Errorf("%s wrote to the session's row", name)
		}
	}
}

// rowVersion changes with every write to, and every lock of, a session's row.
func (s *setup) rowVersion(t *testing.T, d driver.Digest) (v string) {
	t.Helper()
	err := s.pool.QueryRow(t.Context(), `SELECT xmin::text || ' ' || xmax::text || ' ' || ctid::text
		FROM ginauth.sessions WHERE digest = $1`, d[:]).Scan(&v)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestUserAgentFitsItsColumn(t *testing.T) { // SEC-23
	t.Parallel()
	s := newSetup(t)
	for name, agent := range map[string]string{
		"long ASCII": strings.Repeat("a", 1000),
		"long UTF-8": strings.Repeat("ü", 1000),
		"NUL":        "a\x00b",
		"not UTF-8":  "a\xff\xfeb" + strings.Repeat("é", 300),
		"cut rune":   "ü"[:1],
	} {
		n := sessionOf("")
		n.Origin.UserAgent = agent
		r, err := s.db.CreateSession(t.Context(), n)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := r.Origin.UserAgent; !utf8.ValidString(got) || strings.ContainsRune(got, 0) || got == "" || utf8.RuneCountInString(got) > 256 {
			t.Errorf("%s: stored as %q", name, got)
		}
	}
}

func TestClientAddressIsStored(t *testing.T) {
	t.Parallel()
	inEveryMode(t, func(t *testing.T, s *setup) { //nolint:thelper // the test itself
		for given, want := range map[string]string{
			"192.0.2.1":        "192.0.2.1",
			"::ffff:192.0.2.1": "192.0.2.1",
			"fe80::1%eth0":     "fe80::1",
		} {
			n := sessionOf("")
			n.Origin.Addr = netip.MustParseAddr(given)
			if got := s.session(t, n).Origin.Addr.String(); got != want {
				t.Errorf("%s came back as %s, want %s", given, got, want)
			}
		}
	})
}

func TestSessionTimesAreUTC(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	s.clock.at = s.clock.at.In(time.FixedZone("far", 5*3600))
	n := sessionOf(s.user(t).ID)
	s.session(t, n)
	s.exec(t, `UPDATE ginauth.users SET verified_at = now()`)
	u, r, err := s.db.FindUserSession(t.Context(), n.Digest)
	if err != nil {
		t.Fatal(err)
	}
	times := []time.Time{r.CreatedAt, r.LastSeenAt, r.ExpiresAt, r.AuthenticatedAt, r.ReadAt, u.CreatedAt, u.UpdatedAt, *u.VerifiedAt}
	for i, at := range times {
		if at.Location() != time.UTC {
			t.Errorf("time %d is in %v", i, at.Location())
		}
	}
	if !cmp.Equal(s.clock.now(), r.LastSeenAt, cmpopts.EquateApproxTime(time.Microsecond)) {
		t.Errorf("last seen at %v, want %v", r.LastSeenAt, s.clock.now())
	}
}
