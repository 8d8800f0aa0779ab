package store

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store/internal/wire"
)

// actorOf is what readOwner reads.
const actorOf = `e.actor_id`

const listEvents = `
SELECT e.id, e.at, e.kind, e.outcome, ` + actorOf + `, e.session, e.operation, e.request_id, e.ip, e.user_agent, e.detail
FROM ginauth.events AS e
WHERE e.user_id = $1::uuid AND e.at < COALESCE($2::timestamptz, 'infinity')
ORDER BY e.at DESC
FETCH FIRST ($3::bigint) ROWS WITH TIES`

// UserEvents returns the user's events, the newest first: at most limit of them, up to 1000, and
// all others of the same time as the last one. With before, it returns only events from before that
// time. An unknown user has no events; the events of a deleted user stay until the sweeper deletes
// them. It is one statement and writes nothing.
func (s *Sessions) UserEvents(ctx context.Context, user driver.UserID, before time.Time, limit int) ([]driver.Event, error) {
	if limit <= 0 || limit > maxListed {
		return nil, errors.New("listing events: the limit must be between 1 and 1000")
	}
	key, ok := s.key(ctx, user)
	if !ok {
		return nil, nil
	}
	var list []driver.Event
	err := s.caller.read(ctx, "listing a user's events", func(ctx context.Context, conn Conn) error {
		rows, err := conn.Query(ctx, s.sql(listEvents), key, timeOrNull(before), limit)
		if err != nil {
			return err
		}
		list, err = wire.Collect(rows, func(r *wire.Reader, e *driver.Event) {
			e.User, e.Actor = user, user
			s.readEvent(r, e)
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(list, newestFirst)
	return list, nil
}

// newestFirst keeps events of the same time, such as those of one transaction, in their order.
func newestFirst(a, b driver.Event) int {
	return cmp.Or(b.At.Compare(a.At), cmp.Compare(b.ID, a.ID))
}

func (s *Sessions) readEvent(r *wire.Reader, e *driver.Event) {
	var detail []byte
	r.Int(&e.ID)
	r.Time(&e.At)
	r.Text((*string)(&e.Kind))
	r.Text((*string)(&e.Outcome))
	s.readAnyOwner(r, &e.Actor)
	r.Text(&e.Session)
	r.Text(&e.Operation)
	r.Text(&e.RequestID)
	r.Addr(&e.Origin.Addr)
	r.Text(&e.Origin.UserAgent)
	r.Scan(&detail)
	if detail == nil {
		return
	}
	if err := json.Unmarshal(detail, &e.Detail); err != nil {
		r.Refuse(err)
	}
}

const sweepEvents = `
DELETE FROM ginauth.events
WHERE id = ANY (ARRAY(
	SELECT e.id FROM ginauth.events AS e
	WHERE e.at <= COALESCE($1::timestamptz, now()) - $3::interval
	ORDER BY e.at
	LIMIT $2::bigint
	FOR UPDATE SKIP LOCKED))`

// SweepEvents deletes the events that are older than WithEventRetention, 1000 per statement, and
// returns their number. Sweep does so too. Call SweepEvents with a role that may delete events if
// the app's role may not. The role also needs the right to UPDATE, because rows are locked first,
// although events cannot be updated.
func (s *Sessions) SweepEvents(ctx context.Context) (deleted int64, err error) {
	return inBatches(s.sweepEvents)(ctx)
}

func (s *Sessions) sweepEvents(ctx context.Context) (deleted int64, err error) {
	err = s.caller.do(ctx, "sweeping events", func(ctx context.Context, conn Conn) error {
		tag, err := conn.Exec(ctx, sweepEvents, s.clock(), sweepRows, s.events.retention)
		deleted = tag.RowsAffected()
		return err
	})
	return deleted, err
}
