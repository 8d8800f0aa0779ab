package store

import (
	"context"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store/internal/wire"
)

const countSessions = `
SELECT count(*) FROM ginauth.sessions AS s CROSS JOIN ` + theClockFirst + ` WHERE `

// theClockFirst is theClock for statements whose $1 it is.
const theClockFirst = `(SELECT COALESCE($1::timestamptz, now()) AS now) AS clock`

const (
	countLive  = countSessions + live
	countEnded = countSessions + `NOT COALESCE(` + live + `, FALSE)`
	findOwner  = `SELECT s.user_id, s.digest FROM ginauth.sessions AS s WHERE s.id = $1::uuid`
)

// CountSessions returns how many sessions live, of users and anonymous ones, and how many rows are those of ended ones, which
// the sweeper deletes. It looks at every session: for operators.
func (s *Sessions) CountSessions(ctx context.Context) (alive, ended int64, err error) {
	err = s.caller.read(ctx, "counting sessions", func(ctx context.Context, conn Conn) error {
		if err := conn.QueryRow(ctx, countLive, s.clock()).Scan(&alive); err != nil {
			return err
		}
		return conn.QueryRow(ctx, countEnded, s.clock()).Scan(&ended)
	})
	return alive, ended, err
}

// SessionOwner returns whose session has this public id, empty for an anonymous one, and its digest, for
// DeleteSession. driver.ErrNoSession means that there is none.
func (s *Sessions) SessionOwner(ctx context.Context, id driver.SessionID) (user driver.UserID, d driver.Digest, err error) {
	key, ok := parseID(string(id))
	if !ok {
		return "", d, driver.ErrNoSession
	}
	err = s.caller.read(ctx, "finding a session's owner", func(ctx context.Context, conn Conn) error {
		return conn.QueryRow(ctx, findOwner, key).Scan(wire.UUID((*string)(&user)), wire.Digest((*[32]byte)(&d)))
	})
	return user, d, orNoSession(err)
}

// SweepSessions deletes the rows of sessions that have ended, as Sweep does among other things, and returns how many.
func (s *Sessions) SweepSessions(ctx context.Context) (deleted int64, err error) {
	return s.sweepTable(ctx, &s.swept)
}
