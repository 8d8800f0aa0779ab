package store_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/driver/drivertest"
	"github.com/ginauth/ginauth/store"
)

// ownTable is an app's table of users, and how it is mapped.
type ownTable struct {
	sql     string
	name    string
	columns store.Columns
}

var ownTables = map[string]ownTable{
	"bigint": {
		`CREATE TABLE public.members (
	member_id bigserial PRIMARY KEY, mail text NOT NULL, pw text, full_name text, confirmed_at timestamptz,
	deleted_at timestamp, created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamp
);
CREATE UNIQUE INDEX members_mail ON public.members (lower(mail))`, "public.members",
		store.Columns{
			ID: "member_id", Email: "lower(mail)", PasswordHash: "pw", Name: "full_name", VerifiedAt: "confirmed_at",
			DisabledAt: "deleted_at", CreatedAt: "created_at", UpdatedAt: "updated_at",
		},
	},
	"uuid": {
		`CREATE TABLE "User" ("Id" uuid PRIMARY KEY, "e-mail" varchar(254) NOT NULL UNIQUE, "order" varchar(255), active boolean, banned boolean)`, `"User"`,
		store.Columns{ID: "Id", Email: "e-mail", PasswordHash: "order", VerifiedAt: "active", DisabledAt: "banned"},
	},
	"text": {
		`CREATE SCHEMA app CREATE TABLE people (uid text PRIMARY KEY DEFAULT 'uid=' || gen_random_uuid(), mail text, pw text, proved boolean);
CREATE UNIQUE INDEX ON app.people (mail)`, "app.people",
		store.Columns{ID: "uid", Email: "mail", PasswordHash: "pw", VerifiedAt: "proved"},
	},
}

func (s *setup) table(tb testing.TB, of ownTable, opts ...store.Option) *store.Table[store.User] {
	tb.Helper()
	t, err := store.NewTable[store.User](tb.Context(), s.pool, of.name, of.columns, append(opts, store.WithNow(s.clock.now), unhurried)...)
	if err != nil {
		tb.Fatal(err)
	}
	return t
}

func TestTableFulfilsTheContract(t *testing.T) {
	t.Parallel()
	for name, of := range ownTables {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			drivertest.Run(t, func(t *testing.T) drivertest.Subject[store.User] {
				t.Helper()
				s := newSetup(t)
				s.exec(t, of.sql)
				table := s.table(t, of)
				return drivertest.Subject[store.User]{Store: table, Advance: s.clock.add, Disable: table.DisableUser}
			})
		})
	}
}

func TestRowThatPlainSQLDeletesOrDisablesEndsItsSessions(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]string{"deleted": `DELETE FROM members`, "disabled": `UPDATE members SET deleted_at = now()`} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSetup(t)
			s.exec(t, ownTables["bigint"].sql)
			db := s.table(t, ownTables["bigint"])
			u, err := db.CreateUser(t.Context(), newUser(), nil)
			if err != nil || u.ID != "1" {
				t.Fatalf("%+v, %v", u, err)
			}
			n := sessionOf(u.ID)
			n.Credential = hash('a')
			if _, err := db.CreateSession(t.Context(), n); err != nil {
				t.Fatal(err)
			}
			if found, r, err := db.FindUserSession(t.Context(), n.Digest); err != nil || found != u || r.UserID != "1" {
				t.Fatalf("%+v, %+v, %v", found, r, err)
			}
			s.exec(t, end)
			if _, _, err := db.FindUserSession(t.Context(), n.Digest); !errors.Is(err, driver.ErrNoSession) {
				t.Errorf("the session: %v", err)
			}
			if _, err := db.CreateSession(t.Context(), sessionOf(u.ID)); !errors.Is(err, driver.ErrNoUser) {
				t.Errorf("a new session: %v", err)
			}
		})
	}
}

// The refusals of tables that cannot work, each with the remedy.
func TestTableSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	s.exec(t, `CREATE TABLE accounts (
	id bigserial PRIMARY KEY, mail text, mails text UNIQUE, pw varchar(60), data jsonb, at timestamptz, tenant int NOT NULL, kept text UNIQUE
);
CREATE UNIQUE INDEX ON accounts (mail) WHERE pw IS NOT NULL;
CREATE TABLE typed (id int UNIQUE, mail text UNIQUE, pw text);
CREATE TABLE shouting (id uuid PRIMARY KEY, mail text UNIQUE, pw text);
INSERT INTO shouting VALUES (gen_random_uuid(), 'Ada@example.com');
CREATE VIEW seen AS SELECT * FROM accounts`)
	good := store.Columns{ID: "id", Email: "mails", PasswordHash: "kept"}
	for name, c := range map[string]struct {
		table string
		edit  func(*store.Columns)
		says  []string
	}{
		"no table":       {"nothing", nil, []string{"there is no table nothing"}},
		"bad name":       {`"`, nil, []string{"there is no table"}},
		"a statement":    {`accounts; DROP TABLE accounts`, nil, []string{"there is no table"}},
		"a view":         {"seen", nil, []string{"seen is no table"}},
		"no column":      {"accounts", func(c *store.Columns) { c.ID = "uid" }, []string{`has no column uid: mend Columns.ID`}},
		"no id":          {"accounts", func(c *store.Columns) { c.ID = "" }, []string{`Columns.ID is empty`}},
		"odd column":     {"accounts", func(c *store.Columns) { c.ID = `id"; DROP TABLE accounts; --` }, []string{`has no column id"; DROP`}},
		"type":           {"accounts", func(c *store.Columns) { c.Name = "data" }, []string{`"accounts" is of the type jsonb`}},
		"time":           {"accounts", func(c *store.Columns) { c.VerifiedAt = "kept" }, []string{`is of the type text: Columns.VerifiedAt takes timestamp`}},
		"partial index":  {"accounts", func(c *store.Columns) { c.Email = "mail" }, []string{`no unique index on "mail"`, `CREATE UNIQUE INDEX CONCURRENTLY ON "public"."accounts" ("mail")`}},
		"lower index":    {"accounts", func(c *store.Columns) { c.Email = "lower(mails)" }, []string{`(lower("mails"))`}},
		"short hash":     {"accounts", func(c *store.Columns) { c.PasswordHash = "pw" }, []string{`holds 60 characters`, `TYPE text`}},
		"mandatory":      {"accounts", func(*store.Columns) {}, []string{`the column tenant of`, `NOT NULL and has no default`}},
		"no default":     {"typed", func(c *store.Columns) { c.Email, c.PasswordHash = "mail", "pw" }, []string{`has no default, so that nobody can sign up`}},
		"capitals":       {"shouting", func(c *store.Columns) { c.Email, c.PasswordHash = "mail", "pw" }, []string{`capital letters`}},
		"all of it":      {"accounts", func(c *store.Columns) { c.Email, c.PasswordHash, c.Name = "mail", "pw", "name" }, []string{"mail", "TYPE text", "no column name", "tenant"}},
		"a source is no": {`"User"`, nil, []string{"there is no table"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			columns := good
			if c.edit != nil {
				c.edit(&columns)
			}
			_, err := store.NewTable[store.User](t.Context(), s.pool, c.table, columns)
			for _, says := range c.says {
				if err == nil || !strings.Contains(err.Error(), says) {
					t.Errorf("got %v, want %q", err, says)
				}
			}
		})
	}
}

func TestTableNeedsItsPrivileges(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	s.exec(t, ownTables["bigint"].sql)
	s.exec(t, `CREATE ROLE ginauth_test_reader; GRANT SELECT ON public.members TO ginauth_test_reader`)
	defer s.exec(t, `DROP OWNED BY ginauth_test_reader; DROP ROLE ginauth_test_reader`)
	tx, err := s.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(t.Context()) }()
	if _, err := tx.Exec(t.Context(), `SET LOCAL ROLE ginauth_test_reader`); err != nil {
		t.Fatal(err)
	}
	of := ownTables["bigint"]
	_, err = store.NewTable[store.User](t.Context(), tx, of.name, of.columns)
	if err == nil || !strings.Contains(err.Error(), `GRANT SELECT, INSERT, UPDATE ON "public"."members" TO "ginauth_test_reader"`) {
		t.Errorf("got %v", err)
	}
}
