package store

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ginauth/ginauth/ginauth/driver"
)

var _ driver.SessionExchanger = (*Sessions)(nil)

// A parallel exchange of the same login waits here until the first one is committed.
const spendLogin = `
INSERT INTO ginauth.ended_sessions (digest, expires_at)
SELECT $1::bytea, $3::timestamptz
FROM ` + theClock + `
WHERE $3::timestamptz > clock.now
ON CONFLICT (digest) DO NOTHING`

// The old login becomes the token before a rotation. Ending all sessions of a user changes the
// user's epoch, which ends the old logins too. The epoch of a shadow row begins with the row's
// time, see makeShadow.
const adoptLogin = `
UPDATE ginauth.sessions AS s
SET previous_digest = $1::bytea, previous_until = clock.now + $4::interval, replaced_from = $5::bytea, authenticated_at = NULL
FROM ginauth.users AS u
CROSS JOIN ` + theClock + `
WHERE s.digest = $3::bytea AND u.id = s.user_id AND s.epoch = CASE
	WHEN u.external_id IS NULL THEN 0
	ELSE (extract(epoch FROM u.created_at) * 1000000)::bigint END`

// ExchangeSession stores a new session in place of a login of an older system, and ends that login,
// in one transaction. Other processes see both at once. driver.ErrExchanged means that the login
// cannot be exchanged, or no longer.
func (s *Sessions) ExchangeSession(ctx context.Context, x driver.Exchange) (driver.Session, error) {
	n := x.Session
	if n.UserID == "" || x.Old == (driver.Digest{}) || x.Until.IsZero() || x.Grace <= 0 {
		return driver.Session{}, errors.New("exchanging a login: it needs a user, a digest, a deadline and a grace")
	}
	var r driver.Session
	var verdict int64
	create, err := s.creation(ctx, n, &r, &verdict)
	if err != nil {
		return driver.Session{}, err
	}
	err = s.withShadow(ctx, n.UserID, func() error {
		return s.doRecording(ctx, "exchanging a login", func(ctx context.Context, conn Conn) (e driver.Event, err error) {
			err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
				if err := changesOne(ctx, tx, spendLogin, x.Old[:], s.clock(), timestamp(x.Until)); err != nil {
					return err
				}
				if e, err = create(ctx, tx); err != nil {
					return err
				}
				if _, err := decided(r, verdict, s.owned(r.UserID, n.UserID)); err != nil {
					return err
				}
				return changesOne(ctx, tx, adoptLogin, x.Old[:], s.clock(), n.Digest[:], x.Grace, clientOf(ctx))
			})
			return e, err
		})
	})
	if err != nil {
		return driver.Session{}, err
	}
	r.AuthenticatedAt = time.Time{}
	return r, nil
}

// changesOne returns driver.ErrExchanged when a statement changes nothing.
func changesOne(ctx context.Context, tx pgx.Tx, statement string, args ...any) error {
	tag, err := tx.Exec(ctx, statement, args...)
	if err == nil && tag.RowsAffected() == 0 {
		err = driver.ErrExchanged
	}
	return err
}
