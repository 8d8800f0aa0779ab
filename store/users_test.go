package store_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/password"
	"github.com/ginauth/ginauth/store"
)

func TestCreatedUserIsFound(t *testing.T) {
	t.Parallel()
	inEveryMode(t, func(t *testing.T, s *setup) { //nolint:thelper // the test itself
		n := newUser()
		u, err := s.db.CreateUser(t.Context(), n, nil)
		want := store.User{ID: u.ID, Email: n.Email, Name: n.Name, CreatedAt: s.clock.now(), UpdatedAt: s.clock.now()}
		if diff := cmp.Diff(want, u); diff != "" || err != nil {
			t.Fatalf("CreateUser: %v (-want +got):\n%s", err, diff)
		}
		if id, err := uuid.Parse(string(u.ID)); err != nil || id.Version() != 7 {
			t.Errorf("the id %q is no version 7 UUID", u.ID)
		}
		found, err := s.db.FindUser(t.Context(), u.ID)
		if diff := cmp.Diff(want, found); diff != "" || err != nil {
			t.Errorf("FindUser: %v (-want +got):\n%s", err, diff)
		}
		found, h, err := s.db.FindCredential(t.Context(), n.Canonical)
		if diff := cmp.Diff(want, found); diff != "" || err != nil {
			t.Errorf("FindCredential: %v (-want +got):\n%s", err, diff)
		}
		if !h.Equal(n.Hash) {
			t.Error("FindCredential returned another hash")
		}
	})
}

func TestUnknownUserIsErrNoUser(t *testing.T) { // SEC-23
	t.Parallel()
	inEveryMode(t, func(t *testing.T, s *setup) { //nolint:thelper // the test itself
		u := s.user(t)
		for _, id := range []driver.UserID{
			"", "1", "'; DROP TABLE ginauth.users; --", "\x00", "\xff", driver.UserID(uuid.NewString()),
			"{" + u.ID + "}", "urn:uuid:" + u.ID, driver.UserID(strings.ReplaceAll(string(u.ID), "-", "")),
		} {
			if got, err := s.db.FindUser(t.Context(), id); !errors.Is(err, driver.ErrNoUser) || got != (store.User{}) {
				t.Errorf("FindUser(%q) = %+v, %v", id, got, err)
			}
		}
		for _, identifier := range []string{"", "nobody@example.com", "a\x00b", "a\xffb", strings.Repeat("a", 1<<20), u.Email} {
			if got, _, err := s.db.FindCredential(t.Context(), identifier); !errors.Is(err, driver.ErrNoUser) || got != (store.User{}) {
				t.Errorf("FindCredential(%.20q) = %+v, %v", identifier, got, err)
			}
		}
	})
}

func TestCredentialOfAUserWithoutPasswordIsZero(t *testing.T) {
	t.Parallel()
	inEveryMode(t, func(t *testing.T, s *setup) { //nolint:thelper // the test itself
		n := newUser()
		n.Hash = password.Hash{}
		if _, err := s.db.CreateUser(t.Context(), n, nil); err != nil {
			t.Fatal(err)
		}
		if _, h, err := s.db.FindCredential(t.Context(), n.Canonical); err != nil || !h.IsZero() {
			t.Errorf("FindCredential: %v, %v", h, err)
		}
		if s.count(t, `SELECT count(*) FROM ginauth.users WHERE email_canonical = $1 AND password_hash IS NULL`, n.Canonical) != 1 {
			t.Error("no password is not NULL")
		}
	})
}

func TestDisabledUserIsFoundAsDisabled(t *testing.T) { // SEC-25
	t.Parallel()
	s := newSetup(t)
	n := newUser()
	u, err := s.db.CreateUser(t.Context(), n, nil)
	if err != nil {
		t.Fatal(err)
	}
	s.exec(t, `UPDATE ginauth.users SET disabled_at = now(), verified_at = now()`)
	want := driver.Account{ID: u.ID, Identifier: n.Email, Verified: true, Disabled: true}
	if found, h, err := s.db.FindCredential(t.Context(), n.Canonical); err != nil || found.Account() != want || !h.Equal(n.Hash) {
		t.Errorf("FindCredential = %+v, %v", found.Account(), err)
	}
	if found, err := s.db.FindUser(t.Context(), u.ID); err != nil || found.Account() != want {
		t.Errorf("FindUser = %+v, %v", found.Account(), err)
	}
}

func TestPlantedHashIsAnError(t *testing.T) { // SEC-14
	t.Parallel()
	s := newSetup(t)
	n := newUser()
	if _, err := s.db.CreateUser(t.Context(), n, nil); err != nil {
		t.Fatal(err)
	}
	const planted = "$argon2id$v=19$m=4194304,t=4294967295,p=1$c2FsdHNhbHRzYWx0$canary"
	s.exec(t, `UPDATE ginauth.users SET password_hash = $1`, planted)
	_, h, err := s.db.FindCredential(t.Context(), n.Canonical)
	if !errors.Is(err, password.ErrMalformedHash) || !h.IsZero() || strings.Contains(err.Error(), "canary") {
		t.Errorf("FindCredential: %v", err)
	}
}

func TestParallelSignUpsHaveOneWinner(t *testing.T) { // SEC-150, SEC-22
	t.Parallel()
	s := newSetup(t)
	for range 100 {
		n := newUser()
		errs := together(16, func(ctx context.Context, i int) error {
			mine := n
			if i%2 == 0 {
				mine.Email = strings.ToUpper(n.Email)
			}
			_, err := s.db.CreateUser(ctx, mine, nil)
			return err
		})
		won := 0
		for _, err := range errs {
			switch {
			case err == nil:
				won++
			case !errors.Is(err, driver.ErrIdentifierTaken):
				t.Error(err)
			}
		}
		rows := s.count(t, `SELECT count(*) FROM ginauth.users WHERE email_canonical = $1`, n.Canonical)
		if won != 1 || rows != 1 {
			t.Fatalf("%d sign-ups succeeded and left %d rows", won, rows)
		}
	}
}

func TestTakenIdentifierLeavesTheAccountAlone(t *testing.T) {
	t.Parallel()
	inEveryMode(t, func(t *testing.T, s *setup) { //nolint:thelper // the test itself
		n := newUser()
		want, err := s.db.CreateUser(t.Context(), n, nil)
		if err != nil {
			t.Fatal(err)
		}
		again := n
		again.Name, again.Hash = "Mallory", hash('m')
		u, err := s.db.CreateUser(t.Context(), again, nil)
		if !errors.Is(err, driver.ErrIdentifierTaken) || u != (store.User{}) {
			t.Errorf("CreateUser = %+v, %v", u, err)
		}
		got, h, err := s.db.FindCredential(t.Context(), n.Canonical)
		if err != nil || got != want || !h.Equal(n.Hash) {
			t.Errorf("the account became %+v, %v", got, err)
		}
	})
}

func TestReplaceHashIsCompareAndSwap(t *testing.T) { // SEC-15
	t.Parallel()
	inEveryMode(t, func(t *testing.T, s *setup) { //nolint:thelper // the test itself
		n := newUser()
		u, err := s.db.CreateUser(t.Context(), n, nil)
		if err != nil {
			t.Fatal(err)
		}
		s.clock.add(time.Minute)
		for _, step := range []struct{ old, replacement, want password.Hash }{
			{hash('a'), hash('b'), hash('b')},
			{hash('a'), hash('c'), hash('b')}, // changed meanwhile
			{password.Hash{}, hash('c'), hash('b')},
		} {
			if err := s.db.ReplaceHash(t.Context(), u.ID, step.old, step.replacement); err != nil {
				t.Fatal(err)
			}
			got, h, err := s.db.FindCredential(t.Context(), n.Canonical)
			if err != nil || !h.Equal(step.want) || !got.UpdatedAt.Equal(s.clock.now()) {
				t.Errorf("the hash is not what it should be, or updated_at is not: %+v, %v", got, err)
			}
		}
		if err := s.db.ReplaceHash(t.Context(), u.ID, hash('b'), password.Hash{}); err == nil {
			t.Error("a password was replaced by none")
		}
		if err := s.db.ReplaceHash(t.Context(), "nobody", hash('b'), hash('c')); err != nil {
			t.Errorf("a user who is not there: %v", err)
		}
	})
}

func TestParallelRehashesHaveOneWinner(t *testing.T) { // SEC-15, SEC-151
	t.Parallel()
	s := newSetup(t)
	for range 10 {
		n := newUser()
		u, err := s.db.CreateUser(t.Context(), n, nil)
		if err != nil {
			t.Fatal(err)
		}
		errs := together(17, func(ctx context.Context, i int) error {
			if i == 8 {
				return changePassword(ctx, s, u.ID, hash('z').Reveal())
			}
			return s.db.ReplaceHash(ctx, u.ID, n.Hash, hash('b'))
		})
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
		if _, h, err := s.db.FindCredential(t.Context(), n.Canonical); err != nil || !h.Equal(hash('z')) {
			t.Fatalf("the changed password was overwritten: %v", err)
		}
	}
}
