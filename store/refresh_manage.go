package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store/internal/wire"
)

const listFamilies = `
SELECT ` + familyColumns + `
FROM ginauth.refresh_tokens AS t
CROSS JOIN ` + theClock + `
WHERE t.user_id = $1::uuid AND ` + liveFamily + `
ORDER BY t.last_used_at DESC, t.created_at DESC, t.id
LIMIT $3::bigint`

// UserRefreshFamilies returns the user's live logins by refresh tokens, the last used one first, at
// most 1000. An unknown or disabled user has none. It is one statement and writes nothing.
func (s *Sessions) UserRefreshFamilies(ctx context.Context, user driver.UserID) ([]driver.RefreshFamily, error) {
	key, ok := s.key(ctx, user)
	if !ok {
		return nil, nil
	}
	var list []driver.RefreshFamily
	err := s.caller.read(ctx, "listing a user's refresh tokens", func(ctx context.Context, conn Conn) error {
		rows, err := conn.Query(ctx, s.sql(listFamilies), key, s.clock(), maxListed)
		if err != nil {
			return err
		}
		list, err = wire.Collect(rows, s.readFamily)
		return err
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

const revokeFamily = `DELETE FROM ginauth.refresh_tokens WHERE id = $2::uuid AND user_id = $1::uuid`

// RevokeRefreshFamily ends a login by refresh tokens. driver.ErrNoSession means that the user has
// no login of that id; a login of another user stays (SEC-79).
func (s *Sessions) RevokeRefreshFamily(ctx context.Context, user driver.UserID, id driver.SessionID) error {
	key, known := s.key(ctx, user)
	family, wellFormed := parseID(string(id))
	if !known || !wellFormed {
		return driver.ErrNoSession
	}
	return s.doThenRecord(ctx, "revoking a refresh token", func(ctx context.Context, tx pgx.Tx) (driver.Event, error) {
		tag, err := tx.Exec(ctx, revokeFamily, key, family)
		if err == nil && tag.RowsAffected() == 0 {
			err = driver.ErrNoSession
		}
		return detailed(driver.NewEvent(ctx, driver.TokenRevoked, user), "login", string(id)), err
	})
}

// sweepFamilies reads some pages of the table, as sweepSessions does.
const sweepFamilies = `
WITH dead AS (
	SELECT t.ctid AS at
	FROM ginauth.refresh_tokens AS t
	CROSS JOIN (SELECT COALESCE($1::timestamptz, now()) AS now) AS clock
	WHERE t.ctid >= $2::tid AND t.ctid < $3::tid
		AND (t.expires_at <= clock.now OR t.last_used_at + t.idle_timeout <= clock.now
			OR t.epoch < ` + everybodysEpoch + ` + COALESCE((
				SELECT u.session_epoch FROM ginauth.users AS u WHERE u.id = t.user_id AND u.session_epoch > 0), 0))
	LIMIT $4::bigint
	FOR UPDATE OF t SKIP LOCKED
), deleted AS (
	DELETE FROM ginauth.refresh_tokens AS t USING dead WHERE t.ctid = dead.at RETURNING 1
)
` + countDead + `ginauth.refresh_tokens` + ofPages
