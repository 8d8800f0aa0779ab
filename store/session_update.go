package store

import (
	"context"

	"github.com/ginauth/ginauth/ginauth"
)

// A session's use never moves back, however clocks and requests overtake each other.
const touchSession = `
UPDATE ginauth.sessions AS s
SET last_seen_at = GREATEST(s.last_seen_at, clock.now), digest = COALESCE($3::bytea, s.digest)
FROM (SELECT COALESCE($2::timestamptz, now()) AS now) AS clock
WHERE s.digest = $1::bytea AND ` + live + `
RETURNING ` + sessionColumns + `, clock.now, TRUE`

// The row is locked before its data is merged, so that parallel requests keep each other's
// keys; it is written if the merged data fits, and returned either way.
const changeSession = `
WITH changed AS (
	SELECT s.digest, s.id, s.user_id, merged.data,
		s.version + CASE WHEN s.data = merged.data THEN 0 ELSE 1 END AS version,
		s.created_at, s.authenticated_at, GREATEST(s.last_seen_at, clock.now) AS last_seen_at,
		s.idle_timeout, s.expires_at, s.ip, s.user_agent, clock.now,
		octet_length(merged.data::text) <= $6::bigint AS fits
	FROM ginauth.sessions AS s
	CROSS JOIN (SELECT COALESCE($2::timestamptz, now()) AS now) AS clock
	CROSS JOIN LATERAL (SELECT (s.data - $4::text[]) || $5::jsonb AS data) AS merged
	WHERE s.digest = $1::bytea AND ` + live + `
	FOR UPDATE OF s
), stored AS (
	UPDATE ginauth.sessions AS s
	SET data = changed.data, version = changed.version, last_seen_at = changed.last_seen_at,
		digest = COALESCE($3::bytea, s.digest)
	FROM changed
	WHERE s.digest = changed.digest AND changed.fits
)
SELECT ` + sessionColumns + `, s.now, s.fits FROM changed AS s`

// UpdateSession changes a live session in one statement and marks it seen. A key that is
// both in change.Set and in change.Unset is set. ginauth.ErrNoSession means that the session has
// ended: it never comes back (SEC-75). ginauth.ErrSessionTooLarge means that nothing was written.
func (s *Sessions) UpdateSession(ctx context.Context, d ginauth.Digest, change ginauth.SessionChange) (ginauth.SessionRecord, error) {
	statement, args := touchSession, []any{d[:], s.clock(), digestOrNull(change.Digest)}
	if len(change.Set) > 0 || len(change.Unset) > 0 {
		if s.hopeless(change.Set) {
			return ginauth.SessionRecord{}, ginauth.ErrSessionTooLarge
		}
		unset := append([]string{}, change.Unset...) // a nil slice would be NULL, and so the result
		statement, args = changeSession, append(args, unset, object(change.Set), s.maxData)
	}
	r, err := s.write(ctx, "updating a session", statement, args)
	return r, orNoSession(err)
}
