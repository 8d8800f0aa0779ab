package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/password"
)

// Columns maps what ginauth reads of a user to the columns of an app's own table. Write names as
// the catalogue has them, without quotes. Name and the fields after it may be empty if the table
// has no such column.
type Columns struct {
	// ID is the primary key, or another column with a unique index. Its type is bigint, integer,
	// smallint, uuid, text or varchar. It needs a default, unless it is a uuid.
	ID string
	// Email is the column with the address. "email" requires a unique index on the column, and
	// addresses in lower case; "lower(email)" requires a unique index on that expression. Users are
	// found by the canonical address, which is in lower case. If it is empty, users have no
	// addresses.
	Email string
	// Username is the column with the username, by the same rules. If it is empty, users have none.
	// Email or Username is required.
	Username string
	// Realm is the column with the tenant of a user, a text; see driver.WithRealm. The unique
	// indexes are then on the pair of the identifier and this column. If it is empty, all users are
	// in the realm "".
	Realm string
	// PasswordHash is a text, NULL for a user without a password.
	PasswordHash string

	Name string
	// VerifiedAt and DisabledAt are times or booleans. NULL or false means not verified, or not
	// disabled. "not is_active" is a boolean that means the opposite.
	VerifiedAt, DisabledAt string
	// CreatedAt and UpdatedAt are times. A time without a zone counts as UTC.
	CreatedAt, UpdatedAt string
}

// negation stands before a column that says the opposite.
const negation = "not "

// Table keeps users of type U in a table of the app, in this database, and what belongs to them as
// [External] does. It is safe for concurrent use on a pool.
//
// A protected request is one statement, which finds the session, the shadow row and the app's row
// by their keys. If plain SQL deletes or disables a user's row, the user's sessions end with the
// next request.
type Table[U any] struct {
	*Sessions

	db       *DB[U]    // with the statements of this table
	external *External // for what belongs to its users
}

var (
	_ driver.Users[User]             = (*Table[User])(nil)
	_ driver.Sessions                = (*Table[User])(nil)
	_ driver.SessionFinder[User]     = (*Table[User])(nil)
	_ driver.CredentialLimiter[User] = (*Table[User])(nil)
	_ driver.Authority[User]         = (*Table[User])(nil)
	_ driver.APIKeys[User]           = (*Table[User])(nil)
	_ driver.SessionChecker[User]    = (*Table[User])(nil)
)

// NewTable returns a store on conn whose users are rows of a table, such as "public.users". U is
// [User] or a struct that embeds it. Columns names the columns of its fields; each further exported
// field is a column of the table, as for [New]. It reads the catalogue: the error has one sentence
// for each fault, which says how to mend it. The table's name is the source of the users, unless
// [WithSource] sets another.
func NewTable[U any](ctx context.Context, conn Conn, table string, columns Columns, opts ...Option) (*Table[U], error) {
	t, err := newTable[U](ctx, conn, table, columns, opts)
	if err != nil {
		return nil, fmt.Errorf("store.NewTable: %w", err)
	}
	return t, nil
}

func newTable[U any](ctx context.Context, conn Conn, table string, columns Columns, opts []Option) (*Table[U], error) {
	o, err := newOptions(conn, opts)
	if err != nil {
		return nil, err
	}
	if o.notices && (columns.Email == "" || columns.VerifiedAt == "") {
		return nil, errors.New("WithMail writes only to addresses that are proved: name Columns.Email and Columns.VerifiedAt, or leave WithMail out")
	}
	db := &DB[U]{}
	if db.layout, err = layoutOfTable[U](columns); err != nil {
		return nil, err
	}
	if db.afterCreate, err = hookFor[U](o); err != nil {
		return nil, err
	}
	m, err := inspect(ctx, conn, table, columns, db.layout.extra, o)
	if err != nil {
		return nil, err
	}
	o.shadows = &shadows{source: m.source, table: m}
	db.Sessions = newSessions(conn, o)
	db.statements = m.statements(db.layout.extra)
	db.mail = m.mailStatements(db.statements.columns)
	db.lookup.read, db.lookup.ended = db.readUserSession, func(f *foundUser[U]) bool { return f.ended }
	db.lookup.init(db.Sessions, findUserSession+`, `+strings.Replace(m.found(db.layout.extra), m.disabledAt()+`, `, ``, 1), findUserSessionFrom+m.join(), ofTheirUser+m.enabled())
	return &Table[U]{Sessions: db.Sessions, db: db, external: &External{db.Sessions}}, nil
}

// AcceptsUsers returns nil for a *Table of the same users, and for a type that embeds one.
func (t *Table[U]) AcceptsUsers(users any) error {
	if of, ok := users.(interface{ tableOfUsers() string }); ok && of.tableOfUsers() == t.tableOfUsers() {
		return nil
	}
	return fmt.Errorf("store.NewTable keeps sessions of the users of its own table, and a %T has others: leave Options.Sessions out, and give the table to Options.Users", users)
}

// KeepsIdentifiers says which of them the table has a column for. [ginauth.New] calls it.
func (t *Table[U]) KeepsIdentifiers() (emails, usernames bool) {
	return t.shadows.table.email.column != "", t.shadows.table.username.column != ""
}

// KeepsRealms implements driver.Realms. It needs [Columns].Realm.
func (t *Table[U]) KeepsRealms() error {
	if t.shadows.table.realm == "" {
		return errors.New("the users of store.NewTable are all in one realm: set Columns.Realm to the column with the tenant")
	}
	return nil
}

// inRealm refuses a call about an identifier in a realm that the table does not know.
func (t *Table[U]) inRealm(ctx context.Context) error {
	if driver.Realm(ctx) == "" {
		return nil
	}
	return t.KeepsRealms()
}

func (t *Table[U]) tableOfUsers() string { return t.shadows.source }

// FindUser works as DB.FindUser.
func (t *Table[U]) FindUser(ctx context.Context, id driver.UserID) (U, error) {
	if !t.shadows.table.isID(id) {
		var none U
		return none, driver.ErrNoUser
	}
	u, err := t.db.one(ctx, "finding a user", t.db.statements.findUser, []any{string(id)})
	return u, orNoUser(err)
}

// FindCredential works as DB.FindCredential, but every stored password is valid.
func (t *Table[U]) FindCredential(ctx context.Context, identifier string) (U, password.Hash, error) {
	if err := t.inRealm(ctx); err != nil {
		var none U
		return none, password.Hash{}, err
	}
	return t.db.FindCredential(ctx, identifier)
}

// CountAndFindCredential works as DB.CountAndFindCredential.
func (t *Table[U]) CountAndFindCredential(ctx context.Context, a driver.Attempt, identifier string) (driver.Verdict, U, password.Hash, error) {
	if err := t.inRealm(ctx); err != nil {
		var none U
		return driver.Verdict{}, none, password.Hash{}, err
	}
	return t.db.CountAndFindCredential(ctx, a, identifier)
}

// FindUserSession works as DB.FindUserSession. It is one statement.
func (t *Table[U]) FindUserSession(ctx context.Context, digest driver.Digest) (U, driver.Session, error) {
	return t.db.FindUserSession(ctx, digest)
}

// FindAPIKey works as DB.FindAPIKey. It is one statement.
func (t *Table[U]) FindAPIKey(ctx context.Context, digest driver.Digest) (U, driver.APIKey, error) {
	return t.db.FindAPIKey(ctx, digest)
}

// FindAdmitted works as DB.FindAdmitted. It is one statement.
func (t *Table[U]) FindAdmitted(ctx context.Context, user driver.UserID, session driver.Digest, epoch int64) (U, time.Time, error) {
	return t.db.FindAdmitted(ctx, user, session, epoch)
}

// FindTokenUser works as DB.FindTokenUser. It is one statement.
func (t *Table[U]) FindTokenUser(ctx context.Context, user driver.UserID, session driver.SessionID) (U, error) {
	return t.db.FindTokenUser(ctx, user, session)
}

// AdmitSession works as External.AdmitSession, and also compares the password with n.Credential.
func (t *Table[U]) AdmitSession(ctx context.Context, n driver.NewSession) (driver.Admission, error) {
	return t.external.AdmitSession(ctx, n)
}
