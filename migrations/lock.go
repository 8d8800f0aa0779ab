package migrations

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/pressly/goose/v3/lock"
)

// lockID is "ginauth" in ASCII. It differs from goose's default, which the app's own goose may hold.
const lockID int64 = 0x67696e61757468

const tryLock = `SELECT pg_try_advisory_lock($1)`

// lockConn waits for the lock. It ends with the connection, also when this process crashes. It asks again and again:
// a statement that waits has a snapshot, for whose end the lock's holder would wait when it builds an index.
func lockConn(ctx context.Context, conn *pgx.Conn) error {
	const poll = 100 * time.Millisecond
	for {
		var locked bool
		err := conn.QueryRow(ctx, tryLock, lockID).Scan(&locked)
		if err == nil && locked {
			return nil
		}
		if err == nil {
			err = sleep(ctx, poll)
		}
		if err != nil {
			return fmt.Errorf("waiting for another process that migrates: %w", errors.Join(err, closed(ctx, conn)))
		}
	}
}

// closed ends a connection. The server must hear of a cancellation before this process ends, or it goes on working.
func closed(ctx context.Context, conn *pgx.Conn) error {
	const patience = 2 * time.Second
	err := conn.Close(context.WithoutCancel(ctx))
	select {
	case <-conn.PgConn().CleanupDone():
	case <-time.After(patience):
	}
	return err
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// lockRow waits for goose's table lock and returns what gives it back.
func lockRow(ctx context.Context, db *sql.DB) (unlock func() error, err error) {
	const poll = 250 * time.Millisecond
	locker, err := lock.NewPostgresTableLocker(
		lock.WithTableName(schema+".goose_lock"),
		lock.WithTableLockID(lockID),
		// The caller's context alone says how long to wait.
		lock.WithTableLockTimeout(poll, math.MaxUint32),
		lock.WithTableUnlockTimeout(poll, 20),
		lock.WithTableRetryPolicy(isHeldElsewhere),
	)
	if err != nil {
		return nil, fmt.Errorf("making the table lock: %w", err)
	}
	if err := locker.Lock(ctx, db); err != nil {
		return nil, fmt.Errorf("waiting for another process that migrates: %w", err)
	}
	return func() error { return locker.Unlock(context.WithoutCancel(ctx), db) }, nil
}

// isHeldElsewhere is true for the one failure of the table lock that waiting cures.
// goose has no error value for it, so it is what remains without the driver's errors.
func isHeldElsewhere(err error) bool {
	var server *pgconn.PgError
	var connect *pgconn.ConnectError
	return !errors.As(err, &server) && !errors.As(err, &connect)
}
