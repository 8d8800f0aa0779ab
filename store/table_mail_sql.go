package store

import (
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgtype"
)

// All stores of a database queue their mails in one table. The address of a mail of an app's own
// table is followed by a mark, which begins with a blank. No address has one.

// mark is what follows the canonical address of this store's mails.
func (s *Sessions) mark() string {
	if s.shadows == nil || s.shadows.table == nil {
		return ""
	}
	return s.shadows.table.mark()
}

func (m *mapped) mark() string { return ` ` + m.source }

// unmarked returns the canonical address of the mail o.
func (m *mapped) unmarked() string {
	return `left(` + ordered + `, -` + strconv.Itoa(len(m.mark())) + `)`
}

// proved holds for m if its address is proved. Without a column that says so, all are.
func (m *mapped) proved() string {
	switch m.verified.kind {
	case "":
		return `TRUE`
	case kindBool:
		return `m.` + m.verified.column + ` IS TRUE`
	case kindNot:
		return `m.` + m.verified.column + ` IS NOT TRUE`
	}
	return `m.` + m.verified.column + ` IS NOT NULL`
}

// goodHash is goodHash for m. An empty text is no password, for columns that are NOT NULL.
func (m *mapped) goodHash() string {
	return `CASE WHEN u.password_pending AND NOT (` + m.proved() + `) THEN NULL ELSE ` + m.storedHash() + ` END`
}

func (m *mapped) storedHash() string { return `NULLIF(m.` + m.hash + `::text, '')` }

func (m *mapped) canonical() string {
	if m.email.column == "" {
		return `NULL::text`
	}
	return `lower(m.` + m.email.column + `::text)`
}

// goodToken is goodToken for m.
func (m *mapped) goodToken() string {
	return validToken + m.enabled() + `
	AND (t.kind IN ('change', 'undo') OR ` + m.email.is(`t.email_canonical`) + `)`
}

// named holds for m if the mail o names its address or its username.
func (m *mapped) named() string {
	return m.email.read() + ` IS NOT NULL AND (` + m.email.is(m.unmarked()) + ` OR ` + m.username.is(m.unmarked()) + `)`
}

func (m *mapped) mailStatements(columns string) mailStatements {
	const epoch = `session_epoch = u.session_epoch + 1, password_pending = FALSE, `
	noHash := m.hash + ` = ` + m.noHash()
	const users = `
FROM ginauth.email_tokens AS t
JOIN ginauth.users AS u ON u.id = t.user_id`
	address := ""
	if m.email.column != "" {
		address = m.email.column + ` = $3::text`
	}
	return mailStatements{
		findToken: `SELECT t.email, ` + columns + users + m.join() + `
CROSS JOIN ` + theClock + `
WHERE ` + m.goodToken(),
		findPending: `SELECT ` + m.storedHash() + users + m.join() + `
CROSS JOIN ` + theClock + `
WHERE ` + m.goodToken() + ` AND u.password_pending AND NOT (` + m.proved() + `)`,
		lockRow: `
SELECT 1 FROM ginauth.users AS u` + m.join() + `
WHERE u.id = $1::uuid
FOR NO KEY UPDATE OF m`,
		takeToken: `
DELETE FROM ginauth.email_tokens AS t
USING ginauth.users AS u` + m.join() + `
CROSS JOIN ` + theClock + `
WHERE u.id = t.user_id AND ` + m.goodToken() + `
RETURNING u.external_id, t.email, t.email_canonical, t.created_at, COALESCE(` + m.email.read() + `, ''), COALESCE(` + m.canonical() + `, ''),
	NOT (` + m.proved() + `), u.disabled_at IS NOT NULL`,
		prove:           m.writeBoth(`password_pending = FALSE`, m.prove(false)),
		proveAndWipe:    m.writeBoth(epoch+`must_change_password = u.must_change_password`, noHash, m.prove(true)),
		resetPassword:   m.writeBoth(epoch+`must_change_password = FALSE`, m.hash+` = $3::text`, m.prove(false)),
		changeAddress:   m.writeBoth(`password_pending = FALSE`, address, m.prove(true)),
		restoreAddress:  m.writeBoth(epoch+`must_change_password = u.must_change_password`, address, noHash, m.prove(true)),
		restoreArchived: enableExternal,
		findOwner: `
SELECT COALESCE(
	(SELECT u.external_id FROM ginauth.users AS u WHERE u.id = o.user_id AND u.source = '` + m.source + `' AND u.realm = ''),
	(SELECT m.` + m.id + `::text FROM ` + m.table + ` AS m WHERE ` + m.email.is(m.unmarked()) + m.inRealm(`o.realm`) + `),
	(SELECT m.` + m.id + `::text FROM ` + m.table + ` AS m WHERE ` + m.username.is(m.unmarked()) + m.inRealm(`o.realm`) + `), '')
FROM ginauth.outbox AS o
WHERE o.id = $1::uuid AND o.failed_at IS NULL`,
		findRecipient: `SELECT ` + columns + `
FROM ginauth.users AS u` + m.join() + `
WHERE u.id = $1::uuid AND (u.disabled_at IS NULL OR ` + isArchived + `)` + m.enabled() + `
FOR SHARE OF u, m`,
		lockMail: `
SELECT o.kind, o.email, CASE WHEN o.user_id IS NULL THEN ` + m.canonical() + ` ELSE ` + m.unmarked() + ` END
FROM ginauth.outbox AS o
JOIN ginauth.users AS u ON u.id = $2::uuid` + m.join() + `
WHERE o.id = $1::uuid AND o.failed_at IS NULL AND CASE o.kind
	WHEN 'verify' THEN ` + m.named() + ` AND NOT (` + m.proved() + `)
	WHEN 'change' THEN NOT EXISTS (SELECT 1 FROM ` + m.table + ` AS m WHERE ` + m.email.is(m.unmarked()) + m.inRealm(`o.realm`) + ` AND m.` + m.id + ` <> ` + m.ofShadow() + `)
	WHEN 'undo' THEN TRUE
	WHEN 'password' THEN TRUE
	WHEN 'device' THEN TRUE
	WHEN 'reuse' THEN TRUE
	ELSE ` + m.named() + ` END
FOR UPDATE OF o`,
		isTaken: `
SELECT EXISTS (SELECT FROM ` + m.table + ` AS m WHERE ` + m.email.is(`$1::text`) + m.inRealm(`$2::text`) + `)`,
		forcePassword: `
WITH changed AS (
	UPDATE ginauth.users AS u
	SET ` + epoch + `must_change_password = FALSE, updated_at = clock.now
	FROM ` + theClock + `
	WHERE u.id = $1::uuid
	RETURNING u.id, u.source, u.realm, u.external_id, u.created_at, clock.now
), keys AS (
	DELETE FROM ginauth.api_keys AS k USING changed WHERE $4::boolean AND k.user_id = changed.id
), written AS (
	UPDATE ` + m.table + ` AS m
	SET ` + m.hash + ` = COALESCE($3::text, ` + m.noHash() + `)` + m.setUpdated() + `
	FROM changed AS u
	CROSS JOIN LATERAL (SELECT u.now) AS clock
	WHERE ` + m.isRow() + `
	RETURNING 1
)
SELECT TRUE FROM written`,
		moving: func(user pgtype.UUID, clock any, typed, canonical string) []any {
			return []any{user, clock, m.email.write(typed, canonical)}
		},
	}
}

// noHash is what is stored for no password.
func (m *mapped) noHash() string {
	if m.hashRequired {
		return `''`
	}
	return `NULL`
}

// prove returns an assignment. A time of before stays, unless it is of another address.
func (m *mapped) prove(anew bool) string {
	switch {
	case m.verified.column == "":
		return ""
	case anew, m.verified.kind == kindBool, m.verified.kind == kindNot:
		return m.verified.column + ` = ` + m.verified.write(`clock.now`)
	}
	return m.verified.column + ` = COALESCE(m.` + m.verified.column + `, ` + m.verified.write(`clock.now`) + `)`
}

// writeBoth returns a statement that changes the shadow row $1 and the app's row.
func (m *mapped) writeBoth(shadow string, row ...string) string {
	row = slices.DeleteFunc(row, func(assignment string) bool { return assignment == "" })
	if len(row) == 0 {
		row = []string{m.hash + ` = m.` + m.hash} // as it was
	}
	return `
WITH u AS (
	UPDATE ginauth.users AS u
	SET ` + shadow + `, updated_at = clock.now
	FROM ` + theClock + `
	WHERE u.id = $1::uuid
	RETURNING u.source, u.realm, u.external_id, u.created_at, clock.now
)
UPDATE ` + m.table + ` AS m
SET ` + strings.Join(row, `, `) + m.setUpdated() + `
FROM u
CROSS JOIN LATERAL (SELECT u.now) AS clock
WHERE ` + m.isRow()
}

// adaptMail is adapt for notices and for what follows a new password.
func (m *mapped) adaptMail(statement string) string {
	for _, r := range []struct{ of, by string }{
		{isOurs, `right(` + ordered + `, ` + strconv.Itoa(len(m.mark())) + `) = '` + m.mark() + `'`},
		{ifPasswordIs, ` AND EXISTS (SELECT 1 FROM ginauth.users AS u` + m.join() + ` WHERE u.id = $1::uuid AND m.` + m.hash + `::text = $2::text)`},
		{toldUser, strings.Replace(toldUser, ` AS u`, ` AS u`+m.join(), 1)},
		{endedUser, endedUser + m.join()},
		{passwordIs5, `m.` + m.hash + `::text = $5::text`},
		{toldAddress, m.email.read() + `, ` + m.canonical() + ` || '` + m.mark() + `', ` + m.ofRealm()},
		{realmOfUser, m.realmOfUser()},
		{canBeTold, m.proved() + ` AND ` + m.canonical() + ` LIKE '%_@_%' AND char_length(` + m.canonical() + `) <= ` + strconv.Itoa(m.longestAddress())},
	} {
		statement = strings.Replace(statement, r.of, r.by, 1)
	}
	return statement
}

// realmOfUser is realmOfUser for m.
func (m *mapped) realmOfUser() string {
	if m.realm == "" {
		return `NULL::text`
	}
	return `(SELECT m.` + m.realm + `::text FROM ginauth.users AS u` + m.join() + ` WHERE u.id = $4::uuid)`
}

// longestAddress leaves room for the mark.
func (m *mapped) longestAddress() int {
	return maxMarked - len(m.mark())
}

// release returns statements that take the address of an account of the same realm that never
// proved it: they find it, take it, and archive the account, as releaseAddress does.
func (m *mapped) release() (find, take, archive string) {
	other := m.email.is(`$1::text`) + ` AND NOT (` + m.proved() + `)`
	find = `SELECT m.` + m.id + `::text FROM ` + m.table + ` AS m WHERE ` + other + ` AND m.` + m.id + ` <> $2::text::` + m.idType
	if m.realm != "" {
		find += ` AND m.` + m.realm + ` = (SELECT w.` + m.realm + ` FROM ` + m.table + ` AS w WHERE w.` + m.id + ` = $2::text::` + m.idType + `)`
	}
	take = `
UPDATE ` + m.table + ` AS m
SET ` + m.email.column + ` = $3::text` + m.setUpdated() + `
FROM ` + theClock + `
WHERE m.` + m.id + ` = $4::text::` + m.idType + ` AND ` + other
	return find, take, archiveReleased
}

const archiveReleased = `
UPDATE ginauth.users AS u
SET session_epoch = u.session_epoch + 1, updated_at = clock.now,
	disabled_at = COALESCE(u.disabled_at, clock.now),
	delete_after = CASE WHEN u.disabled_at IS NULL THEN clock.now + $3::interval ELSE u.delete_after END
FROM ` + theClock + `
WHERE u.id = $1::uuid`
