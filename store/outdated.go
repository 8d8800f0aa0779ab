package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

const (
	codeUndefinedTable = "42P01"
	codeNoSchema       = "3F000"
)

// findVersion runs after a statement has failed because something is missing. Goose keeps the
// table.
const findVersion = `SELECT COALESCE(max(v.version_id), 0) FROM ginauth.goose_db_version AS v WHERE v.is_applied`

// outdated is the error of a statement if the database's schema is too old. It wraps the cause.
type outdated struct {
	text  string
	cause error
}

func (o *outdated) Error() string { return o.text + ": " + o.cause.Error() }
func (o *outdated) Unwrap() error { return o.cause }

// explainSchema replaces the error about a missing schema, table or column of this package by one
// sentence with both versions, and logs it once. Errors about columns and hooks of the app's own
// stay as they are.
func (c *caller) explainSchema(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	var refused *pgconn.PgError
	if !errors.As(err, &refused) || !mayBeOurs(refused) {
		return err
	}
	at, known := c.version(ctx)
	if refused.Code == codeUndefinedColumn && (!known || at >= schemaVersion) {
		return err // about the user type
	}
	text := fmt.Sprintf("run migrations.Up or make migrate: the database is at version %d, this build wants %d", at, schemaVersion)
	switch {
	case at >= schemaVersion:
		text = fmt.Sprintf("restore the schema ginauth from a backup: the database is at version %d, as this build wants it, but a part is missing", at)
	case !known:
		text = fmt.Sprintf("run migrations.Up or make migrate: this build wants version %d of the database, whose version the role may not see", schemaVersion)
	}
	if c.pool != nil && c.toldOutdated.CompareAndSwap(false, true) {
		c.logger().ErrorContext(ctx, "ginauth: "+text, "error", err)
	}
	return &outdated{text: text, cause: err}
}

// mayBeOurs says whether the missing thing may be this package's. PostgreSQL names the schema of a
// table, but not of a column.
func mayBeOurs(refused *pgconn.PgError) bool {
	switch refused.Code {
	case codeUndefinedTable:
		return strings.Contains(refused.Message, "ginauth.")
	case codeNoSchema:
		return strings.Contains(refused.Message, `"ginauth"`)
	}
	return refused.Code == codeUndefinedColumn
}

// version returns the database's version. In a transaction of the app it cannot ask, because the
// transaction has already failed.
func (c *caller) version(ctx context.Context) (at int64, known bool) {
	if c.pool == nil {
		return 0, false
	}
	err := c.pool.QueryRow(ctx, findVersion).Scan(&at)
	if code := sqlState(err); code == codeUndefinedTable || code == codeNoSchema {
		return 0, true
	}
	return at, err == nil
}

func (c *caller) logger() *slog.Logger {
	return cmp.Or(c.log, slog.Default())
}
