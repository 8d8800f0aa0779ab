package store

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	gorilla "github.com/gorilla/sessions"
	"github.com/jackc/pgx/v5"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store/internal/line"
	"github.com/ginauth/ginauth/store/internal/wire"
)

// Sessions keeps only sessions and what belongs to them, for apps with another user store. It is
// safe for concurrent use on a pool. A session is live until its idle timeout or its absolute end,
// whichever comes first, until the user's sessions or all sessions are revoked, and as long as its
// user exists and is not disabled.
type Sessions struct {
	caller  caller
	now     func() time.Time
	maxData int
	notices bool
	shadows *shadows // nil: users are rows of ginauth.users
	cookie  gorilla.Options
	lookup  lookup[foundSession]
	touches line.Line[touch, driver.Session]

	swept, families, throttles, devices swept         // the tables that Sweep reads in pages
	attempts                            atomic.Uint64 // number of attempts
	events                              eventOptions
}

// NewSessions returns a store on conn. It sends no statement. It panics when an option cannot work.
func NewSessions(conn Conn, opts ...Option) *Sessions {
	o, err := newOptions(conn, opts)
	if err == nil && o.afterCreate != nil {
		err = errors.New("it creates no users: give AfterCreate to store.New")
	}
	if err == nil && o.source != "" {
		err = errors.New("it knows no users elsewhere: give WithSource to store.NewExternal")
	}
	if err != nil {
		panic("store.NewSessions: " + err.Error()) //nolint:forbidigo // construction
	}
	return newSessions(conn, o)
}

func newSessions(conn Conn, o options) *Sessions {
	s := &Sessions{caller: newCaller(conn, o.timeout, o.log), now: o.now, maxData: o.maxData, notices: o.notices, shadows: o.shadows, cookie: *ginOptions.ToGorillaOptions(), events: o.events}
	s.caller.observer = o.observer
	if _, inTx := conn.(pgx.Tx); inTx {
		s.events.after = nil // only the code that began a transaction knows when it is committed
	}
	s.swept.doing, s.swept.statement = "sweeping sessions", sweepSessions
	s.families.doing, s.families.statement = "sweeping refresh tokens", sweepFamilies
	s.throttles.doing, s.throttles.statement = "sweeping throttles", sweepThrottles
	s.devices.doing, s.devices.statement = "sweeping known devices", sweepDevices
	s.lookup.read, s.lookup.ended = s.readFound, (*foundSession).isOver
	s.lookup.init(s, s.sql(findSession), findSessionFrom, notRevoked)
	s.touches.Timeout, s.touches.One, s.touches.Many = o.timeout, s.touchOne, s.touchMany
	return s
}

// clock is the $n of COALESCE($n::timestamptz, now()) in a statement. It is NULL for the database's
// own clock, the only one that all processes share (SEC-72).
func (s *Sessions) clock() any {
	if s.now == nil {
		return nil
	}
	return timestamp(s.now())
}

// sessionOwner is what readOwner reads.
const sessionOwner = `s.user_id`

// sessionColumns are what readSession reads, up to the present time.
const sessionColumns = `s.digest, s.id, ` + sessionOwner + `, s.data, ` + sessionState + `, s.created_at, s.authenticated_at, s.second_factor_at,
	s.last_seen_at, s.idle_timeout, s.expires_at, s.ip, s.user_agent`

// everybodysEpoch is a part of every session's epoch.
const everybodysEpoch = `COALESCE((SELECT e.epoch FROM ginauth.session_epoch AS e), 0)`

// theClock is the time of a statement; $2 is clock.
const theClock = `(SELECT COALESCE($2::timestamptz, now()) AS now) AS clock`

// notExpired holds for s until its idle timeout and its absolute end (SEC-67, SEC-68, SEC-69).
const notExpired = `s.expires_at > clock.now AND s.last_seen_at + s.idle_timeout > clock.now`

// live holds for s if it is not revoked, and is anonymous or of a user who may use it (SEC-76). A
// session's epoch equals the sum. Only a statement that waited for the lock of s may see a greater
// epoch, because it sees a newer s than u: RevokeUserSessions has spared s in the meantime, and s
// lives.
const (
	live           = notExpired + ` AND ` + notRevoked
	notRevoked     = `s.epoch = ` + epochSum
	liveOnceLocked = notExpired + ` AND s.epoch >= ` + epochSum

	epochSum = everybodysEpoch + ` + CASE WHEN s.user_id IS NULL THEN 0 ELSE (
		SELECT u.session_epoch FROM ginauth.users AS u WHERE u.id = s.user_id AND u.disabled_at IS NULL) END`
)

func (s *Sessions) readSession(r *wire.Reader, to *driver.Session) {
	r.Digest((*[32]byte)(&to.Digest))
	r.UUID((*string)(&to.ID))
	s.readOwner(r, &to.UserID)
	r.JSON((*[]byte)(&to.Data))
	r.Int(&to.Version)
	unpack(to)
	r.Time(&to.CreatedAt)
	r.Time(&to.AuthenticatedAt)
	r.Time(&to.SecondFactorAt)
	r.Time(&to.LastSeenAt)
	r.Duration(&to.IdleTimeout)
	r.Time(&to.ExpiresAt)
	r.Addr(&to.Origin.Addr)
	r.Text(&to.Origin.UserAgent)
	r.Time(&to.ReadAt)
}

// foundSession is a session that is not revoked, but may be past its end.
type foundSession struct {
	record driver.Session
	ended  bool
}

func (f *foundSession) isOver() bool { return f.ended }

const (
	findSession     = sessionColumns + `, clock.now, NOT (` + notExpired + `)`
	findSessionFrom = ` FROM ginauth.sessions AS s`
)

func (s *Sessions) readFound(r *wire.Reader, to *foundSession) {
	s.readSession(r, &to.record)
	r.Bool(&to.ended)
}

// FindSession returns a live session, or driver.ErrNoSession. It is one statement and writes
// nothing, unless it finds a session past its end, which it deletes.
func (s *Sessions) FindSession(ctx context.Context, d driver.Digest) (driver.Session, error) {
	f, err := s.lookup.find(ctx, d)
	if err != nil {
		return driver.Session{}, err
	}
	return f.record, nil
}

const deletedColumns = sessionOwner + `, COALESCE(` + notRevoked + `, FALSE)`

// A logout still ends the session if a rotation came first.
const deleteSession = `
DELETE FROM ginauth.sessions AS s
WHERE s.digest = $1::bytea OR s.previous_digest = $1::bytea
RETURNING ` + deletedColumns

// DeleteSession ends a session. It is no error if there is no such session. If a user's session was
// not revoked before, it writes the event authn_logout.
func (s *Sessions) DeleteSession(ctx context.Context, d driver.Digest) error {
	return s.doThenRecord(ctx, "deleting a session", func(ctx context.Context, tx pgx.Tx) (driver.Event, error) {
		var user driver.UserID
		var wasLive bool
		err := tx.QueryRow(ctx, s.sql(deleteSession), d[:]).Scan(wire.Func(func(r *wire.Reader) {
			s.readAnyOwner(r, &user)
			r.Bool(&wasLive)
		}))
		if errors.Is(err, pgx.ErrNoRows) {
			return unchanged, nil
		}
		if err != nil || !wasLive || user == "" {
			return unchanged, err
		}
		e := driver.NewProofEvent(ctx, driver.LoggedOut, user)
		e.Session = d.String()
		return e, nil
	})
}

func orNoSession(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return driver.ErrNoSession
	}
	return err
}
