package migrations

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// oldestServer is the oldest major version of PostgreSQL that ginauth is made for.
const oldestServer = 14

// connect returns a pool with the settings of the app's, so that migrating neither starves nor
// waits for that one. Without the table lock it has one connection, which holds the advisory lock
// as long as it lives: a replacement after a loss takes the lock again before its first use.
func connect(ctx context.Context, pool *pgxpool.Pool, tableLock bool) (*pgxpool.Pool, error) {
	cfg := pool.Config()
	cfg.MinConns, cfg.MinIdleConns = 0, 0
	// goose notes its local time.
	setParam(cfg.ConnConfig, "timezone", "UTC")
	if tableLock {
		// The second one renews the lease while the first one migrates.
		cfg.MaxConns = 2
	} else {
		cfg.MaxConns = 1
		// Time-outs made for requests must not end the wait for the lock. PgBouncer refuses
		// these parameters, which is right: the lock would not hold there.
		setParam(cfg.ConnConfig, "statement_timeout", "0")
		setParam(cfg.ConnConfig, "lock_timeout", "0")
	}
	hook := cfg.AfterConnect
	cfg.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		if err := checkServer(conn.PgConn()); err != nil {
			return err
		}
		if hook != nil {
			if err := hook(ctx, conn); err != nil {
				return err
			}
		}
		if tableLock {
			return nil
		}
		return lockConn(ctx, conn)
	}
	own, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("connecting: %w", err)
	}
	if err := own.Ping(ctx); err != nil {
		own.Close()
		if refusedParameters(err) {
			return nil, fmt.Errorf("connecting: a pooler is in the way: give a direct connection, or use the table lock: %w", err)
		}
		return nil, fmt.Errorf("connecting: %w", err)
	}
	return own, nil
}

// setParam overwrites a start-up parameter, whose name ignores case.
func setParam(cfg *pgx.ConnConfig, name, value string) {
	maps.DeleteFunc(cfg.RuntimeParams, func(k, _ string) bool { return strings.EqualFold(k, name) })
	cfg.RuntimeParams[name] = value
}

func checkServer(conn *pgconn.PgConn) error {
	// CockroachDB calls itself PostgreSQL 13 and is as able as later ones.
	if conn.ParameterStatus("crdb_version") != "" {
		return nil
	}
	// "15.4 (Debian 15.4-1)", "16beta1", "14.2"
	version := conn.ParameterStatus("server_version")
	if i := strings.IndexFunc(version, func(r rune) bool { return r < '0' || r > '9' }); i >= 0 {
		version = version[:i]
	}
	major, err := strconv.Atoi(version)
	if err != nil {
		return errors.New("reading the server's version: it is not a number")
	}
	if major < oldestServer {
		return ErrTooOld
	}
	return nil
}

// refusedParameters tells whether err is a pooler's refusal of connect's start-up parameters.
func refusedParameters(err error) bool {
	const protocolViolation = "08P01"
	var pgErr *pgconn.PgError
	return errors.As(err, &pgErr) && pgErr.Code == protocolViolation
}
