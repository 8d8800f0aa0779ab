package store

import (
	"context"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store/internal/wire"
)

// A late use ends the session by its id, even if it is rotated at the same time. Of parallel late
// uses, only the one that deletes the session returns it.
const findRotated = `
WITH found AS (
	SELECT s.*, clock.now, s.previous_until > clock.now AS in_time, s.replaced_from <> $9::bytea AND NOT s.elsewhere AS from_elsewhere
	FROM ginauth.sessions AS s
	CROSS JOIN ` + theClock + `
	WHERE s.previous_digest = $1::bytea AND s.previous_until IS NOT NULL AND ` + live + `
), ended AS (
	DELETE FROM ginauth.sessions AS old
	USING found
	WHERE old.id = found.id AND NOT found.in_time
	RETURNING found.user_id, found.now, '` + string(driver.TokenReused) + `' AS kind, 'failure' AS outcome, $10::uuid AS notice
), marked AS (
	UPDATE ginauth.sessions AS s
	SET elsewhere = TRUE
	FROM found
	WHERE s.id = found.id AND s.previous_digest = $1::bytea AND found.in_time AND found.from_elsewhere AND NOT s.elsewhere
	RETURNING found.user_id, found.now, '` + string(driver.TokenUsedInGrace) + `' AS kind, 'success' AS outcome
), event AS (
	INSERT INTO ginauth.events ` + eventColumns + `
	SELECT now, kind, outcome, user_id, NULL, $3::text, $4::text, $5::text, $6::inet, $7::text, $8::jsonb
	FROM (SELECT user_id, now, kind, outcome FROM ended UNION ALL SELECT user_id, now, kind, outcome FROM marked) AS late
	RETURNING id
), told AS (` + tellOfReuse + `
)
SELECT ` + sessionColumns + `, s.now, s.in_time, (SELECT event.id FROM event)
FROM found AS s
WHERE s.in_time OR EXISTS (SELECT 1 FROM ended)`

// FindRotated returns the live session that had this digest before its last rotation, within the
// rotation's grace. The first use within the grace by another client than the one that made the
// rotation writes the event authn_token_grace (SEC-193). After the grace, it deletes the session,
// returns it with driver.ErrTokenReused, and writes the event authn_token_reuse (SEC-82), and with
// WithMail a mail to the user. driver.ErrNoSession means that no live session had this digest last,
// or that its rotation had no grace. It is one statement.
func (s *Sessions) FindRotated(ctx context.Context, d driver.Digest) (driver.Session, error) {
	var r driver.Session
	var inTime bool
	notice, err := s.reuseNotice()
	if err != nil {
		return r, err
	}
	args := append(append([]any{d[:], s.clock(), d.String()}, reuseArgs(ctx)...), clientOf(ctx), notice)
	err = s.doRecording(ctx, "finding a rotated session", func(ctx context.Context, conn Conn) (driver.Event, error) {
		var id *int64
		err := conn.QueryRow(ctx, s.sql(findRotated), args...).Scan(wire.Func(func(row *wire.Reader) {
			s.readSession(row, &r)
			row.Bool(&inTime)
			row.Scan(&id)
		}))
		kind := driver.TokenReused
		if inTime {
			kind, r.Elsewhere = driver.TokenUsedInGrace, id != nil
		}
		return lateUse(ctx, kind, r.UserID, d.String(), id, r.ReadAt), orNoSession(err)
	})
	switch {
	case err != nil:
		return driver.Session{}, err
	case !inTime:
		return r, driver.ErrTokenReused
	}
	return r, nil
}
