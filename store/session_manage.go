package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store/internal/wire"
)

// maxListed limits the memory of a list, however many logins one user has.
const maxListed = 1000

const listSessions = `
SELECT ` + sessionColumns + `, clock.now, s.provider_issuer, s.provider_sid
FROM ginauth.sessions AS s
CROSS JOIN ` + theClock + `
WHERE s.user_id = $1::uuid AND ` + live + `
ORDER BY s.last_seen_at DESC, s.created_at DESC, s.id
LIMIT $3::bigint`

// UserSessions returns the user's live sessions, the last seen one first, at most 1000. An unknown
// or disabled user has none. It is one statement and writes nothing.
func (s *Sessions) UserSessions(ctx context.Context, user driver.UserID) ([]driver.Session, error) {
	key, ok := s.key(ctx, user)
	if !ok {
		return nil, nil
	}
	var list []driver.Session
	err := s.caller.read(ctx, "listing a user's sessions", func(ctx context.Context, conn Conn) error {
		rows, err := conn.Query(ctx, s.sql(listSessions), key, s.clock(), maxListed)
		if err != nil {
			return err
		}
		list, err = wire.Collect(rows, s.readListed)
		return err
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

func (s *Sessions) readListed(r *wire.Reader, to *driver.Session) {
	s.readSession(r, to)
	r.Text(&to.Provider.Issuer)
	r.Text(&to.Provider.ID)
}

const revokeSession = `DELETE FROM ginauth.sessions WHERE id = $2::uuid AND user_id = $1::uuid`

// RevokeSession ends a session of the user. driver.ErrNoSession means that the user has no session
// of that id; a session of another user stays (SEC-79). A session that has ended but is still
// stored is no error.
func (s *Sessions) RevokeSession(ctx context.Context, user driver.UserID, id driver.SessionID) error {
	key, known := s.key(ctx, user)
	session, wellFormed := parseID(string(id))
	if !known || !wellFormed {
		return driver.ErrNoSession
	}
	return s.doThenRecord(ctx, "revoking a session", func(ctx context.Context, tx pgx.Tx) (driver.Event, error) {
		tag, err := tx.Exec(ctx, revokeSession, key, session)
		if err == nil && tag.RowsAffected() == 0 {
			err = driver.ErrNoSession
		}
		return detailed(driver.NewEvent(ctx, driver.SessionsRevoked, user), "session", string(id)), err
	})
}

const (
	moveUsersEpoch = `UPDATE ginauth.users SET session_epoch = session_epoch + 1 WHERE id = $1::uuid`

	// Both numbers grow by one from their values after locking. So a session that two parallel
	// calls spare stays live, and a session that had ended stays ended.
	moveUsersEpochAndOneLogin = `
WITH moved AS (
	UPDATE ginauth.users SET session_epoch = session_epoch + 1 WHERE id = $1::uuid RETURNING id
), spared AS (
	UPDATE ginauth.refresh_tokens AS t
	SET epoch = t.epoch + 1
	FROM moved
	WHERE t.id = $2::uuid AND t.user_id = moved.id
), kept AS (
	UPDATE ginauth.sessions AS s
	SET epoch = s.epoch + 1
	FROM moved
	WHERE s.id = $2::uuid AND s.user_id = moved.id
)
SELECT moved.id FROM moved`
)

// RevokeUserSessions ends all sessions and logins by refresh tokens of the user, except the one
// with the id except. It writes the user's row and the row of except, however many sessions there
// are. If except is not a well-formed id, nothing is spared; the session of another user stays as
// it is. An unknown user is no error.
func (s *Sessions) RevokeUserSessions(ctx context.Context, user driver.UserID, except driver.SessionID) error {
	key, known := s.key(ctx, user)
	if !known {
		return nil
	}
	kept, keep := parseID(string(except))
	statement, args := moveUsersEpoch, []any{key}
	if keep {
		statement, args = moveUsersEpochAndOneLogin, append(args, kept)
	}
	return s.doThenRecord(ctx, "revoking a user's sessions", func(ctx context.Context, tx pgx.Tx) (driver.Event, error) {
		tag, err := tx.Exec(ctx, statement, args...)
		if err != nil || tag.RowsAffected() == 0 {
			return unchanged, err
		}
		return detailed(driver.NewEvent(ctx, driver.SessionsRevoked, user), "all_but", string(except)), nil
	})
}

const moveEverybodysEpoch = `
INSERT INTO ginauth.session_epoch AS e (singleton, epoch)
VALUES (TRUE, 1)
ON CONFLICT (singleton) DO UPDATE SET epoch = e.epoch + 1`

// RevokeAllSessions ends all sessions and logins by refresh tokens of all users. It writes one row,
// however many sessions there are.
func (s *Sessions) RevokeAllSessions(ctx context.Context) error {
	return s.doThenRecord(ctx, "revoking all sessions", func(ctx context.Context, tx pgx.Tx) (driver.Event, error) {
		_, err := tx.Exec(ctx, moveEverybodysEpoch)
		return detailed(driver.NewEvent(ctx, driver.SessionsRevoked, ""), "of", "everybody"), err
	})
}
