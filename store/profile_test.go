package store_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store"
)

func TestUpdateUserWritesWhatFillChanges(t *testing.T) { // SEC-28
	t.Parallel()
	s, db := newCustomers(t)
	n := newUser()
	u, err := db.CreateUser(t.Context(), n, nil)
	if err != nil {
		t.Fatal(err)
	}
	s.clock.add(time.Hour)
	name, referrer := "Another Name", "a friend"
	got, err := db.UpdateUser(t.Context(), u.ID, &name, func(c *customer) error {
		if c.ID != u.ID || c.Name != name || c.Plan != "free" {
			t.Errorf("fill was given %+v", c)
		}
		now := time.Now()
		c.User = store.User{ID: "x", Email: "eve@example.com", Name: c.Name, VerifiedAt: &now, DisabledAt: &now, CreatedAt: now, UpdatedAt: now}
		c.Tags[0] = "edited in place"
		c.Seats, c.Referrer, c.Address.City, c.Basket = 0, &referrer, "Köln", 7
		return nil
	})
	want := u
	want.Name, want.UpdatedAt = name, s.clock.now()
	want.Tags, want.Seats, want.Referrer, want.Address.City = []string{"edited in place"}, 0, &referrer, "Köln"
	found, findErr := db.FindUser(t.Context(), u.ID)
	if diff := cmp.Diff(want, found, cmp.AllowUnexported(customer{})); diff != "" || err != nil || findErr != nil {
		t.Errorf("%v, %v (-want +got):\n%s", err, findErr, diff)
	}
	if want.Basket = 7; !cmp.Equal(want, got, cmp.AllowUnexported(customer{})) {
		t.Errorf("it returned %+v", got)
	}
	if _, h, err := db.FindCredential(t.Context(), n.Canonical); err != nil || h.Reveal() != hash('a').Reveal() {
		t.Errorf("the credential: %v, %v", h, err)
	}
}

func TestUpdateUserInEveryMode(t *testing.T) {
	t.Parallel()
	inEveryMode(t, func(t *testing.T, s *setup) {
		t.Helper()
		u, name := s.user(t), "Another"
		got, err := s.db.UpdateUser(t.Context(), u.ID, &name, nil)
		if err != nil || got.Name != name || got.Email != u.Email {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

func TestUpdateUserWithoutAChangeWritesNothing(t *testing.T) {
	t.Parallel()
	s, db := newCustomers(t)
	u, err := db.CreateUser(t.Context(), newUser(), nil)
	if err != nil {
		t.Fatal(err)
	}
	s.clock.add(time.Hour)
	got, err := db.UpdateUser(t.Context(), u.ID, &u.Name, func(*customer) error { return nil })
	if diff := cmp.Diff(u, got, cmp.AllowUnexported(customer{})); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	refusal := errors.New("no")
	if _, err := db.UpdateUser(t.Context(), u.ID, nil, func(c *customer) error { c.Plan = "gold"; return refusal }); err != refusal { //nolint:errorlint // as it is
		t.Errorf("%v", err)
	}
	if found, err := db.FindUser(t.Context(), u.ID); err != nil || found.Plan != "free" {
		t.Errorf("%+v, %v", found, err)
	}
}

// The user is disabled or deleted before the call, or while fill runs.
func TestUpdateUserOfWhoIsGone(t *testing.T) { // SEC-25
	t.Parallel()
	s := newSetup(t)
	name := "Too Late"
	for what, end := range map[string]func(context.Context, driver.UserID) error{"disabled": s.db.DisableUser, "deleted": s.db.DeleteUser} {
		before, during := s.user(t), s.user(t)
		if err := end(t.Context(), before.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := s.db.UpdateUser(t.Context(), before.ID, &name, func(*store.User) error { t.Error("fill runs"); return nil }); !errors.Is(err, driver.ErrNoUser) {
			t.Errorf("%s: %v", what, err)
		}
		if _, err := s.db.UpdateUser(t.Context(), during.ID, &name, func(*store.User) error { return end(t.Context(), during.ID) }); !errors.Is(err, driver.ErrNoUser) {
			t.Errorf("%s meanwhile: %v", what, err)
		}
	}
	if n := s.count(t, `SELECT count(*) FROM ginauth.users WHERE name = $1`, name); n != 0 {
		t.Errorf("%d were changed", n)
	}
	if _, err := s.db.UpdateUser(t.Context(), "ada", &name, nil); !errors.Is(err, driver.ErrNoUser) {
		t.Errorf("a malformed id: %v", err)
	}
}

func TestParallelUpdatesKeepEachOthersColumns(t *testing.T) { // SEC-151
	t.Parallel()
	_, db := newCustomers(t)
	u, err := db.CreateUser(t.Context(), newUser(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for round := range 100 {
		word := fmt.Sprint("round ", round)
		edits := []func(*customer){
			func(c *customer) { c.Plan = word },
			func(c *customer) { c.Seats = round + 10 },
			func(c *customer) { c.Tags = []string{word} },
			func(c *customer) { c.Address.City = word },
		}
		for _, err := range together(len(edits), func(ctx context.Context, i int) error {
			_, err := db.UpdateUser(ctx, u.ID, nil, func(c *customer) error { edits[i](c); return nil })
			return err
		}) {
			if err != nil {
				t.Fatal(err)
			}
		}
		got, err := db.FindUser(t.Context(), u.ID)
		if err != nil || got.Plan != word || got.Seats != round+10 || got.Tags[0] != word || got.Address.City != word {
			t.Fatalf("round %d: %+v, %v", round, got, err)
		}
	}
}
