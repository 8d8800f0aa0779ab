package store_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store"
)

// telling is s with a store that sends notices.
func (s *setup) telling() *store.DB[store.User] {
	return store.New[store.User](s.pool, store.WithNow(s.clock.now), unhurried, store.WithMail())
}

// outbox is the mails of a user that wait to be sent, by kind.
func (s *setup) outbox(t *testing.T, u store.User) map[string]string {
	t.Helper()
	rows, err := s.pool.Query(t.Context(), `SELECT kind, concat_ws(' ', email, email_canonical, locale, requests) FROM ginauth.outbox WHERE user_id = $1`, string(u.ID))
	if err != nil {
		t.Fatal(err)
	}
	list := map[string]string{}
	for rows.Next() {
		var kind, what string
		if err := rows.Scan(&kind, &what); err != nil {
			t.Fatal(err)
		}
		list[kind] = what
	}
	if rows.Err() != nil {
		t.Fatal(rows.Err())
	}
	return list
}

// good is the kinds of the tokens that withLinks made and that are still good.
func (s *setup) good(t *testing.T, u store.User) (kinds []driver.MailKind) {
	t.Helper()
	for _, k := range tokenKinds {
		_, _, err := s.db.FindEmailToken(t.Context(), k, digestOf(k, orderFor(u, driver.MailReset).Canonical))
		if err == nil {
			kinds = append(kinds, k)
		} else if !errors.Is(err, driver.ErrNoEmailToken) {
			t.Fatal(err)
		}
	}
	return kinds
}

func TestWhatReplacesThePasswordOrShutsTheAccountVoidsLinks(t *testing.T) { // SEC-107
	t.Parallel()
	for name, do := range map[string]func(context.Context, *store.DB[store.User], driver.UserID) error{
		"a change": func(ctx context.Context, db *store.DB[store.User], u driver.UserID) error {
			_, err := db.SetPassword(ctx, driver.PasswordChange{UserID: u, Old: hash('a'), New: hash('b')})
			return err
		},
		"a forced reset": func(ctx context.Context, db *store.DB[store.User], u driver.UserID) error {
			return db.ForcePasswordReset(ctx, u)
		},
		"disabled and enabled": func(ctx context.Context, db *store.DB[store.User], u driver.UserID) error {
			return errors.Join(db.DisableUser(ctx, u), db.EnableUser(ctx, u))
		},
		"archived and restored": func(ctx context.Context, db *store.DB[store.User], u driver.UserID) error {
			_, archived := db.ArchiveUser(ctx, u, time.Hour)
			_, restored := db.RestoreUser(ctx, u, hash('a'))
			return errors.Join(archived, restored)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inEveryMode(t, func(t *testing.T, s *setup) {
				t.Helper()
				u, stranger := s.user(t), s.user(t)
				s.withLinks(t, u)
				if diff := cmp.Diff(tokenKinds, s.good(t, u)); diff != "" {
					t.Fatal(diff)
				}
				if err := do(t.Context(), s.db, stranger.ID); err != nil || len(s.good(t, u)) != len(tokenKinds) || len(s.outbox(t, u)) != 1 {
					t.Errorf("somebody else's: %v, %v, %v", err, s.good(t, u), s.outbox(t, u))
				}
				if err := do(t.Context(), s.db, u.ID); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff([]driver.MailKind{driver.MailUndo}, s.good(t, u)); diff != "" {
					t.Error(diff)
				}
				if left := s.outbox(t, u); len(left) != 0 {
					t.Errorf("mails are left: %v", left)
				}
			})
		})
	}
}

func TestOldPasswordsThatAreWrongVoidNothing(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	u := s.user(t)
	s.verify(t, u)
	s.withLinks(t, u)
	if _, err := s.telling().SetPassword(t.Context(), driver.PasswordChange{UserID: u.ID, Old: hash('x'), New: hash('b')}); !errors.Is(err, driver.ErrNoUser) {
		t.Fatal(err)
	}
	if len(s.good(t, u)) != len(tokenKinds) || len(s.outbox(t, u)) != 1 {
		t.Errorf("%v, %v", s.good(t, u), s.outbox(t, u))
	}
}

func TestNoticesAreQueuedOnDemandForProvedAddresses(t *testing.T) { // SEC-111
	t.Parallel()
	change := func(ctx context.Context, db *store.DB[store.User], u driver.UserID) error {
		_, err := db.SetPassword(ctx, driver.PasswordChange{UserID: u, Old: hash('a'), New: hash('b')})
		return err
	}
	login := func(n driver.NewSession) func(context.Context, *store.DB[store.User], driver.UserID) error {
		return func(ctx context.Context, db *store.DB[store.User], u driver.UserID) error {
			own := n // the modes of a test run at the same time
			own.Digest, own.UserID = newDigest(), u
			_, err := db.CreateSession(ctx, own)
			return err
		}
	}
	known, unknown := sessionOf(""), sessionOf("")
	unknown.NewBrowser = true
	limited := unknown
	limited.Limit = 1
	for name, test := range map[string]struct {
		do   func(context.Context, *store.DB[store.User], driver.UserID) error
		kind string
	}{
		"change of the password":           {change, "password"},
		"login on a new device":            {login(unknown), "device"},
		"login on a new device with limit": {login(limited), "device"},
		"login on a known device":          {login(known), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inEveryMode(t, func(t *testing.T, s *setup) {
				t.Helper()
				proved, unproved, untold, unseen := s.user(t), s.user(t), s.user(t), s.user(t)
				for _, u := range []store.User{proved, untold, unseen} {
					s.verify(t, u)
				}
				for _, u := range []store.User{proved, unproved, untold} {
					s.loggedIn(t, u.ID, guessAt(newLimitKey(), newLimitKey()))
				}
				for u, db := range map[store.User]*store.DB[store.User]{proved: s.telling(), unproved: s.telling(), untold: s.db, unseen: s.telling()} {
					if err := test.do(t.Context(), db, u.ID); err != nil {
						t.Fatal(err)
					}
					want := map[string]string{}
					if u == proved && test.kind != "" || u == unseen && test.kind == "password" { // a first login is no news
						want[test.kind] = u.Email + " " + orderFor(u, driver.MailReset).Canonical + "  1"
					}
					if diff := cmp.Diff(want, s.outbox(t, u)); diff != "" {
						t.Error(diff)
					}
				}
			})
		})
	}
}

func TestNewUsersAreAskedForProofInTheirOwnTransaction(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	asked := func() int {
		return s.count(t, `SELECT count(*) FROM ginauth.outbox WHERE kind = 'verify' AND user_id IS NULL AND email = 'Ada@Example.com' AND requests = 1`)
	}
	n := driver.NewUser{Email: "Ada@Example.com", Canonical: "ada@example.com"}
	refused := errors.New("refused")
	after := store.AfterCreate(func(context.Context, pgx.Tx, store.User) error { return refused })
	if _, err := store.New[store.User](s.pool, unhurried, store.WithMail(), after).CreateUser(t.Context(), n, nil); !errors.Is(err, refused) || asked() != 0 {
		t.Errorf("a sign-up that is undone: %v, %d mails", err, asked())
	}
	if _, err := s.telling().CreateUser(t.Context(), n, nil); err != nil || asked() != 1 {
		t.Errorf("%v, %d mails", err, asked())
	}
	s.exec(t, `DELETE FROM ginauth.users`)
	s.exec(t, `DELETE FROM ginauth.outbox`)
	if created, err := s.telling().CreateUserAndMail(t.Context(), n, nil, ""); err != nil || !created || asked() != 1 {
		t.Errorf("with a mail of its own: %v, %v, %d mails", created, err, asked())
	}
	s.exec(t, `DELETE FROM ginauth.users`)
	s.exec(t, `DELETE FROM ginauth.outbox`)
	if _, err := s.db.CreateUser(t.Context(), n, nil); err != nil || asked() != 0 {
		t.Errorf("without WithMail: %v, %d mails", err, asked())
	}
}

func TestLoginsThatFailTellNobody(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	u := s.user(t)
	s.verify(t, u)
	s.loggedIn(t, u.ID, guessAt(newLimitKey(), newLimitKey()))
	for name, spoil := range map[string]func(*driver.NewSession){
		"another password": func(n *driver.NewSession) { n.Credential = hash('x') },
		"too much data":    func(n *driver.NewSession) { n.Data = []byte(`"` + strings.Repeat("x", 20<<10) + `"`) },
		"a used digest":    func(n *driver.NewSession) { n.Digest = s.session(t, sessionOf(s.user(t).ID)).Digest },
	} {
		n := sessionOf(u.ID)
		n.NewBrowser = true
		spoil(&n)
		if _, err := s.telling().CreateSession(t.Context(), n); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if list := s.outbox(t, u); len(list) != 0 {
		t.Errorf("%v", list)
	}
}

// However often something happens while a notice waits to be sent, it stays one mail, and it goes
// to the user's present address.
func TestNoticesAreSentOnce(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	u := s.user(t)
	s.verify(t, u)
	s.loggedIn(t, u.ID, guessAt(newLimitKey(), newLimitKey()))
	for range 3 {
		n := sessionOf(u.ID)
		n.NewBrowser = true
		if _, err := s.telling().CreateSession(t.Context(), n); err != nil {
			t.Fatal(err)
		}
	}
	mails, err := s.db.ClaimMail(t.Context(), 10, time.Minute)
	if err != nil || len(mails) != 1 || mails[0].Kind != driver.MailNewBrowser {
		t.Fatalf("%+v, %v", mails, err)
	}
	to, err := s.db.PrepareMail(t.Context(), mails[0].ID, driver.Digest{}, 0)
	if err != nil || to.Email != u.Email || to.User.ID != u.ID {
		t.Errorf("%+v, %v", to, err)
	}
}

// A mail that is being prepared while the password changes holds a link that is no longer good.
func TestALinkMadeMeanwhileIsVoidToo(t *testing.T) { // SEC-107
	t.Parallel()
	s := newSetup(t)
	u := s.user(t)
	s.withLinks(t, u)
	canonical := orderFor(u, driver.MailReset).Canonical
	tx, err := s.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(context.Background()) }()
	digest := newDigest()
	maker := store.New[store.User](tx, store.WithNow(s.clock.now), unhurried)
	if _, err := maker.PrepareMail(t.Context(), pendingOf(canonical), digest, time.Hour); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := s.db.SetPassword(context.Background(), driver.PasswordChange{UserID: u.ID, Old: hash('a'), New: hash('b')})
		done <- err
	}()
	await(t, func() bool {
		return s.count(t, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`) > 0
	})
	if err := errors.Join(tx.Commit(t.Context()), <-done); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.db.FindEmailToken(t.Context(), driver.MailChange, digest); !errors.Is(err, driver.ErrNoEmailToken) {
		t.Errorf("the link is good: %v", err)
	}
}
