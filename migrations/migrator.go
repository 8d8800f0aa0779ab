package migrations

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/pressly/goose/v3"
)

// schema holds all tables of ginauth.
const schema = "ginauth"

const (
	findSchema   = `SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = $1)`
	createSchema = `CREATE SCHEMA ` + schema
)

// migrator works on a database for the length of one call.
type migrator struct {
	db      *sql.DB
	options options
}

// locked runs work on an open database, under the advisory lock unless the table lock is wanted.
func locked(ctx context.Context, pool *pgxpool.Pool, opts []Option, work func(*migrator) error) error {
	o := newOptions(opts)
	db, err := open(pool, !o.tableLock)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	err = db.PingContext(ctx)
	if refusedParameters(err) {
		return fmt.Errorf("connecting: a pooler is in the way: give a direct connection, or use the table lock: %w", err)
	}
	if err != nil {
		return fmt.Errorf("connecting: %w", err)
	}
	return work(&migrator{db: db, options: o})
}

func (m *migrator) schemaExists(ctx context.Context) (bool, error) {
	var exists bool
	if err := m.db.QueryRowContext(ctx, findSchema, schema).Scan(&exists); err != nil {
		return false, fmt.Errorf("looking for schema %s: %w", schema, err)
	}
	return exists, nil
}

// createSchema asks before it creates: IF NOT EXISTS needs the right to create even when
// the schema is there. Under the table lock it may lose a race, which is as good as winning.
func (m *migrator) createSchema(ctx context.Context) error {
	exists, err := m.schemaExists(ctx)
	if err != nil || exists {
		return err
	}
	_, err = m.db.ExecContext(ctx, createSchema)
	var pgErr *pgconn.PgError
	if !errors.As(err, &pgErr) {
		return wrapSchema(err)
	}
	const (
		duplicateSchema       = "42P06"
		uniqueViolation       = "23505"
		insufficientPrivilege = "42501"
	)
	switch pgErr.Code {
	case duplicateSchema, uniqueViolation:
		return nil
	case insufficientPrivilege:
		return fmt.Errorf("the role may not create schema %[1]s: grant it CREATE on the database, "+
			"or create the schema for it (CREATE SCHEMA %[1]s AUTHORIZATION role): %[2]w", schema, err)
	}
	return wrapSchema(err)
}

func wrapSchema(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("creating schema %s: %w", schema, err)
}

// exclusive runs step under the table lock, if that is wanted, on a schema this build knows.
func (m *migrator) exclusive(ctx context.Context, step func(*goose.Provider) error) (err error) {
	if m.options.tableLock {
		unlock, lockErr := lockRow(ctx, m.db, m.options.logger)
		if lockErr != nil {
			return lockErr
		}
		defer func() { err = errors.Join(err, unlock()) }()
	}
	known, err := knownMigrations()
	if err != nil {
		return err
	}
	applied, err := appliedVersions(ctx, m.db)
	if err != nil {
		return err
	}
	for version := range applied {
		if _, ok := known[version]; !ok {
			return fmt.Errorf("version %d: %w", version, ErrNewerSchema)
		}
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, m.db, FS,
		goose.WithTableName(versionTable),
		goose.WithDisableGlobalRegistry(true),
		goose.WithSlog(m.options.logger),
		goose.WithVerbose(true),
	)
	if err != nil {
		return fmt.Errorf("reading the migration files: %w", err)
	}
	return step(provider)
}
