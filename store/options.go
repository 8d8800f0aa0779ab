package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ginauth/ginauth/ginauth/driver"
)

const (
	// A request makes two or three calls and must end within 5 s.
	defaultTimeout = 2 * time.Second
	// Room for identifiers and small forms; larger values belong in a table of the app's own
	// (SEC-59).
	defaultMaxData = 16 << 10
)

// Option changes how a store works.
type Option func(*options)

type options struct {
	timeout     time.Duration
	maxData     int
	now         func() time.Time
	notices     bool
	log         *slog.Logger
	observer    driver.Observer
	afterCreate any // func(context.Context, pgx.Tx, U) error
	events      eventOptions
	source      string
	shadows     *shadows
}

// WithTimeout limits the time of each call, including waiting for a connection, all statements and
// retries. A context that ends sooner wins. Default: 2 s.
func WithTimeout(d time.Duration) Option {
	return func(o *options) { o.timeout = d }
}

// WithMaxData limits the values of one session, in bytes of their JSON as PostgreSQL prints it.
// Default: 16 KiB.
func WithMaxData(bytes int) Option {
	return func(o *options) { o.maxData = bytes }
}

// WithNow replaces the database's clock, for tests. Default: the database's clock, so that
// processes with different clocks agree about which sessions have ended.
func WithNow(now func() time.Time) Option {
	return func(o *options) { o.now = now }
}

// WithLogger sets the logger for failures of RunSweeper, which would otherwise go unnoticed, and
// for one message if the database is not migrated. Default: slog.Default.
func WithLogger(log *slog.Logger) Option {
	return func(o *options) { o.log = log }
}

// WithObserver measures what no request can see: the rows that are swept, by table, and how many
// lookups of sessions share a statement. Give it the observer of ginauth.Options.Observer. Default:
// none, nothing is measured.
func WithObserver(o driver.Observer) Option {
	return func(to *options) { to.observer = o }
}

// AfterCreate sets a hook that runs in the transaction that creates a user, after the user's row is
// written. It is for the app's own rows that every user needs. An error of the hook undoes the user
// and is returned unchanged. The hook may run again if the database asks to repeat the transaction,
// and its time counts towards the call's. It must neither commit nor keep the transaction.
//
// Package email's SignUp also runs the hook for an address that has an account, and rolls that
// back, so that an error reveals nothing. So do things outside the database in AfterEvent instead.
// Rows that are unique by the address would reveal that it has an account: make them unique by the
// user's id.
func AfterCreate[U any](hook func(ctx context.Context, tx pgx.Tx, u U) error) Option {
	return func(o *options) { o.afterCreate = hook }
}

func newOptions(conn Conn, opts []Option) (options, error) {
	o := options{timeout: defaultTimeout, maxData: defaultMaxData, events: eventOptions{retention: defaultRetention}}
	for _, opt := range opts {
		if opt != nil {
			opt(&o)
		}
	}
	if err := checkSource(o.source); err != nil {
		return o, err
	}
	switch {
	case conn == nil || isNil(conn):
		return o, errors.New("the connection is nil: give it the pool of pgxpool.New, and check that function's error")
	case o.log != nil && o.log.Handler() == nil:
		return o, errors.New("the logger has no handler: give WithLogger one that slog.New has made")
	case o.observer != nil && isNil(o.observer):
		return o, errors.New("the observer is a nil pointer: leave WithObserver out to measure nothing")
	case o.timeout <= 0:
		return o, errors.New("the timeout must be positive: without one, a hanging database hangs every request")
	case o.events.retention <= 0:
		return o, errors.New("the retention of events must be positive: leave WithEventRetention out for the default")
	case o.maxData < len(emptyData):
		return o, errors.New("the limit for a session's data must be positive")
	}
	return o, nil
}

// isNil says whether an interface holds a nil pointer.
func isNil(v any) bool {
	r := reflect.ValueOf(v)
	return r.Kind() == reflect.Pointer && r.IsNil()
}

func hookFor[U any](o options) (func(context.Context, pgx.Tx, U) error, error) {
	if o.afterCreate == nil {
		return nil, nil //nolint:nilnil // no hook is a fine answer
	}
	hook, ok := o.afterCreate.(func(context.Context, pgx.Tx, U) error)
	if !ok {
		return nil, fmt.Errorf("AfterCreate has a %T, but the users are of another type", o.afterCreate)
	}
	return hook, nil
}
