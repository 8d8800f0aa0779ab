package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store"
)

// shapes are tables as apps have them. Each works, or is refused with a sentence that has the remedy, which makes it work.
var shapes = map[string]struct {
	sql, table string
	edit       func(*store.Columns)
	refused    string
	remedy     string
}{
	"bcrypt column":      {sql: `CREATE TABLE t (id bigserial PRIMARY KEY, mail text UNIQUE, pw varchar(60))`, refused: `ALTER TABLE "public"."t" ALTER COLUMN "pw" TYPE text`, remedy: `ALTER TABLE "public"."t" ALTER COLUMN "pw" TYPE text`},
	"128 for a hash":     {sql: `CREATE TABLE t (id bigserial PRIMARY KEY, mail text UNIQUE, pw varchar(128))`},
	"short address":      {sql: `CREATE TABLE t (id bigserial PRIMARY KEY, mail varchar(100) UNIQUE, pw text)`, refused: `ALTER TABLE "public"."t" ALTER COLUMN "mail" TYPE text`, remedy: `ALTER TABLE t ALTER COLUMN mail TYPE text`},
	"short name":         {sql: `CREATE TABLE t (id bigserial PRIMARY KEY, mail text UNIQUE, pw text, name varchar(30))`, edit: func(c *store.Columns) { c.Name = "name" }, refused: `ALTER COLUMN "name" TYPE text`, remedy: `ALTER TABLE t ALTER COLUMN name TYPE text`},
	"short username":     {sql: `CREATE TABLE t (id bigserial PRIMARY KEY, mail text UNIQUE, pw text, login varchar(40) UNIQUE)`, edit: func(c *store.Columns) { c.Username = "login" }, refused: `ALTER COLUMN "login" TYPE text`, remedy: `ALTER TABLE t ALTER COLUMN login TYPE text`},
	"domains":            {sql: `CREATE DOMAIN address AS varchar(254) CHECK (VALUE LIKE '%@%'); CREATE DOMAIN hash AS text CHECK (VALUE LIKE '$%'); CREATE DOMAIN key AS bigint; CREATE SEQUENCE s; CREATE TABLE t (id key PRIMARY KEY DEFAULT nextval('s'), mail address UNIQUE, pw hash)`},
	"domain of a length": {sql: `CREATE DOMAIN hash AS varchar(60); CREATE TABLE t (id bigserial PRIMARY KEY, mail text UNIQUE, pw hash)`, refused: `holds 60 characters`, remedy: `ALTER TABLE t ALTER COLUMN pw TYPE text`},
	"domain of bcrypt":   {sql: `CREATE DOMAIN hash AS text CONSTRAINT bcrypted CHECK (VALUE LIKE '$2%'); CREATE TABLE t (id bigserial PRIMARY KEY, mail text UNIQUE, pw hash)`, refused: `the constraint bcrypted refuses`, remedy: `ALTER DOMAIN hash DROP CONSTRAINT bcrypted`},
	"check of a length":  {sql: `CREATE TABLE t (id bigserial PRIMARY KEY, mail text UNIQUE, pw text CONSTRAINT sixty CHECK (length(pw) = 60))`, refused: `the constraint sixty refuses`, remedy: `ALTER TABLE t DROP CONSTRAINT sixty`},
	"check that fits":    {sql: `CREATE TABLE t (id bigserial PRIMARY KEY, mail text UNIQUE, pw text CHECK (length(pw) > 50))`},
	"citext":             {sql: `CREATE EXTENSION citext; CREATE TABLE t (id bigserial PRIMARY KEY, mail citext UNIQUE, pw text)`},
	"enum":               {sql: `CREATE TYPE mood AS ENUM ('ok'); CREATE TABLE t (id bigserial PRIMARY KEY, mail text UNIQUE, pw text, m mood NOT NULL)`, refused: `the column m of`, remedy: `ALTER TABLE t ALTER COLUMN m SET DEFAULT 'ok'`},
	"enum for a time":    {sql: `CREATE TYPE mood AS ENUM ('ok'); CREATE TABLE t (id bigserial PRIMARY KEY, mail text UNIQUE, pw text, m mood)`, edit: func(c *store.Columns) { c.VerifiedAt = "m" }, refused: `is of the type mood: Columns.VerifiedAt takes`, remedy: `ALTER TABLE t ALTER COLUMN m TYPE boolean USING TRUE`},
	"generated hash":     {sql: `CREATE TABLE t (id bigserial PRIMARY KEY, mail text UNIQUE, raw text, pw text GENERATED ALWAYS AS (lower(raw)) STORED)`, refused: `the column pw of "public"."t" is generated`, remedy: `ALTER TABLE t ALTER COLUMN pw DROP EXPRESSION`},
	"generated beside":   {sql: `CREATE TABLE t (id bigserial PRIMARY KEY, mail text UNIQUE, pw text, low text NOT NULL GENERATED ALWAYS AS (lower(mail)) STORED)`},
	"identity always":    {sql: `CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, mail text UNIQUE, pw text)`},
	"times without zone": {sql: `CREATE TABLE t (id bigserial PRIMARY KEY, mail text UNIQUE, pw text, v timestamp(0), c timestamp NOT NULL, u timestamp(3) NOT NULL)`, edit: func(c *store.Columns) { c.VerifiedAt, c.CreatedAt, c.UpdatedAt = "v", "c", "u" }},
	"proof by default":   {sql: `CREATE TABLE t (id bigserial PRIMARY KEY, mail text UNIQUE, pw text, v timestamptz DEFAULT now())`, edit: func(c *store.Columns) { c.VerifiedAt = "v" }},
	"proof that must be": {sql: `CREATE TABLE t (id bigserial PRIMARY KEY, mail text UNIQUE, pw text, v timestamptz NOT NULL DEFAULT now())`, edit: func(c *store.Columns) { c.VerifiedAt = "v" }, refused: `ALTER COLUMN "v" DROP NOT NULL`, remedy: `ALTER TABLE t ALTER COLUMN v DROP NOT NULL`},
	"required booleans":  {sql: `CREATE TABLE t (id bigserial PRIMARY KEY, mail text UNIQUE, pw text, v boolean NOT NULL, active boolean NOT NULL)`, edit: func(c *store.Columns) { c.VerifiedAt, c.DisabledAt = "v", "not active" }},
	"negated time":       {sql: `CREATE TABLE t (id bigserial PRIMARY KEY, mail text UNIQUE, pw text, v timestamptz)`, edit: func(c *store.Columns) { c.VerifiedAt = "not v" }, refused: `Columns.VerifiedAt takes boolean`, remedy: `ALTER TABLE t ALTER COLUMN v TYPE boolean USING v IS NULL`},
	"required hash":      {sql: `CREATE TABLE t (id bigserial PRIMARY KEY, mail text UNIQUE, pw text NOT NULL)`},
	"trigger":            {sql: `CREATE TABLE t (id bigserial PRIMARY KEY, mail text UNIQUE, pw text, u timestamptz); CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.u = now(); RETURN NEW; END'; CREATE TRIGGER touches BEFORE INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION touch()`},
	"view":               {sql: `CREATE TABLE of_view (id bigserial PRIMARY KEY, mail text UNIQUE, pw text); CREATE VIEW t AS SELECT * FROM of_view`, refused: `t is no table: give the table that the view is made of`, remedy: `DROP VIEW t; ALTER TABLE of_view RENAME TO t`},
	"partitioned":        {sql: `CREATE TABLE t (id bigserial, mail text, pw text, UNIQUE (mail)) PARTITION BY HASH (mail); CREATE TABLE p PARTITION OF t FOR VALUES WITH (MODULUS 1, REMAINDER 0); CREATE INDEX ON t (id)`, refused: `has no unique index on "id"`, remedy: `CREATE TABLE whole AS SELECT * FROM t; DROP TABLE t; ALTER TABLE whole RENAME TO t; ALTER TABLE t ADD PRIMARY KEY (id), ADD UNIQUE (mail); ALTER TABLE t ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY`},
	"names as they come": {sql: `CREATE TABLE "T.Übung" ("I""d" bigserial PRIMARY KEY, "Mail.Adr" text UNIQUE, "select" text)`, table: `"T.Übung"`, edit: func(c *store.Columns) { *c = store.Columns{ID: `I"d`, Email: "Mail.Adr", PasswordHash: "select"} }, refused: "WithSource"},
	"quoted lower":       {sql: `CREATE TABLE t (id bigserial PRIMARY KEY, "E ""Mail" text, pw text); CREATE UNIQUE INDEX ON t (lower("E ""Mail"))`, edit: func(c *store.Columns) { c.Email = `lower(E "Mail)` }},
	"upper case":         {sql: `CREATE TABLE "T" ("ID" bigserial PRIMARY KEY, "EMAIL" text UNIQUE, "PASSWORD" text)`, table: `"T"`, edit: func(c *store.Columns) { *c = store.Columns{ID: "ID", Email: "EMAIL", PasswordHash: "PASSWORD"} }},
	"deferrable":         {sql: `CREATE TABLE t (id bigserial PRIMARY KEY, mail text UNIQUE DEFERRABLE, pw text)`, refused: `CREATE UNIQUE INDEX CONCURRENTLY ON "public"."t" ("mail")`, remedy: `CREATE UNIQUE INDEX CONCURRENTLY ON "public"."t" ("mail")`},
}

func TestEveryShapeOfATableWorksOrIsRefusedWithTheRemedy(t *testing.T) {
	t.Parallel()
	for name, shape := range shapes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSetup(t)
			s.exec(t, shape.sql)
			c, table := store.Columns{ID: "id", Email: "mail", PasswordHash: "pw"}, "t"
			if shape.edit != nil {
				shape.edit(&c)
			}
			if shape.table != "" {
				table = shape.table
			}
			open := func(opts ...store.Option) (*store.Table[store.User], error) {
				return store.NewTable[store.User](t.Context(), s.pool, table, c, append(opts, unhurried, store.WithNow(s.clock.now))...)
			}
			db, err := open()
			if shape.refused != "" {
				if err == nil || !strings.Contains(err.Error(), shape.refused) || strings.Contains(err.Error(), "\n") {
					t.Fatalf("got %v, want one fault: %q", err, shape.refused)
				}
				if shape.remedy != "" {
					s.exec(t, shape.remedy)
				}
				db, err = open(store.WithSource("t"))
			}
			if err != nil {
				t.Fatal(err)
			}
			everyCall(t, db, c)
		})
	}
}

// everyCall signs a user up, in and out, and changes what can be changed.
func everyCall(t *testing.T, db *store.Table[store.User], c store.Columns) {
	t.Helper()
	ctx := t.Context()
	n := newUser()
	n.Email, n.Canonical = strings.Repeat("A", 64)+n.Email, strings.Repeat("a", 64)+n.Canonical
	if c.Username != "" {
		n.Username, n.CanonicalUsername = strings.Repeat("b", 64), strings.Repeat("b", 64)
	}
	n.Name = strings.Repeat("ü", 200)
	u, err := db.CreateUser(ctx, n, nil)
	if err != nil || u.Account().Verified || u.Account().Disabled {
		t.Fatalf("creating a user: %+v, %v", u, err)
	}
	if !u.CreatedAt.IsZero() && u.CreatedAt.Location() != time.UTC {
		t.Errorf("created at %s", u.CreatedAt)
	}
	found, h, err := db.FindCredential(ctx, n.Canonical)
	if err != nil || found.ID != u.ID || !h.Equal(n.Hash) {
		t.Fatalf("finding it: %+v, %v", found, err)
	}
	login := sessionOf(u.ID)
	login.Credential = h
	if _, err := db.CreateSession(ctx, login); err != nil {
		t.Fatalf("logging in: %v", err)
	}
	if got, _, err := db.FindUserSession(ctx, login.Digest); err != nil || got.Account() != found.Account() {
		t.Errorf("a request: %+v, %v", got, err)
	}
	if err := db.ReplaceHash(ctx, u.ID, h, hash('b')); err != nil {
		t.Errorf("replacing the hash: %v", err)
	}
	if _, err := db.SetPassword(ctx, driver.PasswordChange{UserID: u.ID, Old: hash('b'), New: hash('c')}); err != nil {
		t.Errorf("setting a password: %v", err)
	}
	if _, err := db.CreateUser(ctx, n, nil); !errors.Is(err, driver.ErrIdentifierTaken) {
		t.Errorf("the same user: %v", err)
	}
	if db.KeepsProofs() {
		if created, err := db.CreateUserAndMail(ctx, newUser(), nil, ""); err != nil || !created {
			t.Errorf("a sign-up by mail: %v, %v", created, err)
		}
	}
	bare := newUser()
	bare.Hash = driver.NewUser{}.Hash
	if _, err := db.CreateUser(ctx, bare, nil); err != nil {
		t.Errorf("a user without a password: %v", err)
	}
	if _, err := db.ArchiveUser(ctx, u.ID, time.Hour); err != nil {
		t.Errorf("archiving: %v", err)
	}
	if got, err := db.FindUser(ctx, u.ID); err != nil || !got.Account().Disabled {
		t.Errorf("archived: %+v, %v", got, err)
	}
}

// A role that sees or writes less than the app needs is told so at start.
func TestTableTellsWhatTheRoleMayNotDo(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	role := fmt.Sprintf("ginauth_test_%x", newDigest().String()[:6])
	s.exec(t, `CREATE TABLE t (id bigserial PRIMARY KEY, mail text UNIQUE, pw text); CREATE TABLE secret (id bigserial PRIMARY KEY, mail text UNIQUE, pw text)`)
	s.exec(t, `CREATE ROLE `+role+` LOGIN; GRANT SELECT (id, mail), INSERT, UPDATE ON secret TO `+role+`; GRANT SELECT, INSERT, UPDATE ON t TO `+role)
	defer s.exec(t, `DROP OWNED BY `+role+`; DROP ROLE `+role)
	pool := newPool(t, s.pool, func(cfg *pgxpool.Config) {
		cfg.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
			_, err := conn.Exec(ctx, `SET ROLE `+role)
			return err
		}
	})
	c := store.Columns{ID: "id", Email: "mail", PasswordHash: "pw"}
	if _, err := store.NewTable[store.User](t.Context(), pool, "secret", c); err == nil || !strings.Contains(err.Error(), `GRANT SELECT, INSERT, UPDATE ON "public"."secret"`) {
		t.Errorf("a column that it may not read: %v", err)
	}
	if _, err := store.NewTable[store.User](t.Context(), pool, "t", c); err != nil {
		t.Errorf("all privileges: %v", err)
	}
	s.exec(t, `ALTER TABLE t ENABLE ROW LEVEL SECURITY`)
	if _, err := store.NewTable[store.User](t.Context(), pool, "t", c); err == nil || !strings.Contains(err.Error(), `BYPASSRLS`) {
		t.Errorf("row level security: %v", err)
	}
	if _, err := store.NewTable[store.User](t.Context(), s.pool, "t", c); err != nil {
		t.Errorf("the owner, whom it does not concern: %v", err)
	}
}

// The table that is named without a schema is found at start, and stays the same.
func TestTableStaysWhenAnotherSchemaComesFirst(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	s.exec(t, `CREATE TABLE t (id bigserial PRIMARY KEY, mail text UNIQUE, pw text)`)
	db := s.table(t, ownTable{name: "t", columns: store.Columns{ID: "id", Email: "mail", PasswordHash: "pw"}})
	n := newUser()
	u, err := db.CreateUser(t.Context(), n, nil)
	if err != nil {
		t.Fatal(err)
	}
	s.exec(t, `CREATE SCHEMA thief CREATE TABLE t (id bigserial PRIMARY KEY, mail text UNIQUE, pw text)`)
	s.exec(t, `INSERT INTO thief.t (mail, pw) VALUES ($1, $2)`, n.Canonical, hash('t').Reveal())
	pool := newPool(t, s.pool, func(cfg *pgxpool.Config) { cfg.ConnConfig.RuntimeParams["search_path"] = "thief, public" })
	if _, h, err := db.FindCredential(t.Context(), n.Canonical); err != nil || !h.Equal(n.Hash) {
		t.Errorf("the store of before: %v", err)
	}
	named, err := store.NewTable[store.User](t.Context(), pool, "public.t", store.Columns{ID: "id", Email: "mail", PasswordHash: "pw"})
	if err != nil {
		t.Fatal(err)
	}
	if got, h, err := named.FindCredential(t.Context(), n.Canonical); err != nil || got.ID != u.ID || !h.Equal(n.Hash) {
		t.Errorf("by its full name: %+v, %v", got, err)
	}
}
