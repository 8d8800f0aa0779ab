package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/password"
)

func TestDisablingEndsAllAndEnablingBringsKeysBackOnly(t *testing.T) { // SEC-25, SEC-76
	t.Parallel()
	inEveryMode(t, func(t *testing.T, s *setup) {
		t.Helper()
		u, stranger := s.user(t), s.user(t)
		mine, theirs := s.belongings(t, u.ID), s.belongings(t, stranger.ID)
		for range 2 { // again changes nothing
			if err := s.db.DisableUser(t.Context(), u.ID); err != nil {
				t.Fatal(err)
			}
			s.want(t, mine, u.ID, false, false, false)
			s.clock.add(time.Second)
		}
		if found, err := s.db.FindUser(t.Context(), u.ID); err != nil || found.DisabledAt == nil || !found.DisabledAt.Equal(s.clock.now().Add(-2*time.Second)) {
			t.Errorf("%+v, %v", found, err)
		}
		if err := s.db.EnableUser(t.Context(), u.ID); err != nil {
			t.Fatal(err)
		}
		s.want(t, mine, u.ID, false, false, true)
		s.want(t, theirs, stranger.ID, true, true, true)
		s.want(t, s.belongings(t, u.ID), u.ID, true, true, true)
	})
}

func TestDeleteUserTakesAllAlong(t *testing.T) { // SEC-76
	t.Parallel()
	s := newSetup(t)
	u, stranger := s.user(t), s.user(t)
	mine, theirs := s.belongings(t, u.ID), s.belongings(t, stranger.ID)
	if err := s.db.DeleteUser(t.Context(), u.ID); err != nil {
		t.Fatal(err)
	}
	s.want(t, mine, u.ID, false, false, false)
	s.want(t, theirs, stranger.ID, true, true, true)
	if n := s.count(t, `SELECT (SELECT count(*) FROM ginauth.sessions) + (SELECT count(*) FROM ginauth.api_keys) + (SELECT count(*) FROM ginauth.refresh_tokens)`); n != 3 {
		t.Errorf("%d rows are left", n)
	}
}

// Foreign keys decide about rows of the app's own, and a deletion is whole or does not happen.
func TestARowOfTheAppCanForbidDeletion(t *testing.T) { // SEC-152
	t.Parallel()
	s := newSetup(t)
	s.exec(t, `CREATE TABLE invoices (of uuid REFERENCES ginauth.users (id))`)
	u := s.user(t)
	mine := s.belongings(t, u.ID)
	s.exec(t, `INSERT INTO invoices VALUES ($1)`, string(u.ID))
	if err := s.db.DeleteUser(t.Context(), u.ID); err == nil || errors.Is(err, driver.ErrNoUser) || errors.Is(err, driver.ErrUnavailable) {
		t.Errorf("%v", err)
	}
	s.want(t, mine, u.ID, true, true, true)
}

func TestOperationsOnNobody(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	for _, id := range []driver.UserID{"", "ada", "00000000-0000-4000-8000-000000000001"} {
		for name, operation := range map[string]func(context.Context, driver.UserID) error{
			"disable": s.db.DisableUser, "enable": s.db.EnableUser, "delete": s.db.DeleteUser,
			"archive": func(ctx context.Context, id driver.UserID) error {
				_, err := s.db.ArchiveUser(ctx, id, time.Hour)
				return err
			},
			"restore": func(ctx context.Context, id driver.UserID) error {
				_, err := s.db.RestoreUser(ctx, id, hash('a'))
				return err
			},
			"export": func(ctx context.Context, id driver.UserID) error { _, err := s.db.ExportUser(ctx, id); return err },
		} {
			if err := operation(t.Context(), id); !errors.Is(err, driver.ErrNoUser) {
				t.Errorf("%s %q: %v", name, id, err)
			}
		}
	}
}

func TestFindUserByEmail(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	u, off := s.user(t), s.user(t)
	if err := s.db.DisableUser(t.Context(), off.ID); err != nil {
		t.Fatal(err)
	}
	s.exec(t, `UPDATE ginauth.users SET password_hash = '$broken' WHERE id = $1`, string(off.ID))
	for email, want := range map[string]driver.UserID{u.Email: u.ID, off.Email: off.ID, "nobody@example.com": "", "no address": "", "a\x00@example.com": ""} {
		got, err := s.db.FindUserByEmail(t.Context(), email)
		if got.ID != want || (want == "") != errors.Is(err, driver.ErrNoUser) {
			t.Errorf("%q: %q, %v", email, got.ID, err)
		}
	}
}

func TestAnArchivedUserIsRestoredOrSwept(t *testing.T) { // SEC-76
	t.Parallel()
	inEveryMode(t, func(t *testing.T, s *setup) {
		t.Helper()
		back := s.user(t)
		mine := s.belongings(t, back.ID)
		after, err := s.db.ArchiveUser(t.Context(), back.ID, time.Hour)
		if err != nil || !after.Equal(s.clock.now().Add(time.Hour)) {
			t.Fatalf("%s, %v", after, err)
		}
		s.want(t, mine, back.ID, false, false, false)
		canonical, _ := driver.CanonicalEmail(back.Email)
		id, h, err := s.db.FindArchived(t.Context(), canonical)
		if err != nil || id != back.ID || h.Reveal() != hash('a').Reveal() {
			t.Fatalf("%s, %v, %v", id, h, err)
		}
		for name, credential := range map[string]password.Hash{"another": hash('b'), "none": {}} {
			if _, err := s.db.RestoreUser(t.Context(), back.ID, credential); !errors.Is(err, driver.ErrNoUser) {
				t.Errorf("with %s: %v", name, err)
			}
		}
		if u, err := s.db.RestoreUser(t.Context(), back.ID, hash('a')); err != nil || u.ID != back.ID || u.DisabledAt != nil {
			t.Errorf("%+v, %v", u, err)
		}
		s.want(t, mine, back.ID, false, false, true)
		if _, _, err := s.db.FindArchived(t.Context(), canonical); !errors.Is(err, driver.ErrNoUser) {
			t.Errorf("it is still archived: %v", err)
		}
	})
}

func TestSweepTakesUsersWhoseTimeHasCome(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	due, later, back, off := s.user(t), s.user(t), s.user(t), s.user(t)
	for id, grace := range map[driver.UserID]time.Duration{due.ID: time.Hour, later.ID: 2 * time.Hour, back.ID: time.Hour, off.ID: time.Hour} {
		if _, err := s.db.ArchiveUser(t.Context(), id, grace); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.db.EnableUser(t.Context(), back.ID); err != nil { // by code
		t.Fatal(err)
	}
	if err := s.db.DisableUser(t.Context(), off.ID); err != nil { // an operator calls it off
		t.Fatal(err)
	}
	if n, err := s.db.Sweep(t.Context()); n != 0 || err != nil {
		t.Errorf("too early: %d, %v", n, err)
	}
	s.clock.add(time.Hour)
	canonical, _ := driver.CanonicalEmail(due.Email)
	if _, _, err := s.db.FindArchived(t.Context(), canonical); !errors.Is(err, driver.ErrNoUser) {
		t.Errorf("after its time: %v", err)
	}
	if n, err := s.db.Sweep(t.Context()); n != 1 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if _, err := s.db.FindUser(t.Context(), due.ID); !errors.Is(err, driver.ErrNoUser) {
		t.Errorf("it is still there: %v", err)
	}
	if n := s.count(t, `SELECT count(*) FROM ginauth.users`); n != 3 {
		t.Errorf("%d users are left", n)
	}
}

// When restoring and sweeping run at the last moment, one of them wins, and nothing is half done.
func TestRestoringRacesTheSweeper(t *testing.T) { // SEC-151
	t.Parallel()
	s := newSetup(t)
	for range 100 {
		u := s.user(t)
		if _, err := s.db.ArchiveUser(t.Context(), u.ID, time.Hour); err != nil {
			t.Fatal(err)
		}
		errs := together(3, func(ctx context.Context, i int) error {
			switch i {
			case 0:
				_, err := s.db.RestoreUser(ctx, u.ID, hash('a'))
				return err
			case 1:
				s.clock.add(time.Hour)
			}
			_, err := s.db.Sweep(ctx)
			return err
		})
		_, err := s.db.FindUser(t.Context(), u.ID)
		if errs[0] == nil && err != nil || errs[0] != nil && !errors.Is(errs[0], driver.ErrNoUser) {
			t.Fatalf("restored: %v, found: %v", errs[0], err)
		}
	}
}

func TestRunSweeperDeletesArchivedUsersToo(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	u := s.user(t)
	if _, err := s.db.ArchiveUser(t.Context(), u.ID, time.Hour); err != nil {
		t.Fatal(err)
	}
	s.clock.add(time.Hour)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.db.RunSweeper(ctx, time.Millisecond) }()
	await(t, func() bool { return s.count(t, `SELECT count(*) FROM ginauth.users`) == 0 })
	stop()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("RunSweeper = %v", err)
	}
}
