package memory_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/ginauthtest"
	"github.com/ginauth/ginauth/store"
	"github.com/ginauth/ginauth/store/memory"
)

func newClock() *ginauthtest.Clock {
	return ginauthtest.NewClock(time.Date(2030, time.March, 4, 5, 6, 7, 8000, time.UTC))
}

func newUser(n int) driver.NewUser {
	return driver.NewUser{Name: "Ada", Email: fmt.Sprintf("Ada%d@example.com", n), Canonical: fmt.Sprintf("ada%d@example.com", n)}
}

type planned struct {
	store.User

	Plan string
	Tags []string
	Team struct{ Name string }
}

func TestStructsThatEmbedAUserKeepTheirFields(t *testing.T) {
	t.Parallel()
	s := memory.New(memory.Options[planned]{})
	tags := []string{"a"}
	u, err := s.CreateUser(t.Context(), newUser(1), func(u *planned) error {
		if u.Email != "Ada1@example.com" || u.ID == "" {
			t.Errorf("fill is shown %+v", u)
		}
		u.Plan, u.Tags, u.Name, u.Email, u.ID = "pro", tags, "Ada L.", "else@example.com", "else"
		return nil
	})
	if err != nil || u.Plan != "pro" || u.Name != "Ada L." || u.Email != "Ada1@example.com" || u.ID == "else" || u.CreatedAt.IsZero() {
		t.Fatalf("%+v, %v", u, err)
	}
	tags[0], u.Tags[0] = "changed", "changed"
	name := "Lady"
	u, err = s.UpdateUser(t.Context(), u.ID, &name, func(u *planned) error {
		if u.Name != "Lady" {
			t.Errorf("fill is shown the name %q", u.Name)
		}
		u.Team.Name = "engines"
		_, err := s.UpdateUser(t.Context(), u.ID, nil, func(u *planned) error { u.Plan = "free"; return nil }) // meanwhile
		return err
	})
	if err != nil || u.Plan != "free" || u.Team.Name != "engines" || u.Name != "Lady" || u.Tags[0] != "a" {
		t.Errorf("%+v, %v", u, err)
	}
}

func TestAnyUserTypeWorksWithSet(t *testing.T) {
	t.Parallel()
	s := memory.New(memory.Options[map[string]any]{
		Set: func(u *map[string]any, a memory.User) {
			if *u == nil {
				*u = map[string]any{}
			}
			(*u)["id"], (*u)["email"], (*u)["name"] = a.ID, a.Email, a.Name
		},
		Name: func(u map[string]any) string { name, _ := u["name"].(string); return name },
	})
	u, err := s.CreateUser(t.Context(), newUser(1), func(u *map[string]any) error {
		(*u)["plan"], (*u)["name"] = "pro", "Lady"
		return nil
	})
	if err != nil || u["plan"] != "pro" || u["name"] != "Lady" {
		t.Fatalf("%v, %v", u, err)
	}
	u["plan"] = "changed"
	id, _ := u["id"].(driver.UserID)
	if u, err = s.FindUser(t.Context(), id); err != nil || u["plan"] != "pro" || u["email"] != "Ada1@example.com" {
		t.Errorf("%v, %v", u, err)
	}
	pointers := memory.New(memory.Options[*memory.User]{Set: func(u **memory.User, a memory.User) { *u = &a }})
	if p, err := pointers.CreateUser(t.Context(), newUser(1), nil); err != nil || p.Email != "Ada1@example.com" {
		t.Errorf("%v, %v", p, err)
	}
}

func TestNewRefusesWhatCannotWork(t *testing.T) {
	t.Parallel()
	for name, build := range map[string]func(){
		"a pointer without Set":      func() { memory.New(memory.Options[*memory.User]{}) },
		"a struct without an ID":     func() { memory.New(memory.Options[struct{ Email string }]{}) },
		"Name without Set":           func() { memory.New(memory.Options[memory.User]{Name: func(memory.User) string { return "" }}) },
		"a negative limit":           func() { memory.New(memory.Options[memory.User]{Limit: -1}) },
		"a negative sweeping period": func() { memory.New(memory.Options[memory.User]{SweepEvery: -1}) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s is accepted", name)
				}
			}()
			build()
		}()
	}
}

func TestAFullStoreRefusesAndKeepsWhatLives(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := memory.New(memory.Options[memory.User]{Now: c.Now, Limit: 3})
	session := func() (driver.Digest, error) {
		d := driver.NewToken().Digest()
		_, err := s.CreateSession(t.Context(), driver.NewSession{Digest: d, Lifetime: time.Hour, IdleTimeout: time.Hour})
		return d, err
	}
	var first driver.Digest
	for i := range 4 {
		_, err := s.CreateUser(t.Context(), newUser(i), nil)
		d, sessionErr := session()
		if i == 0 {
			first = d
		}
		full := i == 3
		if errors.Is(err, memory.ErrFull) != full || errors.Is(sessionErr, driver.ErrUnavailable) != full {
			t.Errorf("%d: %v, %v", i, err, sessionErr)
		}
	}
	if _, err := s.FindSession(t.Context(), first); err != nil {
		t.Errorf("a live session: %v", err)
	}
	c.Advance(time.Hour)
	if _, err := session(); err != nil {
		t.Errorf("when the others have ended: %v", err)
	}
}

func TestCallsSweepByTheClock(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := memory.New(memory.Options[memory.User]{Now: c.Now, SweepEvery: 2 * time.Hour})
	u, err := s.CreateUser(t.Context(), newUser(1), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.ArchiveUser(t.Context(), u.ID, time.Hour); err != nil {
		t.Fatal(err)
	}
	c.Advance(time.Hour)
	if _, err := s.FindUser(t.Context(), u.ID); err != nil {
		t.Errorf("before the sweep: %v", err)
	}
	c.Advance(time.Hour)
	if _, err := s.FindUser(t.Context(), u.ID); !errors.Is(err, driver.ErrNoUser) {
		t.Errorf("after the sweep: %v", err)
	}
	events, err := s.UserEvents(t.Context(), u.ID, time.Time{}, 1)
	if err != nil || len(events) != 1 || events[0].Kind != driver.UserDeleted || events[0].Operation != "sweep" {
		t.Errorf("%+v, %v", events, err)
	}
	c.Advance(365 * 24 * time.Hour)
	if n, err := s.Sweep(t.Context()); err != nil || n != 0 {
		t.Errorf("swept again: %d, %v", n, err) // the call had done it
	}
	if events, err = s.UserEvents(context.Background(), u.ID, time.Time{}, 1); err != nil || len(events) != 0 {
		t.Errorf("after the retention: %+v, %v", events, err)
	}
}
