package store

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// Rows are locked before the check that nothing refers to them. So a login comes first and is seen,
// or it waits and makes the row anew. The row of a disabled user has no delete_after.
const (
	lockDueShadows = `
SELECT u.id
FROM ginauth.users AS u
WHERE u.delete_after <= COALESCE($1::timestamptz, now()) AND u.external_id IS NOT NULL AND u.disabled_at IS NULL
ORDER BY u.delete_after
LIMIT $2::bigint
FOR UPDATE SKIP LOCKED`

	deleteUnusedShadows = `
DELETE FROM ginauth.users AS u
WHERE u.id = ANY ($1::uuid[])
	AND NOT EXISTS (SELECT 1 FROM ginauth.sessions AS s WHERE s.user_id = u.id)
	AND NOT EXISTS (SELECT 1 FROM ginauth.api_keys AS k WHERE k.user_id = u.id)
	AND NOT EXISTS (SELECT 1 FROM ginauth.factors AS f WHERE f.user_id = u.id)
	AND NOT EXISTS (SELECT 1 FROM ginauth.refresh_tokens AS t WHERE t.user_id = u.id)
	AND NOT EXISTS (SELECT 1 FROM ginauth.known_devices AS d WHERE d.user_id = u.id)
	AND NOT EXISTS (SELECT 1 FROM ginauth.email_tokens AS t WHERE t.user_id = u.id)
	AND NOT EXISTS (SELECT 1 FROM ginauth.outbox AS o WHERE o.user_id = u.id)
	AND NOT u.password_pending AND NOT u.must_change_password`

	keepUsedShadows = `
UPDATE ginauth.users AS u
SET delete_after = clock.now + interval '1 day'
FROM ` + theClock + `
WHERE u.id = ANY ($1::uuid[])`
)

// sweepShadows deletes a batch of shadow rows that nothing refers to, and of those whose user plain
// SQL has deleted from the app's own table. It checks the others again a day later.
func (s *Sessions) sweepShadows(ctx context.Context) (seen, deleted int64, err error) {
	err = s.caller.do(ctx, "sweeping rows of users elsewhere", func(ctx context.Context, conn Conn) error {
		return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			rows, err := tx.Query(ctx, lockDueShadows, s.clock(), sweepRows)
			if err != nil {
				return err
			}
			due, err := pgx.CollectRows(rows, pgx.RowTo[pgtype.UUID])
			if err != nil || len(due) == 0 {
				seen, deleted = 0, 0
				return err
			}
			statement := deleteUnusedShadows
			if s.shadows != nil && s.shadows.table != nil {
				statement += ` OR u.id = ANY ($1::uuid[]) AND ` + s.shadows.table.orphaned()
			}
			tag, err := tx.Exec(ctx, statement, due)
			if err != nil {
				return err
			}
			seen, deleted = int64(len(due)), tag.RowsAffected()
			_, err = tx.Exec(ctx, keepUsedShadows, due, s.clock())
			return err
		})
	})
	return seen, deleted, err
}

func (s *Sessions) sweepAllShadows(ctx context.Context) (deleted int64, err error) {
	for {
		seen, n, err := s.sweepShadows(ctx)
		if err != nil {
			return deleted, err
		}
		if deleted += n; seen < sweepRows {
			return deleted, nil
		}
	}
}
