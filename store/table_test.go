package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

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
ALTER SEQUENCE members_member_id_seq RESTART 5000000001;
CREATE UNIQUE INDEX members_mail ON public.members (lower(mail))`, "public.members",
		store.Columns{
			ID: "member_id", Email: "lower(mail)", PasswordHash: "pw", Name: "full_name", VerifiedAt: "confirmed_at",
			DisabledAt: "deleted_at", CreatedAt: "created_at", UpdatedAt: "updated_at",
		},
	},
	"uuid": {
		`CREATE TABLE "User" ("Id" uuid PRIMARY KEY, "e-mail" varchar(254) NOT NULL, "order" varchar(255), "Name" varchar(200), active boolean, banned boolean);
CREATE UNIQUE INDEX ON "User" (lower("e-mail"))`, `"User"`,
		store.Columns{ID: "Id", Email: "lower(e-mail)", PasswordHash: "order", Name: "Name", VerifiedAt: "active", DisabledAt: "banned"},
	},
	"text": {
		`CREATE SCHEMA app CREATE TABLE people (uid text PRIMARY KEY DEFAULT 'uid=' || gen_random_uuid(), mail text, login varchar(64), pw text, cn text, proved boolean);
CREATE UNIQUE INDEX ON app.people (lower(login));
CREATE UNIQUE INDEX ON app.people (lower(mail))`, "app.people",
		store.Columns{ID: "uid", Email: "lower(mail)", Username: "lower(login)", PasswordHash: "pw", Name: "cn", VerifiedAt: "proved"},
	},
	"tenants": {
		`CREATE TABLE customers (id bigserial PRIMARY KEY, mail text, login text, tenant varchar(255) NOT NULL, pw text, cn text, proved boolean);
ALTER SEQUENCE customers_id_seq RESTART 5000000001;
CREATE UNIQUE INDEX ON customers (lower(mail), tenant);
CREATE UNIQUE INDEX ON customers (tenant, lower(login))`, "customers",
		store.Columns{ID: "id", Email: "lower(mail)", Username: "lower(login)", Realm: "tenant", PasswordHash: "pw", Name: "cn", VerifiedAt: "proved"},
	},
}

func (s *setup) table(tb testing.TB, of ownTable) *store.Table[store.User] {
	tb.Helper()
	t, err := store.NewTable[store.User](tb.Context(), s.pool, of.name, of.columns, store.WithNow(s.clock.now), unhurried)
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
			if err != nil || u.ID != "5000000001" {
				t.Fatalf("%+v, %v", u, err)
			}
			n := sessionOf(u.ID)
			n.Credential = hash('a')
			if _, err := db.CreateSession(t.Context(), n); err != nil {
				t.Fatal(err)
			}
			if found, r, err := db.FindUserSession(t.Context(), n.Digest); err != nil || found != u || r.UserID != u.ID {
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
		"no tenant":      {"accounts", func(c *store.Columns) { c.Realm = "of" }, []string{`has no column of: mend Columns.Realm`}},
		"tenant's type":  {"accounts", func(c *store.Columns) { c.Realm = "tenant" }, []string{`is of the type integer: Columns.Realm takes text`}},
		"tenant's index": {"accounts", func(c *store.Columns) { c.Realm = "data" }, []string{`accounts_mails_key`, `in all realms together`, `("mails", "data")`}},
		"no identifier":  {"accounts", func(c *store.Columns) { c.Email = "" }, []string{`Columns.Email and Columns.Username are empty`}},
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

// A table without tenants has no users in a realm, and nobody is found in the wrong one.
func TestTableWithoutTenantsRefusesRealms(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	s.exec(t, ownTables["text"].sql)
	db := s.table(t, ownTables["text"])
	n := newUser()
	if _, err := db.CreateUser(t.Context(), n, nil); err != nil {
		t.Fatal(err)
	}
	ctx := driver.WithRealm(t.Context(), "acme")
	_, _, credential := db.FindCredential(ctx, n.Canonical)
	_, _, _, counted := db.CountAndFindCredential(ctx, driver.Attempt{}, n.Canonical)
	_, _, archived := db.FindArchived(ctx, n.Canonical)
	_, created := db.CreateUser(ctx, newUser(), nil)
	for name, err := range map[string]error{
		"KeepsRealms": db.KeepsRealms(), "FindCredential": credential, "CountAndFindCredential": counted, "FindArchived": archived, "CreateUser": created,
	} {
		if err == nil || !strings.Contains(err.Error(), "set Columns.Realm") {
			t.Errorf("%s: %v", name, err)
		}
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

// Three columns are enough. What the others are for is not stored.
func TestTableOfThreeColumns(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	s.exec(t, `CREATE TABLE members (member_id bigserial PRIMARY KEY, mail text UNIQUE, pw text)`)
	db := s.table(t, ownTable{name: "members", columns: store.Columns{ID: "member_id", Email: "mail", PasswordHash: "pw"}})
	n := newUser()
	n.Verified = true
	u, err := db.CreateUser(t.Context(), n, nil)
	if err != nil || u != (store.User{ID: "1", Email: n.Canonical}) {
		t.Fatalf("%+v, %v", u, err)
	}
	if found, hash, err := db.FindCredential(t.Context(), n.Canonical); err != nil || found != u || !hash.Equal(n.Hash) {
		t.Errorf("%+v, %v", found, err)
	}
	if _, err := db.CreateUser(t.Context(), n, nil); !errors.Is(err, driver.ErrIdentifierTaken) {
		t.Errorf("the same address: %v", err)
	}
	if u, err = db.UpdateUser(t.Context(), u.ID, &n.Name, nil); err != nil || u.Name != "" {
		t.Errorf("a name: %+v, %v", u, err)
	}
}

func TestPasswordOfATableMayHaveToChange(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	s.exec(t, ownTables["bigint"].sql)
	db := s.table(t, ownTables["bigint"])
	u, err := db.CreateUser(t.Context(), newUser(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.RequirePasswordChange(t.Context(), u.ID); err != nil {
		t.Fatal(err)
	}
	if u, err = db.FindUser(t.Context(), u.ID); err != nil || !u.Account().MustChangePassword {
		t.Errorf("%+v, %v", u, err)
	}
	if _, err := db.SetPassword(t.Context(), driver.PasswordChange{UserID: u.ID, Old: hash('a'), New: hash('b')}); err != nil {
		t.Fatal(err)
	}
	if u, err = db.FindUser(t.Context(), u.ID); err != nil || u.Account().MustChangePassword {
		t.Errorf("after the change: %+v, %v", u, err)
	}
	if err := db.RequirePasswordChange(t.Context(), "6000000000"); !errors.Is(err, driver.ErrNoUser) {
		t.Errorf("an unknown user: %v", err)
	}
}

// Usernames may be all that users log in with.
func TestTableOfUsernames(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	s.exec(t, `CREATE TABLE members (id bigserial PRIMARY KEY, username text NOT NULL UNIQUE, pw text NOT NULL)`)
	db := s.table(t, ownTable{name: "members", columns: store.Columns{ID: "id", Username: "username", PasswordHash: "pw"}})
	n := driver.NewUser{Username: "Ada", CanonicalUsername: "ada", Hash: hash('a')}
	u, err := db.CreateUser(t.Context(), n, nil)
	if err != nil || u.Email != "" || u.Username == nil || *u.Username != "ada" {
		t.Fatalf("%+v, %v", u, err)
	}
	if found, h, err := db.FindCredential(t.Context(), "ada"); err != nil || found.ID != u.ID || !h.Equal(n.Hash) {
		t.Errorf("%+v, %v", found, err)
	}
	if _, _, err := db.FindCredential(t.Context(), "ada@example.com"); !errors.Is(err, driver.ErrNoUser) {
		t.Errorf("by an address: %v", err)
	}
	if _, err := db.CreateUser(t.Context(), n, nil); !errors.Is(err, driver.ErrUsernameTaken) {
		t.Errorf("the same username: %v", err)
	}
	if _, err := db.CreateUser(t.Context(), newUser(), nil); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("an address: %v", err)
	}
}

// Columns of the app's own are fields of its type.
func TestTableWithFieldsOfTheApp(t *testing.T) {
	t.Parallel()
	type member struct {
		store.User
		Plan  string
		Score *int
	}
	s := newSetup(t)
	s.exec(t, `CREATE TABLE members (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, mail text UNIQUE, pw text, plan text NOT NULL DEFAULT 'free', score int)`)
	created := []driver.UserID{}
	db, err := store.NewTable[member](t.Context(), s.pool, "members", store.Columns{ID: "id", Email: "mail", PasswordHash: "pw"}, unhurried,
		store.AfterCreate(func(_ context.Context, _ pgx.Tx, m member) error { created = append(created, m.ID); return nil }))
	if err != nil {
		t.Fatal(err)
	}
	one := 1
	u, err := db.CreateUser(t.Context(), newUser(), func(m *member) error { m.Score = &one; return nil })
	if err != nil || u.Plan != "free" || u.Score == nil || len(created) != 1 || created[0] != u.ID {
		t.Fatalf("%+v, %v, %v", u, err, created)
	}
	u, err = db.UpdateUser(t.Context(), u.ID, nil, func(m *member) error { m.Plan, m.Score = "gold", nil; return nil })
	if err != nil || u.Plan != "gold" || u.Score != nil {
		t.Errorf("%+v, %v", u, err)
	}
}

func TestSweeperDeletesArchivedRows(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	s.exec(t, ownTables["bigint"].sql)
	db := s.table(t, ownTables["bigint"])
	var ids []driver.UserID
	for range 3 {
		u, err := db.CreateUser(t.Context(), newUser(), nil)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, u.ID)
	}
	for _, id := range ids[:2] {
		if _, err := db.ArchiveUser(t.Context(), id, time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	s.clock.add(time.Hour)
	if n, err := s.db.Sweep(t.Context()); err != nil || n != 0 { // it does not know the table
		t.Errorf("the store of our users swept %d, %v", n, err)
	}
	if n, err := db.Sweep(t.Context()); err != nil || n != 2 {
		t.Errorf("swept %d, %v", n, err)
	}
	if n := s.count(t, `SELECT count(*) FROM members`); n != 1 {
		t.Errorf("%d rows are left, want 1", n)
	}
	list, err := db.UserEvents(t.Context(), ids[0], time.Time{}, 1)
	if err != nil || len(list) != 1 || list[0].Kind != driver.UserDeleted || list[0].User != ids[0] {
		t.Errorf("the last event is %+v, %v", list, err)
	}
}

// What belongs to a user whom plain SQL has deleted goes with the shadow row, keys that never expire too.
func TestSweeperDeletesShadowRowsWithoutTheirUser(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	s.exec(t, ownTables["bigint"].sql)
	db := s.table(t, ownTables["bigint"])
	for range 2 {
		u, err := db.CreateUser(t.Context(), newUser(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.CreateAPIKey(t.Context(), driver.NewAPIKey{Digest: newDigest(), UserID: u.ID, Name: "key", Start: "key"}); err != nil {
			t.Fatal(err)
		}
	}
	s.exec(t, `DELETE FROM members WHERE member_id = 5000000001`)
	s.clock.add(31 * 24 * time.Hour)
	for _, sweeper := range []interface {
		Sweep(ctx context.Context) (int64, error)
	}{s.db, s.external("another"), db} {
		if n := s.count(t, `SELECT count(*) FROM ginauth.api_keys`); n != 2 {
			t.Errorf("%d keys are left before the table's own sweep, want 2", n)
		}
		s.clock.add(2 * 24 * time.Hour)
		if _, err := sweeper.Sweep(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if n := s.count(t, `SELECT count(*) FROM ginauth.api_keys AS k JOIN ginauth.users AS u ON u.id = k.user_id WHERE u.external_id = '5000000002'`); n != 1 || s.count(t, `SELECT count(*) FROM ginauth.api_keys`) != 1 {
		t.Errorf("%d keys of the other user are left, want 1 and no other", n)
	}
}

// A key that is used again does not inherit what belonged to the row before, if the table says when rows were made.
func TestKeyThatIsUsedAgainInheritsNothing(t *testing.T) {
	t.Parallel()
	for _, dated := range []bool{true, false} {
		t.Run(fmt.Sprintf("with CreatedAt %v", dated), func(t *testing.T) {
			t.Parallel()
			s := newSetup(t)
			s.exec(t, `CREATE TABLE people (uid text PRIMARY KEY DEFAULT 'ada', mail text UNIQUE, pw text, made timestamp)`)
			c := store.Columns{ID: "uid", Email: "mail", PasswordHash: "pw"}
			if dated {
				c.CreatedAt = "made"
			}
			db := s.table(t, ownTable{name: "people", columns: c})
			first, err := db.CreateUser(t.Context(), newUser(), nil)
			if err != nil {
				t.Fatal(err)
			}
			s.clock.add(time.Hour)
			login := sessionOf(first.ID)
			login.Lifetime, login.IdleTimeout = 30*24*time.Hour, 30*24*time.Hour
			if _, err := db.CreateSession(t.Context(), login); err != nil {
				t.Fatal(err)
			}
			key := driver.NewAPIKey{Digest: newDigest(), UserID: first.ID, Name: "key", Start: "key"}
			if _, err := db.CreateAPIKey(t.Context(), key); err != nil {
				t.Fatal(err)
			}
			if err := db.RequirePasswordChange(t.Context(), first.ID); err != nil {
				t.Fatal(err)
			}
			if _, _, err := db.FindUserSession(t.Context(), login.Digest); err != nil {
				t.Fatal(err)
			}
			s.exec(t, `DELETE FROM people`)
			s.clock.add(48 * time.Hour)
			second, err := db.CreateUser(t.Context(), newUser(), nil)
			if err != nil || second.ID != first.ID {
				t.Fatalf("%+v, %v", second, err)
			}
			_, _, session := db.FindUserSession(t.Context(), login.Digest)
			_, _, apiKey := db.FindAPIKey(t.Context(), key.Digest)
			found, err := db.FindUser(t.Context(), second.ID)
			if inherits := session == nil && apiKey == nil && err == nil && found.MustChangePassword; inherits != !dated {
				t.Errorf("the session: %v, the key: %v, the user: %+v, %v", session, apiKey, found, err)
			}
			if !dated {
				return
			}
			if !errors.Is(session, driver.ErrNoSession) || !errors.Is(apiKey, driver.ErrNoAPIKey) || found.MustChangePassword {
				t.Errorf("the session: %v, the key: %v, the user: %+v", session, apiKey, found)
			}
			own := sessionOf(second.ID)
			if _, err := db.CreateSession(t.Context(), own); err != nil {
				t.Fatal("the login of the new user:", err)
			}
			if u, _, err := db.FindUserSession(t.Context(), own.Digest); err != nil || u.Email != second.Email {
				t.Errorf("the new user: %+v, %v", u, err)
			}
			if _, err := db.SetPassword(t.Context(), driver.PasswordChange{UserID: second.ID, Old: hash('a'), New: hash('b')}); err != nil {
				t.Error("the new user's password:", err)
			}
			if n := s.count(t, `SELECT count(*) FROM ginauth.api_keys`); n != 0 {
				t.Errorf("%d keys are left", n)
			}
		})
	}
}

// The grace of an archived user whose row plain SQL has deleted does not end the row that has the key now.
func TestSweeperSparesTheRowThatHasTheKeyNow(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	s.exec(t, `CREATE TABLE people (uid text PRIMARY KEY DEFAULT 'ada', mail text UNIQUE, pw text, made timestamptz)`)
	db := s.table(t, ownTable{name: "people", columns: store.Columns{ID: "uid", Email: "mail", PasswordHash: "pw", CreatedAt: "made"}})
	first, err := db.CreateUser(t.Context(), newUser(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ArchiveUser(t.Context(), first.ID, 72*time.Hour); err != nil {
		t.Fatal(err)
	}
	s.exec(t, `DELETE FROM people`)
	s.clock.add(48 * time.Hour)
	second, err := db.CreateUser(t.Context(), newUser(), nil)
	if err != nil {
		t.Fatal(err)
	}
	s.clock.add(48 * time.Hour)
	if _, err := db.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if u, err := db.FindUser(t.Context(), second.ID); err != nil || u.Email != second.Email || u.Account().Disabled {
		t.Errorf("%+v, %v", u, err)
	}
}
