package store_test

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/refresh"
	"github.com/ginauth/ginauth/store"
)

// subject is a user with one of everything, which the changes below are made to.
type subject struct {
	*setup
	user    store.User
	fresh   driver.NewUser
	session driver.Session
	rotated driver.Digest // the digest that session had before
	key     driver.APIKey
	token   refresh.Token
	family  driver.RefreshFamily
	link    driver.Digest
}

func newSubject(t *testing.T) *subject {
	t.Helper()
	a := &subject{setup: newSetup(t), fresh: newUser()}
	a.exec(t, `CREATE TABLE notes (of text)`)
	a.prepare(t)
	return a
}

// prepare makes a user with one of everything.
func (a *subject) prepare(t *testing.T) {
	t.Helper()
	ctx := t.Context()
	a.user, a.rotated, a.link = a.setup.user(t), newDigest(), newDigest()
	n := sessionOf(a.user.ID)
	n.Digest = a.rotated
	a.setup.session(t, n)
	var err error
	if a.session, err = a.db.UpdateSession(ctx, n.Digest, driver.SessionChange{Digest: newDigest(), Grace: time.Second}); err != nil {
		t.Fatal(err)
	}
	if a.key, err = a.db.CreateAPIKey(ctx, driver.NewAPIKey{Digest: newDigest(), UserID: a.user.ID, Name: "nightly", Start: "gak_"}); err != nil {
		t.Fatal(err)
	}
	a.token = refresh.New()
	if a.family, err = a.db.CreateRefreshFamily(ctx, familyOf(a.user.ID, a.token)); err != nil {
		t.Fatal(err)
	}
	next, seal := a.token.Next()
	if _, err := a.db.RotateRefreshToken(ctx, driver.RefreshRotation{Key: a.token.Key(), Next: next.Key().Digest, Seal: seal}); err != nil {
		t.Fatal(err)
	}
	a.clock.add(time.Minute)
}

// mailed stores a mailed link, which useLink may spend.
func (a *subject) mailed(t *testing.T, k driver.MailKind, address string) {
	t.Helper()
	a.exec(t, `INSERT INTO ginauth.email_tokens (digest, kind, user_id, mail_id, email, email_canonical, created_at, expires_at)
		VALUES ($1, $2, $3, gen_random_uuid(), $4, lower($4), $5, $6)`, a.link[:], string(k), string(a.user.ID), address, a.clock.now(), a.clock.now().Add(time.Hour))
}

// A change is one method that writes to an account.
type accountChange struct {
	kind  driver.EventKind
	fails bool   // the outcome
	about string // "nobody" for an event without a user, "another" for one of a new user
	given func(t *testing.T, a *subject)
	do    func(ctx context.Context, db *store.DB[store.User], a *subject) error
}

func unless(err, expected error) error {
	if errors.Is(err, expected) {
		return nil
	}
	return err
}

var accountChanges = map[string]accountChange{
	"CreateUser": {kind: driver.UserCreated, about: "another", do: func(ctx context.Context, db *store.DB[store.User], a *subject) error {
		_, err := db.CreateUser(ctx, a.fresh, nil)
		return err
	}},
	"CreateUserAndMail": {kind: driver.UserCreated, about: "another", do: func(ctx context.Context, db *store.DB[store.User], a *subject) error {
		_, err := db.CreateUserAndMail(ctx, a.fresh, nil, "")
		return err
	}},
	"CreateUserAndMail with a taken address": {kind: driver.UserCreated, fails: true, about: "nobody", do: func(ctx context.Context, db *store.DB[store.User], a *subject) error {
		taken := newUser()
		taken.Email, taken.Canonical = a.user.Email, strings.ToLower(a.user.Email)
		_, err := db.CreateUserAndMail(ctx, taken, nil, "")
		return err
	}},
	"UpdateUser": {kind: driver.UserUpdated, do: func(ctx context.Context, db *store.DB[store.User], a *subject) error {
		name := "Another"
		_, err := db.UpdateUser(ctx, a.user.ID, &name, nil)
		return err
	}},
	"ChangeUsername": {kind: driver.UserUsernameChanged, do: func(ctx context.Context, db *store.DB[store.User], a *subject) error {
		_, err := db.ChangeUsername(ctx, a.user.ID, "Countess", "countess")
		return err
	}},
	"SetPassword": {kind: driver.LoginPasswordChanged, do: func(ctx context.Context, db *store.DB[store.User], a *subject) error {
		_, err := db.SetPassword(ctx, driver.PasswordChange{UserID: a.user.ID, Old: hash('a'), New: hash('b'), Session: a.session.ID, Digest: newDigest()})
		return err
	}},
	"ForcePasswordReset": {kind: driver.LoginPasswordResetForced, do: func(ctx context.Context, db *store.DB[store.User], a *subject) error {
		return db.ForcePasswordReset(ctx, a.user.ID)
	}},
	"RequirePasswordChange": {kind: driver.PasswordChangeRequired, do: func(ctx context.Context, db *store.DB[store.User], a *subject) error {
		return db.RequirePasswordChange(ctx, a.user.ID)
	}},
	"DisableUser": {kind: driver.UserDisabled, do: func(ctx context.Context, db *store.DB[store.User], a *subject) error {
		return db.DisableUser(ctx, a.user.ID)
	}},
	"EnableUser": {kind: driver.UserEnabled, given: archive, do: func(ctx context.Context, db *store.DB[store.User], a *subject) error {
		return db.EnableUser(ctx, a.user.ID)
	}},
	"ArchiveUser": {kind: driver.UserArchived, do: func(ctx context.Context, db *store.DB[store.User], a *subject) error {
		_, err := db.ArchiveUser(ctx, a.user.ID, time.Hour)
		return err
	}},
	"RestoreUser": {kind: driver.UserRestored, given: archive, do: func(ctx context.Context, db *store.DB[store.User], a *subject) error {
		_, err := db.RestoreUser(ctx, a.user.ID, hash('a'))
		return err
	}},
	"DeleteUser": {kind: driver.UserDeleted, do: func(ctx context.Context, db *store.DB[store.User], a *subject) error {
		return db.DeleteUser(ctx, a.user.ID)
	}},
	"Sweep": {kind: driver.UserDeleted, given: func(t *testing.T, a *subject) {
		t.Helper()
		archive(t, a)
		if _, err := a.db.Sweep(t.Context()); err != nil { // what archiving ended
			t.Fatal(err)
		}
		a.clock.add(2 * time.Hour)
	}, do: func(ctx context.Context, db *store.DB[store.User], _ *subject) error {
		_, err := db.Sweep(ctx)
		return err
	}},
	"UseEmailToken to verify": {kind: driver.UserVerified, given: linked(driver.MailVerify), do: useLink(driver.MailVerify)},
	"UseEmailToken to reset":  {kind: driver.LoginPasswordReset, given: linked(driver.MailReset), do: useLink(driver.MailReset)},
	"UseEmailToken to log in": {kind: driver.UserVerified, given: linked(driver.MailLogin), do: useLink(driver.MailLogin)},
	"UseEmailToken to log in again": {kind: driver.LinkUsed, given: func(t *testing.T, a *subject) {
		t.Helper()
		a.exec(t, `UPDATE ginauth.users SET verified_at = now()`)
		linked(driver.MailLogin)(t, a)
	}, do: useLink(driver.MailLogin)},
	"UseEmailToken to change": {kind: driver.UserEmailChanged, given: linked(driver.MailChange), do: useLink(driver.MailChange)},
	"UseEmailToken to undo":   {kind: driver.UserEmailChangeUndone, given: linked(driver.MailUndo), do: useLink(driver.MailUndo)},
	"CreateSession": {kind: driver.LoginSucceeded, do: func(ctx context.Context, db *store.DB[store.User], a *subject) error {
		_, err := db.CreateSession(ctx, sessionOf(a.user.ID))
		return err
	}},
	"CreateSession with a limit": {kind: driver.LoginSucceeded, do: func(ctx context.Context, db *store.DB[store.User], a *subject) error {
		_, err := db.CreateSession(ctx, limitedOf(a.user.ID, 1))
		return err
	}},
	"UpdateSession with a proof": {kind: driver.LoginSucceeded, do: func(ctx context.Context, db *store.DB[store.User], a *subject) error {
		_, err := db.UpdateSession(ctx, a.session.Digest, driver.SessionChange{Digest: newDigest(), Authenticated: true})
		return err
	}},
	"FindRotated too late": {kind: driver.TokenReused, fails: true, do: func(ctx context.Context, db *store.DB[store.User], a *subject) error {
		_, err := db.FindRotated(ctx, a.rotated)
		return unless(err, driver.ErrTokenReused)
	}},
	"FindRotated from elsewhere": {kind: driver.TokenUsedInGrace, given: func(t *testing.T, a *subject) {
		t.Helper()
		a.rotated = a.session.Digest
		home := driver.WithCause(t.Context(), driver.Cause{Origin: driver.Origin{UserAgent: "phone"}, RequestID: "home"})
		if _, err := a.db.UpdateSession(home, a.rotated, driver.SessionChange{Digest: newDigest(), Grace: time.Minute}); err != nil {
			t.Fatal(err)
		}
	}, do: func(ctx context.Context, db *store.DB[store.User], a *subject) error {
		got, err := db.FindRotated(ctx, a.rotated)
		if err == nil && !got.Elsewhere {
			err = errors.New("it is not told")
		}
		return err
	}},
	"DeleteSession": {kind: driver.LoggedOut, do: func(ctx context.Context, db *store.DB[store.User], a *subject) error {
		return db.DeleteSession(ctx, a.session.Digest)
	}},
	"RevokeSession": {kind: driver.SessionsRevoked, do: func(ctx context.Context, db *store.DB[store.User], a *subject) error {
		return db.RevokeSession(ctx, a.user.ID, a.session.ID)
	}},
	"RevokeUserSessions": {kind: driver.SessionsRevoked, do: func(ctx context.Context, db *store.DB[store.User], a *subject) error {
		return db.RevokeUserSessions(ctx, a.user.ID, "")
	}},
	"RevokeUserSessions but one": {kind: driver.SessionsRevoked, do: func(ctx context.Context, db *store.DB[store.User], a *subject) error {
		return db.RevokeUserSessions(ctx, a.user.ID, a.session.ID)
	}},
	"RevokeAllSessions": {kind: driver.SessionsRevoked, about: "nobody", do: func(ctx context.Context, db *store.DB[store.User], _ *subject) error {
		return db.RevokeAllSessions(ctx)
	}},
	"CreateAPIKey": {kind: driver.TokenCreated, do: func(ctx context.Context, db *store.DB[store.User], a *subject) error {
		_, err := db.CreateAPIKey(ctx, driver.NewAPIKey{Digest: newDigest(), UserID: a.user.ID, Name: "weekly", Start: "gak_"})
		return err
	}},
	"RevokeAPIKey": {kind: driver.TokenRevoked, do: func(ctx context.Context, db *store.DB[store.User], a *subject) error {
		return db.RevokeAPIKey(ctx, a.user.ID, a.key.ID)
	}},
	"RevokeUserAPIKeys": {kind: driver.TokenRevoked, do: func(ctx context.Context, db *store.DB[store.User], a *subject) error {
		return db.RevokeUserAPIKeys(ctx, a.user.ID)
	}},
	"CreateRefreshFamily": {kind: driver.LoginSucceeded, do: func(ctx context.Context, db *store.DB[store.User], a *subject) error {
		_, err := db.CreateRefreshFamily(ctx, familyOf(a.user.ID, refresh.New()))
		return err
	}},
	"RotateRefreshToken too late": {kind: driver.TokenReused, fails: true, do: func(ctx context.Context, db *store.DB[store.User], a *subject) error {
		next, seal := a.token.Next()
		_, err := db.RotateRefreshToken(ctx, driver.RefreshRotation{Key: a.token.Key(), Next: next.Key().Digest, Seal: seal})
		return unless(err, driver.ErrTokenReused)
	}},
	"RotateRefreshToken from elsewhere": {kind: driver.TokenUsedInGrace, given: func(t *testing.T, a *subject) {
		t.Helper()
		a.token, a.family = a.setup.family(t, a.user.ID)
		home := driver.WithCause(t.Context(), driver.Cause{Origin: driver.Origin{UserAgent: "phone"}, RequestID: "home"})
		if _, err := a.use(home, a.token); err != nil {
			t.Fatal(err)
		}
	}, do: func(ctx context.Context, db *store.DB[store.User], a *subject) error {
		next, seal := a.token.Next()
		got, err := db.RotateRefreshToken(ctx, driver.RefreshRotation{Key: a.token.Key(), Next: next.Key().Digest, Seal: seal})
		if err == nil && !got.Elsewhere {
			err = errors.New("it is not told")
		}
		return err
	}},
	"RevokeRefreshToken": {kind: driver.TokenRevoked, do: func(ctx context.Context, db *store.DB[store.User], a *subject) error {
		_, err := db.RevokeRefreshToken(ctx, a.token.Key())
		return err
	}},
	"RevokeRefreshFamily": {kind: driver.TokenRevoked, do: func(ctx context.Context, db *store.DB[store.User], a *subject) error {
		return db.RevokeRefreshFamily(ctx, a.user.ID, a.family.ID)
	}},
	"RecordEvent": {kind: driver.LoginFailed, fails: true, do: func(ctx context.Context, db *store.DB[store.User], a *subject) error {
		return db.RecordEvent(ctx, driver.NewEvent(ctx, driver.LoginFailed, a.user.ID))
	}},
}

func archive(t *testing.T, a *subject) {
	t.Helper()
	if _, err := a.db.ArchiveUser(t.Context(), a.user.ID, time.Hour); err != nil {
		t.Fatal(err)
	}
}

func linked(k driver.MailKind) func(*testing.T, *subject) {
	return func(t *testing.T, a *subject) {
		t.Helper()
		address := a.user.Email
		if k == driver.MailChange || k == driver.MailUndo {
			address = newUser().Email
		}
		a.mailed(t, k, address)
	}
}

func useLink(k driver.MailKind) func(context.Context, *store.DB[store.User], *subject) error {
	return func(ctx context.Context, db *store.DB[store.User], a *subject) error {
		_, err := db.UseEmailToken(ctx, driver.EmailTokenUse{Kind: k, Digest: a.link, Hash: hash('c')})
		return err
	}
}

// state is all that the tables hold, except events and times.
func (a *subject) state(t *testing.T) string {
	t.Helper()
	var all string
	err := a.pool.QueryRow(t.Context(), `SELECT concat_ws(E'\n',
		(SELECT string_agg(concat_ws(' ', u.email_canonical, u.username, u.name, u.password_hash, u.session_epoch, u.disabled_at, u.delete_after, u.verified_at, u.must_change_password), E'\n' ORDER BY u.id) FROM ginauth.users AS u),
		(SELECT string_agg(k.name, ' ' ORDER BY k.name) FROM ginauth.api_keys AS k),
		(SELECT string_agg(concat_ws(' ', s.digest, s.data, s.epoch, s.previous_digest, s.elsewhere), E'\n' ORDER BY s.digest) FROM ginauth.sessions AS s),
		(SELECT string_agg(concat_ws(' ', r.selector, r.digest, r.epoch, r.expires_at, r.elsewhere), E'\n' ORDER BY r.selector) FROM ginauth.refresh_tokens AS r),
		(SELECT string_agg(concat_ws(' ', o.kind, o.email, o.requests), E'\n' ORDER BY o.kind, o.email) FROM ginauth.outbox AS o),
		(SELECT string_agg(m.kind, ' ' ORDER BY m.kind) FROM ginauth.email_tokens AS m),
		(SELECT string_agg(e.epoch::text, ' ') FROM ginauth.session_epoch AS e))`).Scan(&all)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// events are those of a request.
func (a *subject) events(t *testing.T, request string) []driver.Event {
	t.Helper()
	rows, err := a.pool.Query(t.Context(), `SELECT kind, outcome, COALESCE(user_id::text, ''), COALESCE(actor_id::text, ''), operation, COALESCE(host(ip), ''), user_agent, COALESCE(detail->>'actor', '')
		FROM ginauth.events WHERE request_id = $1 ORDER BY id`, request)
	if err != nil {
		t.Fatal(err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (e driver.Event, err error) {
		var ip, actor string
		err = row.Scan((*string)(&e.Kind), (*string)(&e.Outcome), (*string)(&e.User), (*string)(&e.Actor), &e.Operation, &ip, &e.Origin.UserAgent, &actor)
		if ip != "" {
			e.Origin.Addr = netip.MustParseAddr(ip)
		}
		return e, err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

var somewhere = driver.Origin{Addr: netip.MustParseAddr("203.0.113.7"), UserAgent: "curl/8"}

func TestEveryChangeLeavesOneEvent(t *testing.T) { // SEC-161
	t.Parallel()
	for name, change := range accountChanges {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newSubject(t)
			if change.given != nil {
				change.given(t, a)
			}
			ctx := driver.WithCause(t.Context(), driver.Cause{Origin: somewhere, Operation: "op", RequestID: "req-1"})
			before, others := a.state(t), len(a.events(t, ""))
			if err := change.do(ctx, a.db, a); err != nil {
				t.Fatal(err)
			}
			if name != "RecordEvent" && a.state(t) == before {
				t.Error("nothing has changed")
			}
			list := append(a.events(t, "req-1"), a.events(t, "")[others:]...)
			if len(list) != 1 {
				t.Fatalf("%d events: %v", len(list), list)
			}
			e := list[0]
			want := driver.Success
			if change.fails {
				want = driver.Failure
			}
			if e.Kind != change.kind || e.Outcome != want {
				t.Errorf("%s, %s", e.Kind, e.Outcome)
			}
			if (e.User == "") != (change.about == "nobody") || (e.User == a.user.ID) != (change.about == "") {
				t.Errorf("it is about %q, of %s", e.User, a.user.ID)
			}
			login := strings.HasPrefix(name, "Create") && change.kind == driver.LoginSucceeded
			if name != "Sweep" && (e.Operation != "op" || !login && e.Origin != somewhere) {
				t.Errorf("the circumstances are %v", e)
			}
		})
	}
}

// Nothing is half done if a hook fails, or if an event cannot be stored.
func TestWithoutItsEventNothingChanges(t *testing.T) { // SEC-163
	t.Parallel()
	no := errors.New("no")
	for name, change := range accountChanges {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newSubject(t)
			if change.given != nil {
				change.given(t, a)
			}
			var told int
			refusing := store.New[store.User](a.pool, store.WithNow(a.clock.now), unhurried, store.OnEvent(func(ctx context.Context, tx pgx.Tx, e driver.Event) error {
				if e.ID == 0 || e.At.IsZero() || e.Kind != change.kind {
					t.Errorf("the hook gets %v", e)
				}
				if _, err := tx.Exec(ctx, `INSERT INTO notes VALUES ('x')`); err != nil {
					t.Error(err)
				}
				return no
			}), store.AfterEvent(func(context.Context, driver.Event) { told++ }))
			before, events := a.state(t), a.count(t, `SELECT count(*) FROM ginauth.events`)
			if err := change.do(t.Context(), refusing, a); !errors.Is(err, no) || name != "Sweep" && err != no { //nolint:errorlint // as it is
				t.Errorf("the hook's error comes back as %v", err)
			}
			a.exec(t, `ALTER TABLE ginauth.events ADD CONSTRAINT full_check CHECK (FALSE) NOT VALID`)
			if err := change.do(t.Context(), a.db, a); err == nil {
				t.Error("it went on without an event")
			}
			if diff := cmp.Diff(before, a.state(t)); diff != "" {
				t.Errorf("half of it is done: %s", diff)
			}
			if a.count(t, `SELECT count(*) FROM ginauth.events`) != events || a.count(t, `SELECT count(*) FROM notes`) != 0 || told != 0 {
				t.Errorf("an event is left, or was told %d times", told)
			}
		})
	}
}

// When AfterEvent runs, any other connection sees the change, and OnEvent's row.
func TestEventsAreToldOnceTheyAreCommitted(t *testing.T) {
	t.Parallel()
	for name, change := range accountChanges {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newSubject(t)
			if change.given != nil {
				change.given(t, a)
			}
			var told []driver.Event
			var seen bool
			db := store.New[store.User](a.pool, store.WithNow(a.clock.now), unhurried, store.OnEvent(func(ctx context.Context, tx pgx.Tx, e driver.Event) error {
				_, err := tx.Exec(ctx, `INSERT INTO notes VALUES ($1)`, string(e.Kind))
				return err
			}), store.AfterEvent(func(ctx context.Context, e driver.Event) {
				told = append(told, e)
				err := a.pool.QueryRow(ctx, `SELECT count(*) = 1 FROM ginauth.events AS e JOIN notes AS n ON n.of = e.kind
					WHERE e.id = $1 AND e.at = $2 AND e.user_id IS NOT DISTINCT FROM NULLIF($3, '')::uuid AND e.session = $4`, e.ID, e.At, string(e.User), e.Session).Scan(&seen)
				if err != nil {
					t.Error(err)
				}
			}))
			if err := change.do(t.Context(), db, a); err != nil {
				t.Fatal(err)
			}
			if len(told) != 1 || told[0].Kind != change.kind || !seen {
				t.Errorf("told %v, of which another connection saw one: %v", told, seen)
			}
		})
	}
}

func TestEventsInTheCallersTransactionAreNotToldBefore(t *testing.T) {
	t.Parallel()
	a := newSubject(t)
	undone, told := errors.New("undo"), 0
	before := a.count(t, `SELECT count(*) FROM ginauth.events`)
	err := pgx.BeginFunc(t.Context(), a.pool, func(tx pgx.Tx) error {
		db := store.New[store.User](tx, unhurried, store.AfterEvent(func(context.Context, driver.Event) { told++ }))
		if err := db.DisableUser(t.Context(), a.user.ID); err != nil {
			t.Error(err)
		}
		return undone
	})
	if !errors.Is(err, undone) || told != 0 || a.count(t, `SELECT count(*) FROM ginauth.events`) != before {
		t.Errorf("%v, told %d times", err, told)
	}
}

// An event of the app's own code has no client and no actor, and its detail says so.
func TestOperatorsAreToldFromUsers(t *testing.T) {
	t.Parallel()
	a := newSubject(t)
	a.clock.add(time.Second)
	if err := a.db.DisableUser(t.Context(), a.user.ID); err != nil {
		t.Fatal(err)
	}
	admin := a.setup.user(t)
	ctx := driver.WithCause(t.Context(), driver.Cause{Actor: admin.ID, Session: "0a0b0c0d", Origin: somewhere, Operation: "POST /admin", RequestID: "r"})
	if err := a.db.EnableUser(ctx, a.user.ID); err != nil {
		t.Fatal(err)
	}
	list, err := a.db.UserEvents(t.Context(), a.user.ID, time.Time{}, 2)
	if err != nil {
		t.Fatal(err)
	}
	want := []driver.Event{
		{ID: list[0].ID, At: a.clock.now(), Kind: driver.UserEnabled, User: a.user.ID, Actor: admin.ID, Session: "0a0b0c0d", Origin: somewhere, Outcome: "success", Operation: "POST /admin", RequestID: "r"},
		{ID: list[1].ID, At: a.clock.now(), Kind: driver.UserDisabled, User: a.user.ID, Outcome: "success", Detail: map[string]string{"actor": "operator"}},
	}
	if diff := cmp.Diff(want, list, cmp.Comparer(func(x, y netip.Addr) bool { return x == y })); diff != "" {
		t.Error(diff)
	}
}

// A call that changes nothing leaves no event: not about another user's session, and no logout of
// an ended session.
func TestWhatChangesNothingLeavesNoEvent(t *testing.T) {
	t.Parallel()
	a := newSubject(t)
	ctx, nobody := t.Context(), driver.UserID("00000000-0000-4000-8000-000000000009")
	revoked := a.setup.session(t, sessionOf(a.user.ID))
	if err := a.db.RevokeUserSessions(ctx, a.user.ID, a.session.ID); err != nil {
		t.Fatal(err)
	}
	before := a.count(t, `SELECT count(*) FROM ginauth.events`)
	for name, err := range map[string]error{
		"logout of nothing": a.db.DeleteSession(ctx, newDigest()), "logout of a revoked session": a.db.DeleteSession(ctx, revoked.Digest),
		"nobody's sessions": a.db.RevokeUserSessions(ctx, nobody, ""), "nobody's keys": a.db.RevokeUserAPIKeys(ctx, nobody),
		"somebody else's session": unless(a.db.RevokeSession(ctx, nobody, a.session.ID), driver.ErrNoSession),
		"nobody's account":        unless(a.db.DeleteUser(ctx, nobody), driver.ErrNoUser),
	} {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	anonymous := a.setup.session(t, sessionOf(""))
	if err := a.db.DeleteSession(ctx, anonymous.Digest); err != nil {
		t.Error(err)
	}
	if _, err := a.db.CreateSession(ctx, driver.NewSession{Digest: newDigest(), UserID: a.user.ID, Lifetime: 1, IdleTimeout: 1, Data: []byte(`{"a": "` + strings.Repeat("x", 20<<10) + `"}`)}); !errors.Is(err, driver.ErrSessionTooLarge) {
		t.Error(err)
	}
	if n := a.count(t, `SELECT count(*) FROM ginauth.events`) - before; n != 0 {
		t.Errorf("%d events", n)
	}
}

// Text that a client sends is stored as text, is cut if it is too long, and never makes a change
// fail.
func TestForgedTextIsStoredHarmlessly(t *testing.T) { // SEC-162
	t.Parallel()
	inEveryMode(t, func(t *testing.T, s *setup) {
		t.Helper()
		u := s.user(t)
		for _, text := range []string{"a\r\n{\"event\":\"forged\"}", "\x1b[31m", "'; DROP TABLE ginauth.events; --", "\x00\xff", strings.Repeat("é", 5000), "<script>"} {
			s.clock.add(time.Second)
			ctx := driver.WithCause(t.Context(), driver.Cause{Session: text, Operation: text, RequestID: text, Origin: driver.Origin{UserAgent: text}})
			e := driver.NewEvent(ctx, driver.EventKind(text), u.ID)
			e.Detail = map[string]string{text: text}
			n := sessionOf(u.ID)
			n.Origin.UserAgent = text
			if _, err := s.db.CreateSession(ctx, n); err != nil {
				t.Errorf("%.20q: %v", text, err)
			}
			if err := errors.Join(s.db.RecordEvent(ctx, e), s.db.DisableUser(ctx, u.ID), s.db.EnableUser(ctx, u.ID)); err != nil {
				t.Errorf("%.20q: %v", text, err)
			}
			list, err := s.db.UserEvents(ctx, u.ID, time.Time{}, 3)
			if err != nil || len(list) != 4 || !strings.HasPrefix(list[2].Operation, strings.ToValidUTF8(text[:2], "\uFFFD")[:1]) && text[0] != 0 {
				t.Errorf("%.20q: %v, %v", text, list, err)
			}
		}
	})
}
