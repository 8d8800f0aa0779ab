package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/puddle/v2"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// SQLSTATE codes and classes, PostgreSQL's documentation, appendix A.
const (
	codeSerialization       = "40001"
	codeNoStatement         = "26000"
	codeNotSupported        = "0A000"
	codeCannotConnect       = "57P03"
	codeDeadlock            = "40P01"
	codeForeignKeyViolation = "23503"
	codeUniqueViolation     = "23505"
	codeUndefinedColumn     = "42703"
	codeReadOnly            = "25006"
	codeIdleInTx            = "25P03"
	codeQueryCanceled       = "57014"
	codeLockNotAvailable    = "55P03"
	codeRaised              = "P0001"

	classConnection = "08"
	classData       = "22"
	classIntegrity  = "23"
	classResources  = "53"
	classShutdown   = "57P"
	classSystem     = "58"
)

// translate turns pgx's errors into the errors that callers of a store expect. Ctx is the caller's
// own, without the store's deadline.
func translate(ctx context.Context, doing string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, pgx.ErrNoRows):
		return pgx.ErrNoRows
	case errors.Is(ctx.Err(), context.Canceled) && unavailable(err):
		// The client left: nothing is wrong with the database.
		return fmt.Errorf("%s: %w", doing, context.Canceled)
	case unavailable(err):
		return fmt.Errorf("%s: %w: %w", doing, driver.ErrUnavailable, err)
	}
	return fmt.Errorf("%s: %w", doing, explain(err))
}

// unavailable says whether an error is an outage, which passes, and not a fault. A wrong password
// or database name is a fault, although it occurs while connecting.
func unavailable(err error) bool {
	if code := sqlState(err); code != "" {
		return unavailableCode(code)
	}
	var connecting *pgconn.ConnectError
	var network net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) ||
		errors.As(err, &connecting) || errors.As(err, &network) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, pgconn.ErrConnClosed) || errors.Is(err, puddle.ErrClosedPool)
}

func unavailableCode(code string) bool {
	switch code {
	case codeSerialization, codeDeadlock, codeReadOnly, codeIdleInTx, codeQueryCanceled, codeLockNotAvailable:
		return true
	}
	for _, class := range []string{classConnection, classResources, classShutdown, classSystem} {
		if strings.HasPrefix(code, class) {
			return true
		}
	}
	return false
}

// conflicted says whether the database has undone the work and asks to repeat it.
func conflicted(err error) bool {
	code := sqlState(err)
	return code == codeSerialization || code == codeDeadlock
}

// staleness returns how often to repeat work that failed because of a prepared statement: after
// DISCARD ALL or DEALLOCATE, and after a change of a column's type.
func staleness(err error) int {
	switch sqlState(err) {
	case codeNoStatement:
		return maxStale
	case codeNotSupported: // other features have this code too, and their errors stay
		var refused *pgconn.PgError
		if errors.As(err, &refused) && refused.Routine == "RevalidateCachedQuery" {
			return maxStale
		}
		return 1
	}
	return 0
}

// hungUp says whether an open connection has ended. A deadline does not count: the server may still
// be working.
func hungUp(err error) bool {
	if err == nil {
		return false
	}
	if code := sqlState(err); code != "" {
		return strings.HasPrefix(code, classShutdown) && code != codeCannotConnect || strings.HasPrefix(code, classConnection)
	}
	var connecting *pgconn.ConnectError
	if errors.As(err, &connecting) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return false
	}
	var network net.Error
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, pgconn.ErrConnClosed) ||
		errors.As(err, &network) && !network.Timeout()
}

func readOnly(err error) bool { return sqlState(err) == codeReadOnly }

// violates compares prefixes: some engines add to a constraint's name.
func violates(err error, constraint string) bool {
	var refused *pgconn.PgError
	return errors.As(err, &refused) && refused.Code == codeUniqueViolation && strings.HasPrefix(refused.ConstraintName, constraint)
}

// sqlState returns the server's error code, or "" for an error of another origin.
func sqlState(err error) string {
	if err == nil { // avoids an allocation in every successful call
		return ""
	}
	var refused *pgconn.PgError
	if !errors.As(err, &refused) {
		return ""
	}
	return refused.Code
}

// explain prepares a fault for a log: it adds a remedy where there is one, and hides the values
// that pgx and PostgreSQL quote.
func explain(err error) error {
	var refused *pgconn.PgError
	var old *outdated
	switch {
	case errors.As(err, &old):
		return err
	case !errors.As(err, &refused) && strings.HasPrefix(err.Error(), "failed to encode args["):
		return &quiet{text: "a field of the user type does not fit its column", cause: err}
	case refused == nil:
		return err
	case refused.Code == codeUndefinedColumn:
		return fmt.Errorf("the users' table lacks a column of the user type, or one that is mapped; a migration of the app must add it: %w", err)
	case strings.HasPrefix(refused.Code, classData):
		return &quiet{text: "a value was refused (SQLSTATE " + refused.Code + ")", cause: err}
	}
	return err
}

// quiet keeps its cause for errors.As, but does not show the cause's text.
type quiet struct {
	text  string
	cause error
}

func (q *quiet) Error() string { return q.text }
func (q *quiet) Unwrap() error { return q.cause }
