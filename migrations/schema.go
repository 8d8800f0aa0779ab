package migrations

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// schema holds all tables of ginauth.
const schema = "ginauth"

const findSchema = `SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = $1)`

func schemaExists(ctx context.Context, pool *pgxpool.Pool) (exists bool, err error) {
	if err := pool.QueryRow(ctx, findSchema, schema).Scan(&exists); err != nil {
		return false, fmt.Errorf("looking for schema %s: %w", schema, err)
	}
	return exists, nil
}

const makeSchema = `CREATE SCHEMA ` + schema

// createSchema asks before it creates: IF NOT EXISTS needs the right to create even when
// the schema is there. Under the table lock it may lose a race, which is as good as winning.
func createSchema(ctx context.Context, pool *pgxpool.Pool) (bool, error) {
	exists, err := schemaExists(ctx, pool)
	if err != nil || exists {
		return exists, err
	}
	const (
		duplicateSchema       = "42P06"
		uniqueViolation       = "23505"
		insufficientPrivilege = "42501"
	)
	_, err = pool.Exec(ctx, makeSchema)
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) {
		switch pgErr.Code {
		case duplicateSchema, uniqueViolation:
			return true, nil
		case insufficientPrivilege:
			return false, fmt.Errorf("the role may not create schema %[1]s: grant it CREATE on the database, "+
				"or create the schema for it (CREATE SCHEMA %[1]s AUTHORIZATION role): %[2]w", schema, err)
		}
	}
	if err != nil {
		return false, fmt.Errorf("creating schema %s: %w", schema, err)
	}
	return true, nil
}
