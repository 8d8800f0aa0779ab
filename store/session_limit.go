package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/ginauth/ginauth/ginauth"
)

// lockUser lets the logins of one user pass one by one. The statements after it then see
// what those before left, which one statement for all could not: it sees nothing that was
// committed while it waited (READ COMMITTED, PostgreSQL's default).
const lockUser = `SELECT u.id FROM ginauth.users AS u WHERE u.id = $1::uuid FOR NO KEY UPDATE`

// The new session stays, whatever the clocks say. A rotation meanwhile changes a digest, never an id.
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

// writeLimited runs the insertion between lockUser and evictSessions (SEC-80), and settles the attempt that led
// to it. A batch is one round trip and one transaction.
func (s *Sessions) writeLimited(ctx context.Context, insertion string, args []any, n ginauth.NewSession) (ginauth.SessionRecord, error) {
	var r ginauth.SessionRecord
	var fits bool
	user, _ := parseID(string(n.UserID))
	err := s.caller.do(ctx, "creating a session", func(ctx context.Context, conn Conn) (err error) {
		var batch pgx.Batch
		batch.Queue(lockUser, user)
		batch.Queue(insertion, args...)
		batch.Queue(evictSessions, user, s.clock(), n.Limit, n.Digest[:])
		before := batch.Len()
		if n.Settles != nil {
			s.queueSettlement(&batch, *n.Settles, n.Digest[:])
		}
		results := conn.SendBatch(ctx, &batch)
		defer func() {
			if closed := results.Close(); closed != nil {
				err = closed // what was read is not committed
			}
		}()
		if _, err := results.Exec(); err != nil {
			return err
		}
		if err := results.QueryRow().Scan(append(recordDest(&r, make([]any, 0, recordSize+1)), &fits)...); err != nil {
			return err
		}
		evicted, err := results.Exec()
		if err != nil {
			return err
		}
		r.Evicted, r.Settled = evicted.RowsAffected(), n.Settles != nil
		r.KnownDevice, err = settled(results, batch.Len()-before)
		return err
	})
	return written(r, fits, err)
}
