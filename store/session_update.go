package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store/internal/wire"
)

// Both statements below take the same parameters up to $8: $3 is the new digest, or NULL without a
// rotation, and $4 the grace of the old one; $5 says that the user has just authenticated, and $6
// is the client; $7 and $8 are a second factor and the methods. A rotation keeps the old digest for FindRotated, and the client that made it.

// A session's last use never moves back, even where clocks differ or requests overtake each other.
const touchSession = `
UPDATE ginauth.sessions AS s
SET last_seen_at = GREATEST(s.last_seen_at, clock.now),
	authenticated_at = CASE WHEN $5::boolean AND s.user_id IS NOT NULL
		THEN GREATEST(s.authenticated_at, clock.now) ELSE s.authenticated_at END,
	second_factor_at = CASE WHEN $7::boolean AND s.user_id IS NOT NULL THEN GREATEST(s.second_factor_at, clock.now) ELSE s.second_factor_at END,
	methods = CASE WHEN $8::text <> '' AND s.user_id IS NOT NULL THEN ` + methodsAnd8 + ` ELSE s.methods END,
	digest = COALESCE($3::bytea, s.digest),
	previous_digest = CASE WHEN $3::bytea IS NULL THEN s.previous_digest ELSE s.digest END,
	previous_until = CASE WHEN $3::bytea IS NULL THEN s.previous_until
		WHEN $4::interval > interval '0' THEN clock.now + $4::interval END,
	replaced_from = CASE WHEN $3::bytea IS NULL THEN s.replaced_from ELSE $6::bytea END,
	elsewhere = s.elsewhere AND $3::bytea IS NULL
FROM ` + theClock + `
WHERE s.digest = $1::bytea AND ($9::interval = interval '0' OR s.last_seen_at + $9::interval <= clock.now) AND ` + liveOnceLocked + `
RETURNING ` + sessionColumns + `, clock.now, TRUE`

// The row is locked before its data is merged, so that parallel requests keep each other's keys.
// The merged row is returned in any case, and stored if its data fits.
const changeSession = `
WITH changed AS (
	SELECT COALESCE($3::bytea, s.digest) AS digest, s.digest AS old, s.id, s.user_id, merged.data,
		s.version + CASE WHEN s.data = merged.data THEN 0 ELSE 1 END AS version, s.created_at,
		CASE WHEN $5::boolean AND s.user_id IS NOT NULL
			THEN GREATEST(s.authenticated_at, clock.now) ELSE s.authenticated_at END AS authenticated_at,
		CASE WHEN $7::boolean AND s.user_id IS NOT NULL THEN GREATEST(s.second_factor_at, clock.now) ELSE s.second_factor_at END AS second_factor_at,
		CASE WHEN $8::text <> '' AND s.user_id IS NOT NULL THEN ` + methodsAnd8 + ` ELSE s.methods END AS methods,
		GREATEST(s.last_seen_at, clock.now) AS last_seen_at, s.idle_timeout, s.expires_at, s.persistent,
		s.ip, s.user_agent, clock.now, octet_length(merged.data::text) <= $11::bigint AS fits
	FROM ginauth.sessions AS s
	CROSS JOIN ` + theClock + `
	CROSS JOIN LATERAL (SELECT (s.data - $9::text[]) || $10::jsonb AS data) AS merged
	WHERE s.digest = $1::bytea AND ` + liveOnceLocked + `
	FOR UPDATE OF s
), stored AS (
	UPDATE ginauth.sessions AS s
	SET data = changed.data, version = changed.version, last_seen_at = changed.last_seen_at,
		authenticated_at = changed.authenticated_at, second_factor_at = changed.second_factor_at, methods = changed.methods, digest = changed.digest,
		previous_digest = CASE WHEN $3::bytea IS NULL THEN s.previous_digest ELSE s.digest END,
		previous_until = CASE WHEN $3::bytea IS NULL THEN s.previous_until
			WHEN $4::interval > interval '0' THEN changed.now + $4::interval END,
		replaced_from = CASE WHEN $3::bytea IS NULL THEN s.replaced_from ELSE $6::bytea END,
		elsewhere = s.elsewhere AND $3::bytea IS NULL
	FROM changed
	WHERE s.digest = changed.old AND changed.fits
)
SELECT ` + sessionColumns + `, s.now, s.fits FROM changed AS s`

const updating = "updating a session"

// UpdateSession changes a live session in one statement and marks it seen. A key that is in both
// change.Set and change.Unset is set. If change.Authenticated, it also writes the event
// authn_login_success. driver.ErrNoSession means that the session has ended: it never comes back
// (SEC-75). driver.ErrSessionTooLarge means that nothing was written.
func (s *Sessions) UpdateSession(ctx context.Context, d driver.Digest, change driver.SessionChange) (driver.Session, error) {
	if s.caller.pool != nil && onlyTouches(change) {
		return s.touchInLine(ctx, d, change)
	}
	return s.change(ctx, d, change)
}

func (s *Sessions) change(ctx context.Context, d driver.Digest, change driver.SessionChange) (driver.Session, error) {
	statement, args := touchSession, s.touchArgs(ctx, d, change)
	if len(change.Set) > 0 || len(change.Unset) > 0 {
		if s.hopeless(change.Set) {
			return driver.Session{}, driver.ErrSessionTooLarge
		}
		unset := append([]string{}, change.Unset...) // a nil slice would be NULL, and so the result
		statement, args = changeSession, append(args[:8], unset, object(change.Set), s.maxData)
	}
	var r driver.Session
	var fits bool
	write := func(ctx context.Context, conn Conn) error {
		return orNoSession(conn.QueryRow(ctx, s.sql(statement), args...).Scan(wire.Func(func(row *wire.Reader) {
			s.readSession(row, &r)
			row.Bool(&fits)
		})))
	}
	if !change.Authenticated {
		err := s.caller.do(ctx, updating, write)
		return written(r, fits, err)
	}
	err := s.doThenRecord(ctx, updating, func(ctx context.Context, tx pgx.Tx) (driver.Event, error) {
		if err := write(ctx, tx); err != nil || !fits || r.UserID == "" {
			return unchanged, err
		}
		e := driver.NewProofEvent(ctx, driver.LoginSucceeded, r.UserID)
		e.Session = r.Digest.String()
		return detailed(e, driver.DetailMethods, string(change.Methods)), nil
	})
	return written(r, fits, err)
}

func (s *Sessions) touchArgs(ctx context.Context, d driver.Digest, change driver.SessionChange) []any {
	return []any{
		d[:], s.clock(), digestOrNull(change.Digest), max(change.Grace, 0), change.Authenticated, clientOf(ctx),
		change.Authenticated && change.SecondFactor, methodsOrNone(change),
		max(change.UnlessSeenFor, 0),
	}
}

// methodsOrNone returns the methods of a change that has some.
func methodsOrNone(change driver.SessionChange) string {
	if !change.Authenticated {
		return ""
	}
	return string(change.Methods)
}
