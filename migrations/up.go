package migrations

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

// FS holds the migration files in goose's format, for tools that apply them themselves.
// Treat it as read-only.
//
//go:embed *.sql
var FS embed.FS

// versionTable records what is applied. It is apart from the table of the app's own goose.
const versionTable = schema + ".goose_db_version"

// Option changes how [Up], [Down] and [DownTo] work.
type Option func(*options)

type options struct {
	tableLock bool
}

// WithTableLock replaces the advisory lock by goose's table locker: a row with a lease of 30 s in
// ginauth.goose_lock, which others ask for every 250 ms. Use it where advisory locks do not hold,
// such as behind PgBouncer in transaction mode, or on an engine that only speaks PostgreSQL's
// protocol. It is slower, and a process that crashes blocks the others until its lease ends.
func WithTableLock() Option {
	return func(o *options) { o.tableLock = true }
}

// Up brings the database to the newest schema that this build knows. If the database has it
// already, Up does nothing. Many processes may call it at once: they wait for each other as long as
// ctx lasts. It opens its own connection with the pool's settings, and uses none of the pool. A
// migration that fails or is cancelled leaves no trace, or what the next Up replaces; those before
// it stay. One that waits too long for a lock that requests need gives way to them, and begins
// again until ctx ends. Errors: [ErrTooOld], [ErrNewerSchema], or the database's own, wrapped.
func Up(ctx context.Context, pool *pgxpool.Pool, opts ...Option) error {
	err := migrate(ctx, pool, opts, createSchema, func(p *goose.Provider) error {
		return untilUnlocked(ctx, func() error {
			_, err := p.Up(ctx)
			return err
		})
	})
	if err != nil {
		return fmt.Errorf("migrating up: %w", err)
	}
	return nil
}

// Down rolls back the newest applied migration, with the rows in its tables. It does nothing
// when none is applied. Locks and errors are those of [Up].
func Down(ctx context.Context, pool *pgxpool.Pool, opts ...Option) error {
	err := migrate(ctx, pool, opts, schemaExists, func(p *goose.Provider) error {
		return untilUnlocked(ctx, func() error {
			_, err := p.Down(ctx)
			if errors.Is(err, goose.ErrNoNextVersion) {
				return nil
			}
			return err
		})
	})
	if err != nil {
		return fmt.Errorf("migrating down: %w", err)
	}
	return nil
}

// DownTo rolls back every applied migration above version, newest first, with the rows in
// their tables. Version 0 leaves the schema with goose's own tables, and whatever the app
// put there. Locks and errors are those of [Up].
func DownTo(ctx context.Context, pool *pgxpool.Pool, version int64, opts ...Option) error {
	err := migrate(ctx, pool, opts, schemaExists, func(p *goose.Provider) error {
		return untilUnlocked(ctx, func() error {
			_, err := p.DownTo(ctx, version)
			return err
		})
	})
	if err != nil {
		return fmt.Errorf("migrating down to version %d: %w", version, err)
	}
	return nil
}

// migrate runs step under a lock, on a schema this build knows. It does nothing when ready
// says that there is no schema.
func migrate(ctx context.Context, pool *pgxpool.Pool, opts []Option,
	ready func(context.Context, *pgxpool.Pool) (bool, error), step func(*goose.Provider) error,
) (err error) {
	var o options
	for _, opt := range opts {
		opt(&o)
	}
	own, err := connect(ctx, pool, o.tableLock)
	if err != nil {
		return err
	}
	defer own.Close()
	if ok, err := ready(ctx, own); err != nil || !ok {
		return err
	}
	db := stdlib.OpenDBFromPool(own)
	defer func() { err = errors.Join(err, db.Close()) }()
	if o.tableLock {
		unlock, err := lockRow(ctx, db)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, unlock()) }()
	}
	if err := refuseNewer(ctx, own); err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, FS,
		goose.WithTableName(versionTable),
		goose.WithDisableGlobalRegistry(true),
	)
	if err != nil {
		return fmt.Errorf("reading the migration files: %w", err)
	}
	return step(provider)
}

// untilUnlocked repeats a step while a migration gives up its place in the queue for a lock, so that requests pass.
func untilUnlocked(ctx context.Context, step func() error) error {
	const (
		lockNotAvailable = "55P03"
		pause            = time.Second
	)
	for {
		err := step()
		var refused *pgconn.PgError
		if !errors.As(err, &refused) || refused.Code != lockNotAvailable {
			return err
		}
		if stopped := sleep(ctx, pause); stopped != nil {
			return fmt.Errorf("%w: %w", stopped, err)
		}
	}
}
