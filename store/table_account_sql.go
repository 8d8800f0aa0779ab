package store

import "strings"

// setUpdated is an assignment behind others.
func (m *mapped) setUpdated() string {
	if m.updated.column == "" {
		return ``
	}
	return `, ` + m.updated.column + ` = ` + m.updated.write(`clock.now`)
}

// setPassword is setPassword with the password in the app's row. The shadow row is locked.
func (m *mapped) setPassword() string {
	return `
WITH owner AS (
	UPDATE ` + m.table + ` AS m
	SET ` + m.hash + ` = $4::text` + m.setUpdated() + `
	FROM ginauth.users AS u
	CROSS JOIN ` + theClock + `
	WHERE u.id = $1::uuid AND u.disabled_at IS NULL AND ` + m.isRow() + m.enabled() + `
		AND ` + m.goodHash() + ` IS NOT DISTINCT FROM $3::text
		AND ($3::text IS NOT NULL OR $5::uuid IS NULL OR EXISTS (
			SELECT 1 FROM ginauth.sessions AS s
			WHERE s.id = $5::uuid AND s.user_id = u.id AND s.epoch = u.session_epoch + ` + everybodysEpoch + `))
	RETURNING u.id, clock.now
), changed AS (
	UPDATE ginauth.users AS u
	SET session_epoch = u.session_epoch + 1, must_change_password = FALSE, password_pending = FALSE, updated_at = owner.now
	FROM owner
	WHERE u.id = owner.id
	RETURNING u.id, u.session_epoch, owner.now
)` + keptSession
}

// update makes the assignments of differences, for a user who is not disabled.
func (m *mapped) update(set, columns string) string {
	if m.name != "" {
		set = strings.Replace(set, `, name = `, `, `+m.name+` = `, 1)
	}
	set = strings.TrimPrefix(set, `, `)
	return `
WITH made AS (
	UPDATE ` + m.table + ` AS m
	SET ` + set + m.setUpdated() + `
	FROM ` + theClock + `
	WHERE m.` + m.id + ` = $1::text::` + m.idType + m.enabled() + ` AND NOT EXISTS (
		SELECT 1 FROM ginauth.users AS u
		WHERE u.external_id = $1::text AND u.source = '` + m.source + `' AND u.realm = '' AND u.disabled_at IS NOT NULL)
	RETURNING m.*
)
SELECT ` + columns + ` FROM made AS m LEFT JOIN ginauth.users AS u ON FALSE`
}

// archive disables a user whose row is there, and is not disabled.
func (m *mapped) archive() string {
	return `
UPDATE ginauth.users AS u
SET disabled_at = clock.now, delete_after = GREATEST(clock.now + $3::interval, ` + wayBack + `), session_epoch = u.session_epoch + 1, updated_at = clock.now
FROM ` + theClock + `
WHERE u.id = $1::uuid AND u.disabled_at IS NULL AND EXISTS (
	SELECT 1 FROM ` + m.table + ` AS m WHERE ` + m.isRow() + m.enabled() + `)
RETURNING u.delete_after, u.delete_after > clock.now`
}

func (m *mapped) findRealm() string {
	return `SELECT ` + m.ofRealm() + ` FROM ` + m.table + ` AS m WHERE m.` + m.id + ` = $1::text::` + m.idType
}

func (m *mapped) deleteRow() string {
	return `
DELETE FROM ` + m.table + ` AS m USING ginauth.users AS u WHERE u.id = $1::uuid AND ` + m.isRow()
}

func (m *mapped) findArchived(named bool) string {
	of := m.email
	if named {
		of = m.username
	}
	return `
SELECT m.` + m.id + `::text, ` + m.goodHash() + m.from() + `
CROSS JOIN ` + theClock + `
WHERE ` + of.is(`$1::text`) + m.inRealm(`$3::text`) + ` AND ` + inGrace
}

func (m *mapped) restore() string {
	return `
UPDATE ginauth.users AS u
SET disabled_at = NULL, delete_after = clock.now + ` + keptShadow + `, updated_at = clock.now
FROM ` + theClock + `
WHERE u.id = $1::uuid AND ` + inGrace + ` AND EXISTS (
	SELECT 1 FROM ` + m.table + ` AS m WHERE ` + m.isRow() + m.enabled() + ` AND m.` + m.hash + `::text = $3::text)`
}

// dueRows is dueUsers for users of this table.
func (m *mapped) dueRows() string {
	return `
SELECT u.id::text, u.external_id
FROM ginauth.users AS u
CROSS JOIN (SELECT COALESCE($1::timestamptz, now()) AS now) AS clock
WHERE u.delete_after <= clock.now AND u.disabled_at IS NOT NULL AND u.source = '` + m.source + `' AND u.realm = '' AND ` + wayBack + ` IS NULL AND u.id > $2::uuid
ORDER BY u.id
LIMIT 100`
}
