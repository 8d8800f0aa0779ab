package store

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// findTokenUserFrom takes the public id of a session or of a family of refresh tokens.
const findTokenUserFrom = `
FROM ginauth.users AS u
CROSS JOIN ` + theClock + `
WHERE u.id = $1::uuid AND u.disabled_at IS NULL AND (
	EXISTS (
		SELECT 1 FROM ginauth.refresh_tokens AS t
		WHERE t.id = $3::uuid AND t.user_id = u.id AND t.epoch = u.session_epoch + ` + everybodysEpoch + `
			AND t.expires_at > clock.now AND t.last_used_at + t.idle_timeout > clock.now)
	OR EXISTS (
		SELECT 1 FROM ginauth.sessions AS s
		WHERE s.id = $3::uuid AND s.user_id = u.id AND s.epoch = u.session_epoch + ` + everybodysEpoch + `
			AND ` + notExpired + `))`

// FindTokenUser returns the user of a JSON web token that names a live session, or a live login by
// refresh tokens. It is one statement and writes nothing (SEC-99). driver.ErrNoSession means that
// the session has ended or is not the user's, or that the user is deleted or disabled.
func (d *DB[U]) FindTokenUser(ctx context.Context, user driver.UserID, session driver.SessionID) (U, error) {
	var none, u U
	key, known := d.key(ctx, user)
	id, wellFormed := parseID(string(session))
	if !known || !wellFormed {
		return none, driver.ErrNoSession
	}
	err := d.caller.read(ctx, "finding a token's user", func(ctx context.Context, conn Conn) error {
		return d.scan(conn.QueryRow(ctx, d.statements.findTokenUser, key, d.clock(), id), &u)
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return none, driver.ErrNoSession
	}
	if err != nil {
		return none, err
	}
	return u, nil
}
