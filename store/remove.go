package store

import (
	"context"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store/internal/wire"
)

const countSessions = `
SELECT count(*) FROM ginauth.sessions AS s CROSS JOIN ` + theClockFirst + ` WHERE `

// theClockFirst is theClock for statements in which the clock is $1.
const theClockFirst = `(SELECT COALESCE($1::timestamptz, now()) AS now) AS clock`

const ownerAndDigest = sessionOwner + `, s.digest`

const (
	countLive  = countSessions + live
	countEnded = countSessions + `NOT COALESCE(` + live + `, FALSE)`
	findOwner  = `SELECT ` + ownerAndDigest + ` FROM ginauth.sessions AS s WHERE s.id = $1::uuid`
)

// CountSessions returns the number of live sessions, of users and anonymous ones, and the number of
// ended sessions whose rows the sweeper will delete. It reads every session: use it for operators
// only.
func (s *Sessions) CountSessions(ctx context.Context) (alive, ended int64, err error) {
	err = s.caller.read(ctx, "counting sessions", func(ctx context.Context, conn Conn) error {
		if err := conn.QueryRow(ctx, countLive, s.clock()).Scan(&alive); err != nil {
			return err
		}
		return conn.QueryRow(ctx, countEnded, s.clock()).Scan(&ended)
	})
	return alive, ended, err
}

// SessionOwner returns the user of the session with this public id, empty for an anonymous session,
// and its digest for DeleteSession. driver.ErrNoSession means that there is no such session.
func (s *Sessions) SessionOwner(ctx context.Context, id driver.SessionID) (user driver.UserID, d driver.Digest, err error) {
	key, ok := parseID(string(id))
	if !ok {
		return "", d, driver.ErrNoSession
	}
	err = s.caller.read(ctx, "finding a session's owner", func(ctx context.Context, conn Conn) error {
		return conn.QueryRow(ctx, s.sql(findOwner), key).Scan(wire.Func(func(r *wire.Reader) {
			s.readAnyOwner(r, &user)
			r.Digest((*[32]byte)(&d))
		}))
	})
	return user, d, orNoSession(err)
}

// SweepSessions deletes the rows of sessions that have ended, as Sweep does, and returns their
// number.
func (s *Sessions) SweepSessions(ctx context.Context) (deleted int64, err error) {
	return s.sweepTable(ctx, &s.swept)
}
