package store

// Both statements write a device's row as an INSERT, so that the command's tag tells whether they
// did. A known device keeps its user, and a device that is being forgotten does not come back.
const (
	useDevice = `
INSERT INTO ginauth.known_devices AS d (key, user_id, epoch, last_used_at, expires_at)
SELECT k.key, k.user_id, k.epoch, clock.now, clock.now + $4::interval
FROM ginauth.known_devices AS k
CROSS JOIN (SELECT COALESCE($3::timestamptz, now()) AS now) AS clock
WHERE k.key = $2::bytea AND ` + ifStored + `
FOR NO KEY UPDATE OF k
ON CONFLICT (key) DO UPDATE SET failures = 0, last_used_at = EXCLUDED.last_used_at, expires_at = EXCLUDED.expires_at`

	// A device stores the epoch of its user's sessions, so that it ends when all of them end, for
	// example by a new password. Devices that have ended or exceed the limit are deleted; the
	// user's row is locked. If the user has changed the address in the meantime, no device is
	// stored, because the former address may soon be another user's.
	rememberDevice = `
WITH owner AS (
	SELECT u.id, u.session_epoch + ` + everybodysEpoch + ` AS epoch, clock.now
	FROM ginauth.users AS u
	CROSS JOIN ` + theClock + `
	WHERE u.id = $1::uuid AND ($3::bytea IS NULL OR EXISTS (SELECT 1 FROM ginauth.sessions AS n WHERE n.digest = $3::bytea))
		AND ` + identifierIs + `
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

	// A device is known for one address.
	forgetDevices = `DELETE FROM ginauth.known_devices WHERE user_id = $1::uuid`
)
