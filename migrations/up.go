package migrations

import (
	"context"
	"embed"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/pressly/goose/v3"
)

// FS holds the migration files in goose's format, for tools that apply them themselves.
// Treat it as read-only.
//
//go:embed *.sql
var FS embed.FS

// versionTable records what is applied. It is apart from the table of the app's own goose.
const versionTable = schema + ".goose_db_version"

// Up brings the database to the newest schema this build knows. It does nothing when the
// database is there already, and is safe to call from many processes at once: they wait for
// each other as long as ctx lasts. It opens a connection of its own with the pool's settings
// and uses none of the pool. A migration that fails or is cancelled leaves no trace; those
// before it stay. Errors: [ErrTooOld], [ErrNewerSchema], or the database's own, wrapped.
func Up(ctx context.Context, pool *pgxpool.Pool, opts ...Option) error {
	err := locked(ctx, pool, opts, func(m *migrator) error {
		if err := m.createSchema(ctx); err != nil {
			return err
		}
		return m.exclusive(ctx, func(p *goose.Provider) error {
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
	return down(ctx, pool, opts, func(p *goose.Provider) error {
		_, err := p.Down(ctx)
		if errors.Is(err, goose.ErrNoNextVersion) {
			return nil
		}
		return err
	})
}

// DownTo rolls back every applied migration above version, newest first, with the rows in
// their tables. Version 0 leaves only the schema with goose's own tables. Locks and errors
// are those of [Up].
func DownTo(ctx context.Context, pool *pgxpool.Pool, version int64, opts ...Option) error {
	return down(ctx, pool, opts, func(p *goose.Provider) error {
		_, err := p.DownTo(ctx, version)
		return err
	})
}

func down(ctx context.Context, pool *pgxpool.Pool, opts []Option, step func(*goose.Provider) error) error {
	err := locked(ctx, pool, opts, func(m *migrator) error {
		exists, err := m.schemaExists(ctx)
		if err != nil || !exists {
			return err
		}
		return m.exclusive(ctx, step)
	})
	if err != nil {
		return fmt.Errorf("migrating down: %w", err)
	}
	return nil
}
