package store_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/ginauth/ginauth/store"
)

// The owner of an account sees a user as this, in every version: a new column must not change it.
func TestUserShowsAnAllowlistedView(t *testing.T) { // SEC-27, SEC-36
	t.Parallel()
	at := time.Date(2030, time.March, 4, 5, 6, 7, 0, time.UTC)
	full := store.User{ID: "id", Email: "a@example.com", Name: "Ann", VerifiedAt: &at, DisabledAt: &at, CreatedAt: at, UpdatedAt: at}
	for want, u := range map[string]store.User{
		`{"id":"id","email":"a@example.com","name":"Ann","verified_at":"2030-03-04T05:06:07Z"}`: full,
		`{"id":"","email":"","name":""}`: {},
	} {
		if got, err := json.Marshal(u); err != nil || string(got) != want {
			t.Errorf("%s, %v, want %s", got, err, want)
		}
	}
}

func TestEmbeddingKeepsTheView(t *testing.T) { // SEC-27
	t.Parallel()
	got, err := json.Marshal(member{User: store.User{ID: "id"}, Plan: "gold", Note: "canary"})
	if want := `{"id":"id","email":"","name":"","plan":"gold"}`; err != nil || string(got) != want {
		t.Errorf("%s, %v, want %s", got, err, want)
	}
}

type member struct {
	store.User
	Plan string `json:"plan"`
	Note string `json:"-"`
}

func TestUserHasNoPlaceForAHash(t *testing.T) { // SEC-19
	t.Parallel()
	fields := reflect.TypeFor[store.User]()
	for i := range fields.NumField() {
		f := fields.Field(i)
		if strings.Contains(strings.ToLower(f.Name+f.Tag.Get("db")), "hash") || strings.Contains(fmt.Sprint(f.Type), "password") {
			t.Errorf("User.%s", f.Name)
		}
	}
}

func TestFoundUserHoldsNoSecret(t *testing.T) { // SEC-19
	t.Parallel()
	s := newSetup(t)
	n := newUser()
	u, err := s.db.CreateUser(t.Context(), n, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, shown := range []string{fmt.Sprintf("%+v", u), fmt.Sprintf("%#v", u), fmt.Sprint(u)} {
		if strings.Contains(shown, n.Hash.Reveal()) || strings.Contains(shown, "$2b$") {
			t.Error("a user prints its password hash")
		}
	}
}
