package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net/url"
	"os"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ginauth/ginauth/store/embedded"
)

//go:embed schema.sql
var schema string

// startPostgres starts a server of our own and points dsn at it.
func startPostgres(ctx context.Context) (stop func(), err error) {
	settings := map[string]string{
		"shared_preload_libraries": "pg_stat_statements",
		"max_connections":          "300", // every contender's pool at once
	}
	if *ops == opScale {
		settings["shared_buffers"] = "4GB" // what is looked up fits
		settings["max_wal_size"] = "8GB"
	}
	if *durable {
		for _, name := range []string{"fsync", "synchronous_commit", "full_page_writes"} {
			settings[name] = "on"
		}
	}
	server, err := embedded.Start(ctx, embedded.Options{Ephemeral: true, Settings: settings})
	if err != nil {
		return nil, err
	}
	stop = func() {
		if err := server.Stop(context.WithoutCancel(ctx)); err != nil {
			fmt.Fprintln(os.Stderr, "bench: stopping PostgreSQL:", err)
		}
	}
	u, err := url.Parse(server.URL())
	if err != nil {
		stop()
		return nil, err
	}
	u.Path = "/bench"
	*dsn = u.String()
	return stop, nil
}

// prepare creates the database and the tables, and n users with one password.
func prepare(ctx context.Context, n int) (*env, []user, error) {
	if err := createDatabase(ctx); err != nil {
		return nil, nil, err
	}
	e, err := newEnv(ctx, *dsn, 2)
	if err != nil {
		return nil, nil, err
	}
	if _, err := e.pool.Exec(ctx, "CREATE EXTENSION IF NOT EXISTS pg_stat_statements;"+schema); err != nil {
		return nil, nil, err
	}
	if _, err := e.pool.Exec(ctx, "TRUNCATE users CASCADE"); err != nil {
		return nil, nil, err
	}
	hash := e.hash.generate(password)
	if _, err := e.pool.Exec(ctx, `INSERT INTO users (email, name, password)
		SELECT 'user' || i || '@example.org', 'User Number ' || i, $1 FROM generate_series(1, $2::int) i`, hash, n); err != nil {
		return nil, nil, err
	}
	rows, err := e.pool.Query(ctx, "SELECT id, email, name FROM users ORDER BY email")
	if err != nil {
		return nil, nil, err
	}
	users, err := pgx.CollectRows(rows, pgx.RowToStructByPos[user])
	return e, users, err
}

func createDatabase(ctx context.Context) error {
	cfg, err := pgx.ParseConfig(*dsn)
	if err != nil {
		return err
	}
	name := cfg.Database
	cfg.Database = "postgres"
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	const duplicateDatabase = "42P04"
	var refused *pgconn.PgError
	_, err = conn.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize())
	if errors.As(err, &refused) && refused.Code == duplicateDatabase {
		return nil
	}
	return err
}

// settle vacuums what was filled in one go, or autovacuum will, inside somebody's turn.
func settle(ctx context.Context, e *env) error {
	if _, err := e.pool.Exec(ctx, "VACUUM ANALYZE"); err != nil {
		return err
	}
	_, err := e.pool.Exec(ctx, "CHECKPOINT")
	return err
}

type dbState struct{ calls, wal int64 }

func readDB(ctx context.Context, e *env) (s dbState, err error) {
	err = e.pool.QueryRow(ctx, `/* bench */ SELECT
		(SELECT coalesce(sum(calls), 0)::bigint FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid
		 WHERE d.datname = current_database() AND query NOT LIKE '/* bench%'),
		(pg_current_wal_insert_lsn() - '0/0')::bigint`).Scan(&s.calls, &s.wal)
	return s, err
}
