package store

// Both write a device's row as an INSERT, so that the command's tag says it. A device that was known stays
// what it is, whoever asks, and one that is being forgotten does not come back.
const (
	useDevice = `
INSERT INTO ginauth.known_devices AS d (key, user_id, epoch, last_used_at, expires_at)
SELECT k.key, k.user_id, k.epoch, clock.now, clock.now + $4::interval
FROM ginauth.known_devices AS k
CROSS JOIN (SELECT COALESCE($3::timestamptz, now()) AS now) AS clock
WHERE k.key = $2::bytea AND ` + ifStored + `
FOR NO KEY UPDATE OF k
ON CONFLICT (key) DO UPDATE SET failures = 0, last_used_at = EXCLUDED.last_used_at, expires_at = EXCLUDED.expires_at`

	// The epoch of the user's sessions goes with the device, so that whatever ends them all, such as a new
	// password, ends it too. Those that are over, or too many, make room; the user's row is locked. Who has
	// changed the address meanwhile gets no device for the former one: it may be somebody else's soon.
	rememberDevice = `
WITH owner AS (
	SELECT u.id, u.session_epoch + ` + everybodysEpoch + ` AS epoch, clock.now
	FROM ginauth.users AS u
	CROSS JOIN ` + theClock + `
	WHERE u.id = $1::uuid AND ($3::bytea IS NULL OR EXISTS (SELECT 1 FROM ginauth.sessions AS n WHERE n.digest = $3::bytea))
		AND ($7::text = '' OR u.email_canonical = $7::text)
), gone AS (
	DELETE FROM ginauth.known_devices AS d
	USING owner
	WHERE d.user_id = owner.id AND (d.epoch <> owner.epoch OR d.expires_at <= owner.now OR d.key IN (
		SELECT k.key FROM ginauth.known_devices AS k
		WHERE k.user_id = $1::uuid
		ORDER BY k.epoch DESC, k.last_used_at DESC, k.key
		OFFSET $6::bigint))
)
INSERT INTO ginauth.known_devices (key, user_id, epoch, last_used_at, expires_at)
SELECT $4::bytea, owner.id, owner.epoch, owner.now, owner.now + $5::interval
FROM owner`

	// Devices are known at an address.
	forgetDevices = `DELETE FROM ginauth.known_devices WHERE user_id = $1::uuid`
)
