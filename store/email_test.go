package store_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store"
	"github.com/ginauth/ginauth/store/storetest"
)

// modes are the ways pgx has of talking to PostgreSQL, with and without prepared statements.
var modes = []pgx.QueryExecMode{
	pgx.QueryExecModeCacheStatement, pgx.QueryExecModeDescribeExec, pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol,
}

func orderFor(u store.User, k driver.MailKind) driver.MailOrder {
	canonical, _ := driver.CanonicalEmail(u.Email)
	o := driver.MailOrder{Kind: k, Email: u.Email, Canonical: canonical, Locale: "de"}
	if k == driver.MailChange {
		o.UserID, o.Email, o.Canonical = u.ID, "New."+u.Email, "new."+canonical
	}
	return o
}

// mailed queues a mail and returns its token, as a worker would make it.
func (s *setup) mailed(tb testing.TB, o driver.MailOrder) driver.Digest {
	tb.Helper()
	if err := s.db.QueueMail(tb.Context(), o); err != nil {
		tb.Fatal(err)
	}
	mails, err := s.db.ClaimMail(tb.Context(), 10, time.Minute)
	if err != nil || len(mails) != 1 {
		tb.Fatalf("%v, %v", mails, err)
	}
	digest := newDigest()
	if _, err := s.db.PrepareMail(tb.Context(), mails[0].ID, digest, time.Hour); err != nil {
		tb.Fatal(err)
	}
	if err := s.db.SettleMail(tb.Context(), mails[0].ID, mails[0].Attempt, driver.MailOutcome{}); err != nil {
		tb.Fatal(err)
	}
	return digest
}

func TestMailIsClaimedPreparedAndSettled(t *testing.T) { // SEC-136
	t.Parallel()
	base := storetest.NewDB(t)
	for _, mode := range modes { // one after the other: any worker takes any mail
		s := setupOn(newPool(t, base, func(cfg *pgxpool.Config) { cfg.ConnConfig.DefaultQueryExecMode = mode }))
		u := s.user(t)
		o := orderFor(u, driver.MailReset)
		for range 2 {
			if err := s.db.QueueMail(t.Context(), o); err != nil {
				t.Fatal(err)
			}
		}
		mails, err := s.db.ClaimMail(t.Context(), 10, time.Minute)
		if err != nil || len(mails) != 1 {
			t.Fatalf("%v, %v", mails, err)
		}
		mine := mails[0]
		if diff := cmp.Diff(driver.Mail{ID: mine.ID, Kind: driver.MailReset, Locale: "de", Attempt: 1, OrderedAt: s.clock.now(), Now: s.clock.now()}, mine); diff != "" {
			t.Error(diff)
		}
		digest := newDigest()
		to, err := s.db.PrepareMail(t.Context(), mine.ID, digest, time.Hour)
		if err != nil || to.Email != u.Email || to.User.ID != u.ID {
			t.Fatalf("%+v, %v", to, err)
		}
		if err := s.db.SettleMail(t.Context(), mine.ID, mine.Attempt, driver.MailOutcome{Failure: "busy", RetryIn: time.Minute}); err != nil {
			t.Fatal(err)
		}
		if n := s.count(t, `SELECT count(*) FROM ginauth.outbox WHERE id = $1 AND failure = 'busy' AND due_at = $2`, string(mine.ID), s.clock.now().Add(time.Minute)); n != 1 {
			t.Error("the mail does not wait")
		}
		if err := s.db.SettleMail(t.Context(), mine.ID, mine.Attempt, driver.MailOutcome{Failure: "gone"}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.db.PrepareMail(t.Context(), mine.ID, newDigest(), time.Hour); !errors.Is(err, driver.ErrNoMail) {
			t.Errorf("a mail that was given up: %v", err)
		}
		found, address, err := s.db.FindEmailToken(t.Context(), driver.MailReset, digest)
		if err != nil || found.ID != u.ID || address != u.Email {
			t.Errorf("%v, %q, %v", found, address, err)
		}
		used, err := s.db.UseEmailToken(t.Context(), driver.EmailTokenUse{Kind: driver.MailReset, Digest: digest, Hash: hash('b')})
		if err != nil || used.VerifiedAt == nil || !used.VerifiedAt.Equal(s.clock.now()) {
			t.Errorf("%+v, %v", used, err)
		}
		_, got, err := s.db.FindCredential(t.Context(), o.Canonical)
		if err != nil || !got.Equal(hash('b')) {
			t.Errorf("the password was not replaced: %v", err)
		}
		if n := s.count(t, `SELECT count(*) FROM ginauth.outbox WHERE kind = 'password' AND user_id = $1`, string(u.ID)); n != 1 {
			t.Errorf("%d notices", n)
		}
		s.exec(t, `DELETE FROM ginauth.outbox`)
	}
}

func TestEveryTokenWorksInEveryMode(t *testing.T) { // SEC-136
	t.Parallel()
	for _, kind := range []driver.MailKind{driver.MailVerify, driver.MailReset, driver.MailLogin, driver.MailChange} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			base := storetest.NewDB(t)
			for _, mode := range modes {
				in := setupOn(newPool(t, base, func(cfg *pgxpool.Config) { cfg.ConnConfig.DefaultQueryExecMode = mode }))
				u := in.user(t)
				digest := in.mailed(t, orderFor(u, kind))
				used, err := in.db.UseEmailToken(t.Context(), driver.EmailTokenUse{Kind: kind, Digest: digest, Hash: hash('b')})
				if err != nil || used.ID != u.ID || used.VerifiedAt == nil {
					t.Fatalf("%s: %+v, %v", mode, used, err)
				}
				if kind == driver.MailChange && used.Email != "New."+u.Email {
					t.Errorf("the address is %s", used.Email)
				}
				if _, err := in.db.UseEmailToken(t.Context(), driver.EmailTokenUse{Kind: kind, Digest: digest, Hash: hash('b')}); !errors.Is(err, driver.ErrNoEmailToken) {
					t.Errorf("again: %v", err)
				}
				in.exec(t, `DELETE FROM ginauth.outbox`)
			}
		})
	}
}

// Of many parallel uses of one token one succeeds, in each of many rounds.
func TestTokenIsSpentOnce(t *testing.T) { // SEC-105, SEC-151
	t.Parallel()
	const callers, rounds = 16, 200
	for _, kind := range tokenKinds {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			s := newSetup(t)
			u := s.user(t)
			for round := range rounds {
				digest := s.token(t, u, kind)
				spent := 0
				for _, err := range together(callers, func(ctx context.Context, _ int) error {
					_, err := s.db.UseEmailToken(ctx, driver.EmailTokenUse{Kind: kind, Digest: digest, Hash: hash('b')})
					return err
				}) {
					switch {
					case err == nil:
						spent++
					case !errors.Is(err, driver.ErrNoEmailToken):
						t.Fatal(err)
					}
				}
				if spent != 1 {
					t.Fatalf("round %d: spent %d times", round, spent)
				}
			}
		})
	}
}

// token gives the user a token for their present address, without a mail.
func (s *setup) token(t *testing.T, u store.User, k driver.MailKind) driver.Digest {
	t.Helper()
	digest := newDigest()
	s.exec(t, `INSERT INTO ginauth.email_tokens (digest, kind, user_id, mail_id, email, email_canonical, created_at, expires_at)
		SELECT $1, $2, id, gen_random_uuid(), email, email_canonical, $3, $3::timestamptz + interval '1 hour' FROM ginauth.users WHERE id = $4`,
		digest[:], string(k), s.clock.now(), string(u.ID))
	return digest
}

// Whichever statement loses the database, all is done or nothing.
func TestUsingATokenIsAllOrNothing(t *testing.T) { // SEC-152
	t.Parallel()
	s := newSetup(t)
	u := s.user(t)
	session := s.session(t, sessionOf(u.ID))
	digest := s.mailed(t, orderFor(u, driver.MailReset))
	for _, table := range []string{"outbox", "email_tokens", "users"} {
		s.exec(t, fmt.Sprintf(`CREATE FUNCTION fail_%[1]s() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'lost'; END $$;
			CREATE TRIGGER fail BEFORE INSERT OR UPDATE OR DELETE ON ginauth.%[1]s FOR EACH ROW EXECUTE FUNCTION fail_%[1]s()`, table))
		if _, err := s.db.UseEmailToken(t.Context(), driver.EmailTokenUse{Kind: driver.MailReset, Digest: digest, Hash: hash('b')}); err == nil {
			t.Errorf("%s is lost, and all is well", table)
		}
		s.exec(t, `DROP TRIGGER fail ON ginauth.`+table)
		_, stored, err := s.db.FindCredential(t.Context(), orderFor(u, driver.MailReset).Canonical)
		if err != nil || !stored.Equal(hash('a')) || s.find(t, session.Digest) != nil {
			t.Errorf("%s is lost, and half is done", table)
		}
	}
	if _, err := s.db.UseEmailToken(t.Context(), driver.EmailTokenUse{Kind: driver.MailReset, Digest: digest, Hash: hash('b')}); err != nil {
		t.Fatal(err)
	}
	if err := s.find(t, session.Digest); !errors.Is(err, driver.ErrNoSession) { // SEC-77
		t.Errorf("the session: %v", err)
	}
}

func TestSweepingDeletesExpiredMailedTokens(t *testing.T) { // SEC-148
	t.Parallel()
	s := newSetup(t)
	u := s.user(t)
	old := s.mailed(t, orderFor(u, driver.MailReset))
	s.clock.add(time.Hour)
	young := s.mailed(t, orderFor(u, driver.MailLogin))
	if n, err := s.db.Sweep(t.Context()); n != 1 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if _, _, err := s.db.FindEmailToken(t.Context(), driver.MailReset, old); !errors.Is(err, driver.ErrNoEmailToken) {
		t.Errorf("the old one: %v", err)
	}
	if _, _, err := s.db.FindEmailToken(t.Context(), driver.MailLogin, young); err != nil {
		t.Errorf("the young one: %v", err)
	}
}

func TestMailsThatCannotBe(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	u := s.user(t)
	for name, o := range map[string]driver.MailOrder{
		"no address": {Kind: driver.MailReset},
		"NUL":        {Kind: driver.MailReset, Email: "a\x00", Canonical: "a"},
		"no kind":    {Kind: "spam", Email: "a", Canonical: "a"},
		"no user":    {Kind: driver.MailChange, Email: "a", Canonical: "a"},
		"a user":     {Kind: driver.MailReset, UserID: u.ID, Email: "a", Canonical: "a"},
	} {
		if err := s.db.QueueMail(t.Context(), o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	for _, id := range []driver.UserID{"x", "00000000-0000-4000-8000-000000000009"} {
		if err := s.db.QueueMail(t.Context(), driver.MailOrder{Kind: driver.MailChange, UserID: id, Email: "a", Canonical: "a"}); !errors.Is(err, driver.ErrNoUser) {
			t.Errorf("%s: %v", id, err)
		}
	}
	if _, err := s.db.UseEmailToken(t.Context(), driver.EmailTokenUse{Kind: driver.MailReset}); err == nil {
		t.Error("a reset without a hash")
	}
	if _, err := s.db.PrepareMail(t.Context(), "x", newDigest(), time.Hour); !errors.Is(err, driver.ErrNoMail) {
		t.Errorf("no id: %v", err)
	}
}

func TestTokenIsBoundToItsAddress(t *testing.T) { // SEC-104
	t.Parallel()
	s := newSetup(t)
	for _, kind := range []driver.MailKind{driver.MailVerify, driver.MailReset, driver.MailLogin} {
		u := s.user(t)
		digest := s.mailed(t, orderFor(u, kind))
		s.exec(t, `UPDATE ginauth.users SET email_canonical = 'x' || email_canonical WHERE id = $1`, string(u.ID)) // by the app itself
		if _, err := s.db.UseEmailToken(t.Context(), driver.EmailTokenUse{Kind: kind, Digest: digest, Hash: hash('b')}); !errors.Is(err, driver.ErrNoEmailToken) {
			t.Errorf("%s: %v", kind, err)
		}
	}
}
