package store_test

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store"
	"github.com/ginauth/ginauth/store/storetest"
)

type (
	foreign struct{ ID driver.UserID }
	account = store.User
	aliased struct{ account }
	pointed struct{ *store.User }
	doubled struct {
		nested1 `json:"-"`
		nested2 `json:"-"`
	}
	nested1   struct{ store.User }
	nested2   struct{ store.User }
	shadowing struct {
		store.User
		Name string
	}
	hashed struct {
		store.User
		Hash string `db:"password_hash"`
	}
	canonical struct {
		store.User
		EmailCanonical string
	}
	twice struct {
		store.User
		Plan  string
		Level int `db:"plan"`
	}
	renamed struct {
		store.User
		DisplayName string `db:"name"`
	}
)

func (foreign) Account() driver.Account { return driver.Account{} }
func (doubled) Account() driver.Account { return driver.Account{} }

func TestNewRefusesUserTypesThatCannotWork(t *testing.T) {
	t.Parallel()
	pool := storetest.NewDB(t)
	for name, c := range map[string]struct {
		construct func()
		says      string
	}{
		"pointer":           {func() { store.New[*store.User](pool) }, "must be a struct"},
		"no store.User":     {func() { store.New[foreign](pool) }, "must embed store.User"},
		"lower-case alias":  {func() { store.New[aliased](pool) }, "give its alias a capital letter"},
		"embedded pointer":  {func() { store.New[pointed](pool) }, "not a pointer"},
		"two store.User":    {func() { store.New[doubled](pool) }, "twice"},
		"shadowed field":    {func() { store.New[shadowing](pool) }, "shadowing.Name"},
		"password hash":     {func() { store.New[hashed](pool) }, "password_hash"},
		"canonical address": {func() { store.New[canonical](pool) }, "email_canonical"},
		"one column twice":  {func() { store.New[twice](pool) }, "plan"},
		"renamed field":     {func() { store.New[renamed](pool) }, "name"},
		"nil pool":          {func() { store.New[store.User]((*pgxpool.Pool)(nil)) }, "nil"},
		"nil connection":    {func() { store.NewSessions(nil) }, "nil"},
		"no timeout":        {func() { store.New[store.User](pool, store.WithTimeout(0)) }, "timeout"},
		"no room":           {func() { store.NewSessions(pool, store.WithMaxData(0)) }, "limit"},
		"hook of another type": {func() {
			store.New[store.User](pool, store.AfterCreate(func(context.Context, pgx.Tx, member) error { return nil }))
		}, "AfterCreate"},
		"source of our users": {func() { store.New[store.User](pool, store.WithSource("members")) }, "NewExternal"},
		"odd source":          {func() { store.NewExternal(pool, store.WithSource("a'b")) }, "letters"},
		"long source":         {func() { store.NewExternal(pool, store.WithSource(strings.Repeat("a", 64))) }, "63"},
		"mail to nobody":      {func() { store.NewExternal(pool, store.WithMail()) }, "WithMail"},
		"hook without users": {func() {
			store.NewSessions(pool, store.AfterCreate(func(context.Context, pgx.Tx, store.User) error { return nil }))
		}, "AfterCreate"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			defer func() {
				said := fmt.Sprint(recover())
				if !strings.HasPrefix(said, "store.New") || !strings.Contains(said, c.says) {
					t.Errorf("panic %q, want one that says %q", said, c.says)
				}
			}()
			c.construct()
		})
	}
}

func TestColumnNamesAreQuoted(t *testing.T) {
	t.Parallel()
	type quirky struct {
		store.User
		Order   string `db:"order"`
		Strange string `db:"a\"; DROP TABLE ginauth.users; --"`
	}
	s := newSetup(t)
	s.exec(t, `ALTER TABLE ginauth.users ADD COLUMN "order" text, ADD COLUMN "a""; DROP TABLE ginauth.users; --" text`)
	db := store.New[quirky](s.pool, unhurried)
	u, err := db.CreateUser(t.Context(), newUser(), func(u *quirky) error { u.Order, u.Strange = "x", "y"; return nil })
	if err != nil {
		t.Fatal(err)
	}
	if found, err := db.FindUser(t.Context(), u.ID); err != nil || found.Order != "x" || found.Strange != "y" {
		t.Errorf("FindUser = %+v, %v", found, err)
	}
}

func TestFieldNamesBecomeSnakeCase(t *testing.T) {
	t.Parallel()
	type names struct {
		store.User
		Plan          int
		PlanName      int
		HTTPServerID  int
		OAuth2Token   int
		Already_Snake int
		Über          int
	}
	s := newSetup(t)
	s.exec(t, `ALTER TABLE ginauth.users ADD plan int, ADD plan_name int, ADD http_server_id int,
		ADD o_auth2_token int, ADD already_snake int, ADD über int`)
	u, err := store.New[names](s.pool, unhurried).CreateUser(t.Context(), newUser(), func(u *names) error {
		u.Plan, u.PlanName, u.HTTPServerID, u.OAuth2Token, u.Already_Snake, u.Über = 1, 2, 3, 4, 5, 6
		return nil
	})
	if err != nil || u.HTTPServerID != 3 || u.Über != 6 {
		t.Errorf("CreateUser = %+v, %v", u, err)
	}
}

// The tags of User are for apps that read users themselves; they must name real columns.
func TestTagsOfUserNameItsColumns(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	u := s.user(t)
	var tags []string
	for i := range reflect.TypeFor[store.User]().NumField() {
		tags = append(tags, reflect.TypeFor[store.User]().Field(i).Tag.Get("db"))
	}
	if slices.Contains(tags, "") {
		t.Fatalf("a field has no column: %q", tags)
	}
	rows, err := s.pool.Query(t.Context(), `SELECT `+strings.Join(tags, ", ")+` FROM ginauth.users`)
	if err != nil {
		t.Fatal(err)
	}
	got, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[store.User])
	if err != nil || got.ID != u.ID || !got.CreatedAt.Equal(u.CreatedAt) {
		t.Errorf("%+v, %v, want %+v", got, err, u)
	}
}
