package store

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// Conn runs the store's statements: a *pgxpool.Pool, or a pgx.Tx, which makes the store part of a
// transaction of your own. A Tx serves one goroutine at a time.
type Conn interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
	SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults
	Begin(ctx context.Context) (pgx.Tx, error)
}

// DB keeps users of type U and their sessions. It is safe for concurrent use on a pool. Its errors
// are those of the interfaces it implements; they wrap the database's errors.
type DB[U any] struct {
	*Sessions
	layout      layout
	statements  userStatements
	mail        mailStatements
	lookup      lookup[foundUser[U]] // instead of Sessions'
	afterCreate func(context.Context, pgx.Tx, U) error
}

var (
	_ driver.Users[User]             = (*DB[User])(nil)
	_ driver.Sessions                = (*Sessions)(nil)
	_ driver.SessionFinder[User]     = (*DB[User])(nil)
	_ driver.Limiter                 = (*Sessions)(nil)
	_ driver.CredentialLimiter[User] = (*DB[User])(nil)
	_ driver.Logins                  = (*Sessions)(nil)
	_ driver.Accounts[User]          = (*DB[User])(nil)
	_ driver.EventLog                = (*Sessions)(nil)
	_ driver.Authority[User]         = (*DB[User])(nil)
	_ driver.Mails[User]             = (*DB[User])(nil)
	_ driver.APIKeys[User]           = (*DB[User])(nil)
	_ driver.RefreshTokens           = (*Sessions)(nil)
	_ driver.SessionChecker[User]    = (*DB[User])(nil)
	_ driver.Realms                  = (*DB[User])(nil)
)

// New returns a store on conn. U is [User] or a struct that embeds it. Each further exported field
// is a column of ginauth.users, whose name is the field's db tag, or else the field's name in snake
// case; `db:"-"` leaves a field out. New sends no statement. It panics when U or an option cannot
// work.
func New[U any](conn Conn, opts ...Option) *DB[U] {
	o, err := newOptions(conn, opts)
	if err != nil {
		panic("store.New: " + err.Error()) //nolint:forbidigo // construction
	}
	if o.source != "" {
		panic("store.New: the users are in ginauth.users: give WithSource to store.NewExternal") //nolint:forbidigo // construction
	}
	d := &DB[U]{Sessions: newSessions(conn, o)}
	if d.layout, err = layoutOf[U](); err != nil {
		panic("store.New: " + err.Error()) //nolint:forbidigo // construction
	}
	if d.afterCreate, err = hookFor[U](o); err != nil {
		panic("store.New: " + err.Error()) //nolint:forbidigo // construction
	}
	d.statements = newUserStatements(d.layout)
	d.mail = newMailStatements(d.statements.columns)
	d.lookup.read, d.lookup.ended = d.readUserSession, func(f *foundUser[U]) bool { return f.ended }
	d.lookup.init(d.Sessions, findUserSession+`, `+strings.Replace(d.statements.columns, `u.disabled_at, `, ``, 1), findUserSessionFrom, ofTheirUser)
	return d
}
