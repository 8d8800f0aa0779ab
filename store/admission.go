package store

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store/internal/wire"
)

// A change of the password moves the epoch, so a session that was admitted with the old password
// has ended before it begins (SEC-78).
const (
	admitSession = `
SELECT u.session_epoch + ` + everybodysEpoch + `, COALESCE($2::timestamptz, now()), $4::boolean OR NOT ` + gated + `
FROM ginauth.users AS u
WHERE u.id = $1::uuid AND u.disabled_at IS NULL AND ` + credentialIs3

	// admitPending is admitSession for a login that is under way, see completeLogin.
	admitPending = `
WITH ` + spentHalf + admitSession + ofHalf

	spentHalf = `half AS (
	DELETE FROM ginauth.pending_logins AS p
	USING ` + theClock + `
	WHERE p.digest = $5::bytea AND p.user_id = $1::uuid AND p.expires_at > clock.now
	RETURNING p.epoch
)`

	// ofHalf holds for u if no login is under way, or if the one of spentHalf was.
	ofHalf = ` AND ($5::bytea IS NULL OR (SELECT half.epoch FROM half) = u.session_epoch + ` + everybodysEpoch + `)`
)

// AdmitSession checks that n.UserID may have a session in another store, and returns its epoch. It
// is one statement and writes nothing. driver.ErrNoUser means that the user is unknown or disabled,
// or now has another password.
func (s *Sessions) AdmitSession(ctx context.Context, n driver.NewSession) (driver.Admission, error) {
	var a driver.Admission
	user, ok := s.key(ctx, n.UserID)
	if !ok {
		return a, s.noUser(n.UserID)
	}
	call, statement := s.caller.read, admitSession
	args := []any{user, s.clock(), hashOrNull(n.Credential), provesTwo(n)}
	if n.Pending != (driver.Digest{}) {
		call, statement, args = s.caller.do, admitPending, append(args, n.Pending[:])
	}
	err := call(ctx, "admitting a session", func(ctx context.Context, conn Conn) error {
		return readAdmission(conn.QueryRow(ctx, statement, args...), n, &a)
	})
	return a, err
}

// provesTwo says whether a login needs no further factor.
func provesTwo(n driver.NewSession) bool { return n.SecondFactor || n.Pending != (driver.Digest{}) }

func readAdmission(row pgx.Row, n driver.NewSession, to *driver.Admission) error {
	var proved bool
	err := row.Scan(&to.Epoch, wire.Time(&to.At), &proved)
	switch {
	case err == nil && !proved:
		return driver.ErrSecondFactor
	case n.Pending != (driver.Digest{}):
		return orNoPending(err)
	}
	return orNoUser(err)
}

const findAdmittedFrom = `,
	COALESCE($2::timestamptz, now())
FROM ginauth.users AS u
WHERE u.id = $1::uuid AND u.disabled_at IS NULL AND u.session_epoch + ` + everybodysEpoch + ` = $4::bigint
	AND NOT EXISTS (SELECT 1 FROM ginauth.ended_sessions AS e WHERE e.digest = $3::bytea)`

// FindAdmitted returns the user of a session that another store keeps. It is one statement and
// writes nothing. driver.ErrNoSession means that EndAdmitted has ended the session, that the user's
// sessions or all sessions were revoked since, or that the user is deleted or disabled.
func (d *DB[U]) FindAdmitted(ctx context.Context, user driver.UserID, session driver.Digest, epoch int64) (U, time.Time, error) {
	var u, none U
	var at time.Time
	key, ok := d.key(ctx, user)
	if !ok {
		return none, at, driver.ErrNoSession
	}
	err := d.caller.read(ctx, "finding a session's user", func(ctx context.Context, conn Conn) error {
		return conn.QueryRow(ctx, d.statements.findAdmitted, key, d.clock(), session[:], epoch).Scan(wire.Func(func(r *wire.Reader) {
			d.readUser(r, &u)
			r.Time(&at)
		}))
	})
	if err != nil {
		return none, time.Time{}, orNoSession(err)
	}
	return u, at, nil
}

const endAdmitted = `
INSERT INTO ginauth.ended_sessions (digest, expires_at) VALUES ($1::bytea, $2::timestamptz)
ON CONFLICT (digest) DO NOTHING`

// EndAdmitted ends a session that another store keeps, in all processes at once (SEC-73). The
// sweeper forgets it after the time until, when the session would have expired anyway.
func (s *Sessions) EndAdmitted(ctx context.Context, session driver.Digest, until time.Time) error {
	if until.IsZero() {
		return errors.New("ending a session: the time is missing after which the session would have expired")
	}
	return s.caller.do(ctx, "ending a session", func(ctx context.Context, conn Conn) error {
		_, err := conn.Exec(ctx, endAdmitted, session[:], timestamp(until))
		return err
	})
}

const sweepEnded = `
DELETE FROM ginauth.ended_sessions
WHERE digest = ANY (ARRAY(
	SELECT e.digest FROM ginauth.ended_sessions AS e
	WHERE e.expires_at <= COALESCE($1::timestamptz, now())
	ORDER BY e.expires_at
	LIMIT $2::bigint
	FOR UPDATE SKIP LOCKED))`

// sweepEnded deletes a batch of rows of ended sessions that would have expired by now.
func (s *Sessions) sweepEnded(ctx context.Context) (deleted int64, err error) {
	err = s.caller.do(ctx, "sweeping ended sessions", func(ctx context.Context, conn Conn) error {
		tag, err := conn.Exec(ctx, sweepEnded, s.clock(), sweepRows)
		deleted = tag.RowsAffected()
		return err
	})
	return deleted, err
}
