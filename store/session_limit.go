package store

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store/internal/wire"
)

// lockUser makes the logins of one user wait for each other. The statements after it see what
// earlier logins have stored. A single statement could not: it does not see what was committed
// while it waited (READ COMMITTED, PostgreSQL's default).
const lockUser = `SELECT u.id FROM ginauth.users AS u WHERE u.id = $1::uuid FOR NO KEY UPDATE`

// The new session is kept, even if clocks differ. A parallel rotation changes a digest, but never
// an id.
const evictSessions = `
DELETE FROM ginauth.sessions AS old
WHERE old.user_id = $1::uuid
	AND EXISTS (SELECT 1 FROM ginauth.sessions AS n WHERE n.digest = $4::bytea AND n.user_id = $1::uuid)
	AND old.id IN (
		SELECT s.id
		FROM ginauth.sessions AS s
		CROSS JOIN ` + theClock + `
		WHERE s.user_id = $1::uuid AND ` + live + `
		ORDER BY s.digest = $4::bytea DESC, s.last_seen_at DESC, s.created_at DESC
		OFFSET $3::bigint)`

// insertLogin runs the insertion between lockUser and evictSessions (SEC-80), settles the attempt
// that led to the login, and queues a notice to the user if needed. Read reads the insertion's row.
// A batch is one round trip and one transaction.
func (s *Sessions) insertLogin(
	ctx context.Context, conn Conn, insertion string, args []any, n driver.NewSession, r *driver.Session, read wire.Func,
) error {
	user, _ := s.key(ctx, n.UserID)
	var batch pgx.Batch
	batch.Queue(lockUser, user)
	batch.Queue(insertion, args...).QueryRow(func(row pgx.Row) error { return row.Scan(read) })
	if n.Limit > 0 {
		batch.Queue(evictSessions, user, s.clock(), n.Limit, n.Digest[:]).Exec(func(evicted pgconn.CommandTag) error {
			r.Evicted = evicted.RowsAffected()
			return nil
		})
	}
	if s.tellsOf(n) { // before the device becomes known
		if err := s.tell(&batch, tellOfDevice, driver.MailNewBrowser, user, n.Digest[:]); err != nil {
			return err
		}
	}
	if n.Settles != nil {
		s.queueSettlement(ctx, &batch, *n.Settles, n.Digest[:], &r.KnownBrowser)
	}
	r.Settled = n.Settles != nil
	return conn.SendBatch(ctx, &batch).Close()
}
