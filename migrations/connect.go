package migrations

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
)

// oldestServer is the oldest major version of PostgreSQL that ginauth is made for.
const oldestServer = 14

// open returns a handle with connections of its own, so that migrating neither starves nor
// waits for the app's pool. With lock, it has one connection, which holds the advisory lock
// for as long as it lives: a replacement after a loss takes the lock again before its first use.
func open(pool *pgxpool.Pool, lock bool) (*sql.DB, error) {
	if pool == nil {
		return nil, errors.New("the pool is nil")
	}
	cfg := pool.Config()
	setParams(cfg.ConnConfig, map[string]string{"timezone": "UTC"})
	if lock {
		// Time-outs made for requests must not end the wait for the lock. PgBouncer refuses
		// these parameters, which is right: the lock would not hold there.
		setParams(cfg.ConnConfig, map[string]string{"statement_timeout": "0", "lock_timeout": "0"})
	}
	options := []stdlib.OptionOpenDB{stdlib.OptionAfterConnect(func(ctx context.Context, conn *pgx.Conn) error {
		err := prepare(ctx, conn, cfg.AfterConnect, lock)
		if err != nil {
			// The caller of this hook leaves the connection open.
			_ = conn.Close(context.WithoutCancel(ctx))
		}
		return err
	})}
	if cfg.BeforeConnect != nil {
		options = append(options, stdlib.OptionBeforeConnect(cfg.BeforeConnect))
	}
	db := stdlib.OpenDB(*cfg.ConnConfig, options...)
	if lock {
		db.SetMaxOpenConns(1)
	}
	return db, nil
}

// setParams overwrites start-up parameters, whose names ignore case.
func setParams(cfg *pgx.ConnConfig, params map[string]string) {
	for name, value := range params {
		maps.DeleteFunc(cfg.RuntimeParams, func(k, _ string) bool { return strings.EqualFold(k, name) })
		cfg.RuntimeParams[name] = value
	}
}

func prepare(ctx context.Context, conn *pgx.Conn, hook func(context.Context, *pgx.Conn) error, lock bool) error {
	if err := checkServer(conn.PgConn()); err != nil {
		return err
	}
	if hook != nil {
		if err := hook(ctx, conn); err != nil {
			return fmt.Errorf("running the pool's AfterConnect: %w", err)
		}
	}
	if !lock {
		return nil
	}
	return lockConn(ctx, conn)
}

func checkServer(conn *pgconn.PgConn) error {
	// CockroachDB calls itself PostgreSQL 13 and is as able as later ones.
	if conn.ParameterStatus("crdb_version") != "" {
		return nil
	}
	version := conn.ParameterStatus("server_version")
	digits := strings.IndexFunc(version, func(r rune) bool { return r < '0' || r > '9' })
	if digits < 0 {
		digits = len(version)
	}
	major, err := strconv.Atoi(version[:digits])
	if err != nil {
		return errors.New("reading the server's version: it is not a number")
	}
	if major < oldestServer {
		return ErrTooOld
	}
	return nil
}

// refusedParameters tells whether err is a pooler's refusal of open's start-up parameters.
func refusedParameters(err error) bool {
	const protocolViolation = "08P01"
	var pgErr *pgconn.PgError
	return errors.As(err, &pgErr) && pgErr.Code == protocolViolation
}
