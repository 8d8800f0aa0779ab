package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// lockDueRow is the archived user, unless somebody restores or deletes them.
const lockDueRow = `
SELECT u.id FROM ginauth.users AS u
CROSS JOIN ` + theClock + `
WHERE u.id = $1::uuid AND u.delete_after <= clock.now AND u.disabled_at IS NOT NULL AND ` + wayBack + ` IS NULL
FOR UPDATE OF u SKIP LOCKED`

// sweepArchivedRows is sweepArchived for an app's own table.
func (s *Sessions) sweepArchivedRows(ctx context.Context) (deleted int64, err error) {
	if s.shadows == nil || s.shadows.table == nil {
		return 0, nil
	}
	type due struct{ Key, ID string }
	var failed []error
	for last := "00000000-0000-0000-0000-000000000000"; ; {
		var list []due
		err := s.caller.do(ctx, "sweeping archived users", func(ctx context.Context, conn Conn) error {
			rows, err := conn.Query(ctx, s.shadows.table.dueRows(), s.clock(), last)
			if err != nil {
				return err
			}
			list, err = pgx.CollectRows(rows, pgx.RowToStructByPos[due])
			return err
		})
		if err != nil || len(list) == 0 {
			return deleted, joined(append(failed, err))
		}
		for _, u := range list {
			last = u.Key
			gone, err := s.deleteDueRow(ctx, u.Key, driver.UserID(u.ID))
			if gone {
				deleted++
			}
			if err != nil {
				failed = append(failed, fmt.Errorf("user %s: %w", u.ID, err))
			}
			if errors.Is(err, driver.ErrUnavailable) {
				break // whether the database is there is asked before the next one
			}
		}
	}
}

func (s *Sessions) deleteDueRow(ctx context.Context, key string, id driver.UserID) (gone bool, err error) {
	err = s.doThenRecord(ctx, "deleting an archived user", func(ctx context.Context, tx pgx.Tx) (driver.Event, error) {
		tag, err := tx.Exec(ctx, lockDueRow, key, s.clock())
		if gone = tag.RowsAffected() == 1; err != nil || !gone {
			return unchanged, err
		}
		if _, err := tx.Exec(ctx, s.shadows.table.deleteRow(), key); err != nil {
			return unchanged, err
		}
		_, err = tx.Exec(ctx, deleteUser, key)
		return driver.Event{Kind: driver.UserDeleted, Outcome: driver.Success, User: id, Operation: operationSweep}, err
	})
	return gone && err == nil, err
}
