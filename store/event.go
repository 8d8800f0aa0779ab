package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store/internal/wire"
)

// defaultRetention is half a year. That is the lower limit of what France's data protection
// authority recommends for logs (CNIL, deliberation 2021-122), and longer than most break-ins stay
// unnoticed.
const defaultRetention = 180 * 24 * time.Hour

type eventOptions struct {
	on        func(context.Context, pgx.Tx, driver.Event) error
	after     func(context.Context, driver.Event)
	retention time.Duration
}

// heard says whether anybody sees what is written.
func (o eventOptions) heard() bool { return o.on != nil || o.after != nil }

// OnEvent sets a hook that runs in the transaction which writes an event, together with the change
// that the event is about: for rows of the app's own. An error of the hook undoes the change and is
// returned as it is. The hook may run again when the database asks for the transaction to be
// repeated, and its time counts towards the call's. The hook must neither commit nor keep the
// transaction. It must not use the pool: it would wait for a second connection while it holds one
// and a lock on the user, and a few such calls would wait for each other. What it does for a
// sign-up may be rolled back on purpose; see AfterCreate. A hook belongs to one store: run the
// sweeper, which deletes archived users, on the same store. With a hook, a login takes two more
// round trips.
func OnEvent(hook func(ctx context.Context, tx pgx.Tx, e driver.Event) error) Option {
	return func(o *options) { o.events.on = hook }
}

// AfterEvent sets a hook that runs after an event is committed, such as to notify somebody. It runs
// within the caller's call, so it must be quick and safe for concurrent use; its context is not
// cancelled with the request. A process that crashes after the commit does not run it. A store on a
// transaction of the app's own never runs it, because the store does not know when that transaction
// commits.
func AfterEvent(hook func(ctx context.Context, e driver.Event)) Option {
	return func(o *options) { o.events.after = hook }
}

// WithEventRetention sets how long events are kept before the sweeper deletes them. Default: 180
// days.
func WithEventRetention(d time.Duration) Option {
	return func(o *options) { o.events.retention = d }
}

// unchanged is returned in place of an event when nothing has changed.
var unchanged driver.Event

// detailed adds a detail to an event, unless it is empty.
func detailed(e driver.Event, key, value string) driver.Event {
	if value == "" {
		return e
	}
	detail := map[string]string{key: value}
	maps.Copy(detail, e.Detail)
	e.Detail = detail
	return e
}

const eventColumns = `(at, kind, outcome, user_id, actor_id, session, operation, request_id, ip, user_agent, detail)`

const insertEvent = `
INSERT INTO ginauth.events ` + eventColumns + `
VALUES (COALESCE($1::timestamptz, now()), $2::text, $3::text, $4::uuid, $5::uuid, $6::text, $7::text, $8::text, $9::inet, $10::text, $11::jsonb)
RETURNING id, at`

// doThenRecord runs work and then writes the event that work returns, in one transaction (SEC-163).
// Without a change, work returns unchanged.
func (s *Sessions) doThenRecord(ctx context.Context, doing string, work func(context.Context, pgx.Tx) (driver.Event, error)) error {
	return s.doThenAnnounce(ctx, doing, func(ctx context.Context, conn Conn) (e driver.Event, err error) {
		err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			if e, err = work(ctx, tx); err != nil || e.Kind == "" {
				return err
			}
			if err := s.insertEvent(ctx, tx, &e); err != nil {
				return err
			}
			return s.callOnEvent(ctx, tx, e)
		})
		return e, err
	})
}

// doRecording runs work, whose own statement writes the event that it returns. It needs a
// transaction only for OnEvent.
func (s *Sessions) doRecording(ctx context.Context, doing string, work func(context.Context, Conn) (driver.Event, error)) error {
	if s.events.on == nil {
		return s.doThenAnnounce(ctx, doing, work)
	}
	return s.doThenAnnounce(ctx, doing, func(ctx context.Context, conn Conn) (e driver.Event, err error) {
		err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			if e, err = work(ctx, tx); err != nil {
				return err
			}
			return s.callOnEvent(ctx, tx, e)
		})
		return e, err
	})
}

// doThenAnnounce runs work, which commits its change and event, and then AfterEvent.
func (s *Sessions) doThenAnnounce(ctx context.Context, doing string, work func(context.Context, Conn) (driver.Event, error)) error {
	var e driver.Event
	var refused *refusal
	err := s.caller.do(ctx, doing, func(ctx context.Context, conn Conn) (err error) {
		refused = nil
		e, err = work(ctx, conn)
		errors.As(err, &refused)
		return err
	})
	switch {
	case refused != nil && !errors.Is(err, driver.ErrUnavailable):
		return refused.error
	case err == nil:
		s.callAfterEvent(ctx, e)
	}
	return err
}

// callAfterEvent runs the hook for events that are committed.
func (s *Sessions) callAfterEvent(ctx context.Context, list ...driver.Event) {
	for _, e := range list {
		if e.ID != 0 && s.events.after != nil {
			s.events.after(context.WithoutCancel(ctx), e)
		}
	}
}

// refusal marks an error of OnEvent or AfterCreate among the database's errors: it is returned as
// it is.
type refusal struct{ error }

func (r *refusal) Unwrap() error { return r.error }

// recordAll writes events in a transaction, and sets their ids and times.
func (s *Sessions) recordAll(ctx context.Context, tx pgx.Tx, list []driver.Event) error {
	for i := range list {
		if err := s.insertEvent(ctx, tx, &list[i]); err != nil {
			return err
		}
		if err := s.callOnEvent(ctx, tx, list[i]); err != nil {
			return err
		}
	}
	return nil
}

func (s *Sessions) callOnEvent(ctx context.Context, tx pgx.Tx, e driver.Event) error {
	if s.events.on == nil || e.ID == 0 {
		return nil
	}
	if err := s.events.on(ctx, tx, e); err != nil {
		return &refusal{err}
	}
	return nil
}

func (s *Sessions) insertEvent(ctx context.Context, conn Conn, e *driver.Event) error {
	args, err := s.eventArgs(ctx, *e)
	if err != nil {
		return err
	}
	return conn.QueryRow(ctx, insertEvent, args...).Scan(&e.ID, wire.Time(&e.At))
}

func (s *Sessions) eventArgs(ctx context.Context, e driver.Event) ([]any, error) {
	detail, err := detailOrNull(e.Detail)
	user, _ := s.eventKey(ctx, e.User)
	actor, _ := s.eventKey(ctx, e.Actor)
	return []any{
		s.clock(), cutText(string(e.Kind), maxKind), string(e.Outcome), user, actor,
		cutText(e.Session, maxEventSession), cutText(e.Operation, maxOperation), cutText(e.RequestID, maxRequestID),
		addrOrNull(e.Origin.Addr), cutUserAgent(e.Origin.UserAgent), detail,
	}, err
}

// RecordEvent stores an event without a change of rows. It is one statement, the same with and
// without a user. A text that is too long for its column is cut. It returns an error for an event
// without Kind or Outcome.
func (s *Sessions) RecordEvent(ctx context.Context, e driver.Event) error {
	if e.Kind == "" || e.Outcome == "" {
		return errors.New("recording an event: it needs a kind and an outcome")
	}
	if s.events.on != nil {
		return s.doThenRecord(ctx, recordingEvent, func(context.Context, pgx.Tx) (driver.Event, error) { return e, nil })
	}
	return s.doThenAnnounce(ctx, recordingEvent, func(ctx context.Context, conn Conn) (driver.Event, error) {
		stored := e
		err := s.insertEvent(ctx, conn, &stored)
		return stored, err
	})
}

const recordingEvent = "recording an event"

// The sizes of columns, in characters, as in the constraints events_*_check.
const (
	maxKind         = 64
	maxEventSession = 36
	maxOperation    = 200
	maxRequestID    = 64
	maxDetail       = 200 // of one value
	maxDetails      = 8
)

// detailOrNull makes any detail fit its column.
func detailOrNull(detail map[string]string) (any, error) {
	if len(detail) == 0 {
		return nil, nil //nolint:nilnil // NULL
	}
	if len(detail) > maxDetails {
		return nil, fmt.Errorf("an event has more than %d details", maxDetails)
	}
	fit := make(map[string]string, len(detail))
	for key, value := range detail {
		fit[cutText(key, maxKind)] = cutText(value, maxDetail)
	}
	text, err := json.Marshal(fit)
	return string(text), err
}
