package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store/internal/wire"
)

const dueUsers = `
SELECT u.id, u.delete_after
FROM ginauth.users AS u
CROSS JOIN (SELECT COALESCE($1::timestamptz, now()) AS now) AS clock
WHERE u.delete_after <= clock.now AND u.disabled_at IS NOT NULL AND u.external_id IS NULL AND ` + wayBack + ` IS NULL AND (u.delete_after, u.id) > ($2::timestamptz, $3::uuid)
ORDER BY u.delete_after, u.id
LIMIT 100`

// The sweeper deletes archived users one by one, so that it writes their events. A user who was
// restored in the meantime, or whom another sweeper is deleting, is skipped.
const deleteDue = `
WITH gone AS (
	DELETE FROM ginauth.users
	WHERE id IN (
		SELECT u.id
		FROM ginauth.users AS u
		CROSS JOIN (SELECT COALESCE($1::timestamptz, now()) AS now) AS clock
		WHERE u.id = $2::uuid AND u.delete_after <= clock.now AND u.disabled_at IS NOT NULL AND ` + wayBack + ` IS NULL
		FOR UPDATE OF u SKIP LOCKED)
	RETURNING id
)
INSERT INTO ginauth.events (at, kind, outcome, user_id, operation)
SELECT COALESCE($1::timestamptz, now()), '` + string(driver.UserDeleted) + `', 'success', id, '` + operationSweep + `'
FROM gone
RETURNING id, at`

const operationSweep = "sweep"

// toldFailures limits how many users an error names.
const toldFailures = 10

// dueUser is an archived user whose grace is over.
type dueUser struct {
	id    driver.UserID
	since time.Time
}

// sweepArchived deletes the archived users whose grace is over, each in a transaction of their own.
// A user who cannot be deleted, because of a row of the app's own or an error of OnEvent, is named
// in the error and does not stop the others.
func (s *Sessions) sweepArchived(ctx context.Context) (deleted int64, err error) {
	var failed []error
	for last := (dueUser{id: "00000000-0000-0000-0000-000000000000"}); ; {
		list, err := s.dueUsers(ctx, last)
		if err != nil || len(list) == 0 {
			return deleted, joined(append(failed, err))
		}
		for _, u := range list {
			last = u
			gone, err := s.deleteDue(ctx, u.id)
			if gone {
				deleted++
			}
			if err == nil {
				continue
			}
			failed = append(failed, fmt.Errorf("user %s: %w", u.id, err))
			if errors.Is(err, driver.ErrUnavailable) {
				break // the next round asks whether the database is there
			}
		}
	}
}

func (s *Sessions) dueUsers(ctx context.Context, after dueUser) (list []dueUser, err error) {
	err = s.caller.do(ctx, "sweeping archived users", func(ctx context.Context, conn Conn) error {
		rows, err := conn.Query(ctx, dueUsers, s.clock(), timestamp(after.since), string(after.id))
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (u dueUser, err error) {
			return u, row.Scan(wire.UUID((*string)(&u.id)), wire.Time(&u.since))
		})
		return err
	})
	return list, err
}

func (s *Sessions) deleteDue(ctx context.Context, id driver.UserID) (gone bool, err error) {
	var e driver.Event
	var refused error // an error of OnEvent, which may be pgx.ErrNoRows
	err = s.caller.do(ctx, "deleting an archived user", func(ctx context.Context, conn Conn) error {
		return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			e = driver.Event{Kind: driver.UserDeleted, Outcome: driver.Success, User: id, Operation: operationSweep}
			err := tx.QueryRow(ctx, deleteDue, s.clock(), string(id)).Scan(&e.ID, wire.Time(&e.At))
			if refused = nil; err != nil {
				return err
			}
			refused = s.callOnEvent(ctx, tx, e)
			return refused
		})
	})
	switch {
	case errors.Is(err, pgx.ErrNoRows) && refused == nil: // another sweeper deletes the user
		return false, nil
	case errors.Is(err, pgx.ErrNoRows):
		return false, refused
	case err != nil:
		return false, err
	}
	s.callAfterEvent(ctx, e)
	return true, nil
}

// joined joins the first failures and adds the number of the others.
func joined(failed []error) error {
	if more := len(failed) - toldFailures; more > 1 {
		last := failed[len(failed)-1]
		failed = append(failed[:toldFailures:toldFailures], fmt.Errorf("and %d more", more-1), last)
	}
	return errors.Join(failed...)
}
