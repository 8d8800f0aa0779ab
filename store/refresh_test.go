package store_test

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/refresh"
	"github.com/ginauth/ginauth/store"
)

const graceOfRefresh = 30 * time.Second

func familyOf(id driver.UserID, token refresh.Token) driver.NewRefreshFamily {
	return driver.NewRefreshFamily{Key: token.Key(), UserID: id, Lifetime: lifetime, IdleTimeout: idleTimeout}
}

func (s *setup) family(tb testing.TB, id driver.UserID) (refresh.Token, driver.RefreshFamily) {
	tb.Helper()
	token := refresh.New()
	f, err := s.db.CreateRefreshFamily(tb.Context(), familyOf(id, token))
	if err != nil {
		tb.Fatal(err)
	}
	return token, f
}

func (s *setup) text(tb testing.TB, sql string) (text string) {
	tb.Helper()
	if err := s.pool.QueryRow(tb.Context(), sql).Scan(&text); err != nil {
		tb.Fatal(err)
	}
	return text
}

// use presents a token as a handler would, and returns its successor.
func (s *setup) use(ctx context.Context, token refresh.Token) (refresh.Token, error) {
	next, seal := token.Next()
	got, err := s.db.RotateRefreshToken(ctx, driver.RefreshRotation{Key: token.Key(), Next: next.Key().Digest, Seal: seal, Grace: graceOfRefresh})
	if err != nil {
		return refresh.Token{}, err
	}
	successor := token.Open(got.Seal)
	if successor.Key().Digest != got.Digest {
		return refresh.Token{}, errors.New("the seal holds another token")
	}
	return successor, nil
}

func (s *setup) mustUse(tb testing.TB, token refresh.Token) refresh.Token {
	tb.Helper()
	next, err := s.use(tb.Context(), token)
	if err != nil {
		tb.Fatal(err)
	}
	return next
}

func (s *setup) expectUse(tb testing.TB, token refresh.Token, want error) {
	tb.Helper()
	if _, err := s.use(tb.Context(), token); !errors.Is(err, want) {
		tb.Errorf("got %v, want %v", err, want)
	}
}

// SEC-100, SEC-136
func TestRefreshTokenIsGoodForOneUse(t *testing.T) {
	t.Parallel()
	inEveryMode(t, func(t *testing.T, s *setup) { //nolint:thelper // the test itself
		u := s.user(t)
		n := familyOf(u.ID, refresh.New())
		n.Scopes = []string{"read", "write"}
		n.Origin = driver.Origin{Addr: netip.MustParseAddr("192.0.2.7"), UserAgent: "curl"}
		token := refresh.New()
		n.Key = token.Key()
		created, err := s.db.CreateRefreshFamily(t.Context(), n)
		if err != nil {
			t.Fatal(err)
		}
		now := s.clock.now()
		want := driver.RefreshFamily{
			ID: created.ID, UserID: u.ID, Scopes: n.Scopes, CreatedAt: now, LastUsedAt: now, ExpiresAt: now.Add(lifetime),
			IdleTimeout: idleTimeout, Origin: n.Origin,
		}
		if diff := cmp.Diff(want, created, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
			t.Error(diff)
		}
		s.clock.add(time.Minute)
		second := s.mustUse(t, token)
		third := s.mustUse(t, second)
		list, err := s.db.UserRefreshFamilies(t.Context(), u.ID)
		if err != nil || len(list) != 1 || list[0].ID != created.ID || !list[0].LastUsedAt.Equal(s.clock.now()) || !list[0].ExpiresAt.Equal(want.ExpiresAt) {
			t.Errorf("%+v, %v", list, err)
		}
		s.expectUse(t, token, driver.ErrTokenReused) // two generations old
		s.expectUse(t, third, driver.ErrNoSession)   // the family is gone
		if n := s.count(t, `SELECT count(*) FROM ginauth.refresh_tokens WHERE user_id = $1`, u.ID); n != 1 {
			t.Errorf("%d rows", n)
		}
	})
}

// SEC-82, SEC-100
func TestReplacedRefreshTokenGetsTheSameSuccessorWithinTheGrace(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	u := s.user(t)
	first, _ := s.family(t, u.ID)
	second := s.mustUse(t, first)
	s.clock.add(graceOfRefresh - time.Second)
	if again := s.mustUse(t, first); again.Reveal() != second.Reveal() {
		t.Error("another successor")
	}
	s.clock.add(time.Second)
	s.expectUse(t, first, driver.ErrTokenReused)
	s.expectUse(t, second, driver.ErrNoSession)
	s.expectUse(t, first, driver.ErrNoSession) // one event for one theft
}

// FindRefreshFamily finds the tokens that can be replaced, and changes nothing.
func TestRefreshFamilyIsFoundByWhatIsGood(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	u := s.user(t)
	first, family := s.family(t, u.ID)
	find := func(token refresh.Token, want error) {
		t.Helper()
		row := `SELECT md5(string_agg(t::text, '' ORDER BY t.id)) FROM ginauth.refresh_tokens AS t`
		before := s.text(t, row)
		f, err := s.db.FindRefreshFamily(t.Context(), token.Key())
		if !errors.Is(err, want) || err == nil && (f.ID != family.ID || f.UserID != u.ID) || s.text(t, row) != before {
			t.Errorf("%v, want %v; %+v", err, want, f)
		}
	}
	forged, _ := first.Next()
	find(first, nil)
	find(forged, driver.ErrTokenReused)
	find(refresh.New(), driver.ErrNoSession)
	second := s.mustUse(t, first)
	find(second, nil)
	s.clock.add(graceOfRefresh - time.Second)
	find(first, nil)
	s.clock.add(time.Second)
	find(first, driver.ErrTokenReused)
	find(second, nil)
	s.exec(t, `UPDATE ginauth.users SET session_epoch = session_epoch + 1 WHERE id = $1`, u.ID)
	find(second, driver.ErrNoSession)
}

func TestSuccessorThatWasUsedEndsTheGrace(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	first, _ := s.family(t, s.user(t).ID)
	second := s.mustUse(t, first)
	s.mustUse(t, second)
	s.expectUse(t, first, driver.ErrTokenReused)
}

func TestForeignSecretEndsTheFamily(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	first, _ := s.family(t, s.user(t).ID)
	forged, _ := first.Next() // has the selector, and was never given out
	s.expectUse(t, forged, driver.ErrTokenReused)
	s.expectUse(t, first, driver.ErrNoSession)
	s.expectUse(t, refresh.New(), driver.ErrNoSession)
}

// SEC-100
func TestManyUsesOfOneRefreshTokenMakeOneSuccessor(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	u := s.user(t)
	for range 10 {
		token, _ := s.family(t, u.ID)
		successors := make([]string, 50)
		for i, err := range together(len(successors), func(ctx context.Context, i int) error {
			next, err := s.use(ctx, token)
			if err == nil {
				successors[i] = next.Reveal()
			}
			return err
		}) {
			if err != nil || successors[i] != successors[0] {
				t.Fatalf("%v, and %t", err, successors[i] == successors[0])
			}
		}
	}
}

// SEC-67, SEC-68, SEC-69
func TestRefreshTokenEndsIdleAndInAnyCase(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	u := s.user(t)
	idle, _ := s.family(t, u.ID)
	used, _ := s.family(t, u.ID)
	s.clock.add(idleTimeout - time.Second)
	used = s.mustUse(t, used)
	s.clock.add(time.Second)
	s.expectUse(t, idle, driver.ErrNoSession)
	for range 45 {
		s.clock.add(idleTimeout / 2)
		used = s.mustUse(t, used)
	}
	s.clock.add(idleTimeout / 2) // a day after the login
	s.expectUse(t, used, driver.ErrNoSession)
}

// SEC-76, SEC-77, SEC-99
func TestWhatEndsSessionsEndsRefreshTokens(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	for name, end := range map[string]func(t *testing.T, u store.User, f driver.RefreshFamily){
		"a new password": func(t *testing.T, u store.User, _ driver.RefreshFamily) {
			t.Helper()
			s.exec(t, `UPDATE ginauth.users SET password_hash = $2, session_epoch = session_epoch + 1 WHERE id = $1`, u.ID, hash('b').Reveal())
		},
		"disabling": func(t *testing.T, u store.User, _ driver.RefreshFamily) {
			t.Helper()
			s.exec(t, `UPDATE ginauth.users SET disabled_at = now() WHERE id = $1`, u.ID)
		},
		"deleting": func(t *testing.T, u store.User, _ driver.RefreshFamily) {
			t.Helper()
			s.exec(t, `DELETE FROM ginauth.users WHERE id = $1`, u.ID)
		},
		"RevokeUserSessions": func(t *testing.T, u store.User, _ driver.RefreshFamily) {
			t.Helper()
			if err := s.db.RevokeUserSessions(t.Context(), u.ID, ""); err != nil {
				t.Fatal(err)
			}
		},
		"RevokeAllSessions": func(t *testing.T, _ store.User, _ driver.RefreshFamily) {
			t.Helper()
			if err := s.db.RevokeAllSessions(t.Context()); err != nil {
				t.Fatal(err)
			}
		},
		"RevokeRefreshFamily": func(t *testing.T, u store.User, f driver.RefreshFamily) {
			t.Helper()
			if err := s.db.RevokeRefreshFamily(t.Context(), u.ID, f.ID); err != nil {
				t.Fatal(err)
			}
		},
	} {
		u := s.user(t)
		token, f := s.family(t, u.ID)
		if got, err := s.db.FindTokenUser(t.Context(), u.ID, f.ID); err != nil || got.ID != u.ID {
			t.Errorf("%s: before: %v", name, err)
		}
		end(t, u, f)
		if _, err := s.db.FindTokenUser(t.Context(), u.ID, f.ID); !errors.Is(err, driver.ErrNoSession) {
			t.Errorf("%s: the access token lives: %v", name, err)
		}
		if _, err := s.use(t.Context(), token); !errors.Is(err, driver.ErrNoSession) {
			t.Errorf("%s: the refresh token lives: %v", name, err)
		}
		if list, err := s.db.UserRefreshFamilies(t.Context(), u.ID); err != nil || len(list) > 0 {
			t.Errorf("%s: %v, %v", name, list, err)
		}
	}
}

// SEC-99
func TestTokenUserNeedsALiveSessionOfTheirs(t *testing.T) {
	t.Parallel()
	inEveryMode(t, func(t *testing.T, s *setup) { //nolint:thelper // the test itself
		u, other := s.user(t), s.user(t)
		session := s.session(t, sessionOf(u.ID))
		_, f := s.family(t, u.ID)
		for _, id := range []driver.SessionID{session.ID, f.ID} {
			if got, err := s.db.FindTokenUser(t.Context(), u.ID, id); err != nil || got.ID != u.ID || got.Email != u.Email {
				t.Errorf("%+v, %v", got, err)
			}
			for _, pair := range [][2]string{{string(other.ID), string(id)}, {"x", string(id)}, {string(u.ID), ""}, {string(u.ID), string(other.ID)}} {
				if _, err := s.db.FindTokenUser(t.Context(), driver.UserID(pair[0]), driver.SessionID(pair[1])); !errors.Is(err, driver.ErrNoSession) {
					t.Errorf("%v: %v", pair, err)
				}
			}
		}
		s.clock.add(idleTimeout)
		for _, id := range []driver.SessionID{session.ID, f.ID} {
			if _, err := s.db.FindTokenUser(t.Context(), u.ID, id); !errors.Is(err, driver.ErrNoSession) {
				t.Errorf("idle: %v", err)
			}
		}
	})
}

// SEC-78
func TestRefreshTokenOfAnOldPasswordIsNotStored(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	u := s.user(t)
	n := familyOf(u.ID, refresh.New())
	n.Credential = hash('b')
	disabled := s.user(t)
	s.exec(t, `UPDATE ginauth.users SET disabled_at = now() WHERE id = $1`, disabled.ID)
	for name, n := range map[string]driver.NewRefreshFamily{
		"another password": n, "disabled": familyOf(disabled.ID, refresh.New()), "unknown": familyOf("0190f8a2-0000-7000-8000-000000000009", refresh.New()), "no id": familyOf("x", refresh.New()),
	} {
		if _, err := s.db.CreateRefreshFamily(t.Context(), n); !errors.Is(err, driver.ErrNoUser) {
			t.Errorf("%s: %v", name, err)
		}
	}
	n.Credential = hash('a')
	if _, err := s.db.CreateRefreshFamily(t.Context(), n); err != nil {
		t.Error(err)
	}
	if _, err := s.db.CreateRefreshFamily(t.Context(), driver.NewRefreshFamily{UserID: u.ID}); err == nil {
		t.Error("a family without a key was stored")
	}
}

// SEC-80
func TestRefreshTokensOfAUserAreLimited(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	u := s.user(t)
	other, _ := s.family(t, s.user(t).ID)
	errs := together(32, func(ctx context.Context, _ int) error {
		n := familyOf(u.ID, refresh.New())
		n.Limit = 5
		_, err := s.db.CreateRefreshFamily(ctx, n)
		return err
	})
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	if n := s.count(t, `SELECT count(*) FROM ginauth.refresh_tokens WHERE user_id = $1`, u.ID); n != 5 {
		t.Errorf("%d families", n)
	}
	s.mustUse(t, other)
}

// SEC-79
func TestSomeoneElsesRefreshTokenIsNotRevoked(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	u, thief := s.user(t), s.user(t)
	token, f := s.family(t, u.ID)
	for _, id := range []driver.SessionID{f.ID, "x", ""} {
		if err := s.db.RevokeRefreshFamily(t.Context(), thief.ID, id); !errors.Is(err, driver.ErrNoSession) {
			t.Errorf("%q: %v", id, err)
		}
	}
	token = s.mustUse(t, token)
	if got, err := s.db.RevokeRefreshToken(t.Context(), token.Key()); err != nil || got.ID != f.ID || got.UserID != u.ID {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := s.db.RevokeRefreshToken(t.Context(), token.Key()); !errors.Is(err, driver.ErrNoSession) {
		t.Errorf("again: %v", err)
	}
}

// SEC-50, SEC-100: nothing in the database can be used to log in.
func TestDumpHoldsNoRefreshToken(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	first, _ := s.family(t, s.user(t).ID)
	tokens := []refresh.Token{first}
	for range 3 {
		tokens = append(tokens, s.mustUse(t, tokens[len(tokens)-1]))
	}
	var dump string
	if err := s.pool.QueryRow(t.Context(), `SELECT string_agg(t::text, E'\n') FROM ginauth.refresh_tokens AS t`).Scan(&dump); err != nil {
		t.Fatal(err)
	}
	digest := tokens[3].Key().Digest
	if !strings.Contains(dump, hex.EncodeToString(digest[:])) {
		t.Fatalf("this is no dump: %s", dump)
	}
	for i, token := range tokens {
		raw := rawOf(t, token)
		for _, part := range [][]byte{raw[:16], raw[16:], raw[16:32]} {
			if strings.Contains(dump, hex.EncodeToString(part)) {
				t.Errorf("token %d is in %s", i, dump)
			}
		}
		if strings.Contains(dump, token.Reveal()[22:]) {
			t.Errorf("token %d is in %s", i, dump)
		}
	}
}

// SEC-77, SEC-79
func TestRevokeUserSessionsSparesOneLoginByTokens(t *testing.T) {
	t.Parallel()
	inEveryMode(t, func(t *testing.T, s *setup) { //nolint:thelper // the test itself
		u, other := s.user(t).ID, s.user(t).ID
		session := sessionOf(u)
		s.session(t, session)
		kept, family := s.family(t, u)
		lost, ended := s.family(t, u)
		theirs, foreign := s.family(t, other)
		for range 2 { // it does not matter how often
			if err := s.db.RevokeUserSessions(t.Context(), u, family.ID); err != nil {
				t.Fatal(err)
			}
		}
		s.wantAlive(t, "all but a login by tokens", []bool{false}, session)
		s.expectUse(t, lost, driver.ErrNoSession)
		logins, err := s.db.UserRefreshFamilies(t.Context(), u)
		want := []driver.RefreshFamily{family}
		if diff := cmp.Diff(want, logins, addrs); diff != "" || err != nil {
			t.Errorf("%v, %s", err, diff)
		}
		kept = s.mustUse(t, kept)
		for _, except := range []driver.SessionID{ended.ID, foreign.ID} { // what has ended, and what is someone else's
			if err := s.db.RevokeUserSessions(t.Context(), u, except); err != nil {
				t.Fatal(err)
			}
		}
		s.expectUse(t, kept, driver.ErrNoSession)
		s.expectUse(t, lost, driver.ErrNoSession)
		s.mustUse(t, theirs)
	})
}

func TestSweepDeletesEndedRefreshTokensOnly(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	u := s.user(t)
	s.family(t, u.ID) // idle
	revoked := s.user(t)
	s.family(t, revoked.ID)
	s.clock.add(idleTimeout)
	live, _ := s.family(t, u.ID)
	reused, _ := s.family(t, u.ID)
	s.mustUse(t, s.mustUse(t, reused))
	s.expectUse(t, reused, driver.ErrTokenReused)
	if err := s.db.RevokeUserSessions(t.Context(), revoked.ID, ""); err != nil {
		t.Fatal(err)
	}
	if n, err := s.db.Sweep(t.Context()); err != nil || n != 3 {
		t.Errorf("%d, %v", n, err)
	}
	s.mustUse(t, live)
}

func TestRunSweeperSweepsRefreshTokensToo(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	s.family(t, s.user(t).ID)
	s.clock.add(idleTimeout)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- s.db.RunSweeper(ctx, time.Millisecond) }()
	await(t, func() bool { return s.count(t, `SELECT count(*) FROM ginauth.refresh_tokens`) == 0 })
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func rawOf(t *testing.T, token refresh.Token) []byte {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(token.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
