package store

const (
	useDevice = `
UPDATE ginauth.known_devices
SET failures = 0, last_used_at = COALESCE($2::timestamptz, now()), expires_at = COALESCE($2::timestamptz, now()) + $3::interval
WHERE key = $1::bytea`

	// The epoch of the user's sessions goes with the device, so that whatever ends them all, such as a new
	// password, ends it too. Those that are over, or too many, make room; the user's row is locked.
	rememberDevice = `
WITH owner AS (
	SELECT u.id, u.session_epoch + ` + everybodysEpoch + ` AS epoch, clock.now
	FROM ginauth.users AS u
	CROSS JOIN ` + theClock + `
	WHERE u.id = $1::uuid
), gone AS (
	DELETE FROM ginauth.known_devices AS d
	USING owner
	WHERE d.user_id = owner.id AND (d.epoch <> owner.epoch OR d.expires_at <= owner.now OR d.key IN (
		SELECT k.key FROM ginauth.known_devices AS k
		WHERE k.user_id = $1::uuid
		ORDER BY k.epoch DESC, k.last_used_at DESC, k.key
		OFFSET $5::bigint))
)
INSERT INTO ginauth.known_devices (key, user_id, epoch, last_used_at, expires_at)
SELECT $3::bytea, owner.id, owner.epoch, owner.now, owner.now + $4::interval
FROM owner`
)
