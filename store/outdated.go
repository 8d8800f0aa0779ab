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

// findVersion is asked after a statement failed for want of something that a migration makes. The table is goose's.
const findVersion = `SELECT COALESCE(max(v.version_id), 0) FROM ginauth.goose_db_version AS v WHERE v.is_applied`

// outdated is the error of a statement that the database's schema is too old for. It holds the cause.
type outdated struct {
	text  string
	cause error
}

func (o *outdated) Error() string { return o.text + ": " + o.cause.Error() }
func (o *outdated) Unwrap() error { return o.cause }

// explainSchema makes one sentence, with both versions, of a schema, table or column of this package that is missing,
// and logs it once. What an app's own columns and hooks miss is left as it is.
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
		return err // of the user type
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

// mayBeOurs: the server quotes the name with its schema where that is ours; of a column it knows none.
func mayBeOurs(refused *pgconn.PgError) bool {
	switch refused.Code {
	case codeUndefinedTable:
		return strings.Contains(refused.Message, "ginauth.")
	case codeNoSchema:
		return strings.Contains(refused.Message, `"ginauth"`)
	}
	return refused.Code == codeUndefinedColumn
}

// version is that of the database. A transaction of the app's own is void by now and cannot be asked.
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
