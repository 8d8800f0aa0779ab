package store

import (
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// mapped is an app's own table of users, as the catalogue describes it. Every part that becomes SQL
// is quoted, or chosen from the types below.
type mapped struct {
	table, source string
	id, idType    string
	makesID       bool // the column has no default
	email         identifier
	username      identifier
	realm         string // empty: no such column
	hash          string
	hashRequired  bool   // the column is NOT NULL
	name          string // empty: no such column, also below
	verified      moment
	disabled      moment
	created       moment
	updated       moment
	always        map[string]bool // columns that an insertion must not leave out
}

// moment is a column that says whether something is so, or since when.
type moment struct{ column, kind string }

const (
	kindBool    = "boolean"
	kindNot     = "not boolean" // it is false if something is so
	kindWithout = "timestamp without time zone"
	kindWith    = "timestamp with time zone"
)

// read returns an expression for the time in a row m.
func (c moment) read() string {
	switch {
	case c.column == "":
		return `NULL::timestamptz`
	case c.kind == kindBool:
		return `CASE WHEN m.` + c.column + ` THEN timestamptz 'epoch' END`
	case c.kind == kindNot:
		return `CASE WHEN m.` + c.column + ` IS NOT TRUE THEN timestamptz 'epoch' END`
	case c.kind == kindWithout:
		return `m.` + c.column + ` AT TIME ZONE 'UTC'`
	}
	return `m.` + c.column
}

// write returns the value to store for a time, which may be NULL.
func (c moment) write(at string) string {
	switch c.kind {
	case kindBool:
		return `(` + at + `) IS NOT NULL`
	case kindNot:
		return `(` + at + `) IS NULL`
	case kindWithout:
		return `(` + at + `) AT TIME ZONE 'UTC'`
	}
	return at
}

// isID says whether an id has the spelling in which the column prints it.
func (m *mapped) isID(id driver.UserID) bool {
	text := string(id)
	switch m.idType {
	case "bigint", "integer", "smallint":
		n, err := strconv.ParseInt(text, 10, map[string]int{"bigint": 64, "integer": 32, "smallint": 16}[m.idType])
		return err == nil && strconv.FormatInt(n, 10) == text
	case "uuid":
		u, err := uuid.Parse(text)
		return err == nil && u.String() == text
	}
	return driver.CheckExternalID(id) == nil
}

// ofShadow returns an expression for the id of the app's row that belongs to the shadow row u. For
// a shadow row of another source it is NULL.
func (m *mapped) ofShadow() string {
	return `(CASE WHEN u.source = '` + m.source + `' AND u.realm = '' THEN u.external_id END)::` + m.idType
}

// isRow holds for m if it is the row of the shadow row u. A row that is a day younger than its
// shadow row has the key of an earlier one, which plain SQL has deleted. A day is more than the
// clocks and time zones of an app differ by.
func (m *mapped) isRow() string { return `m.` + m.id + ` = ` + m.ofShadow() + m.isOldEnough() }

func (m *mapped) isOldEnough() string {
	if m.created.column == "" {
		return ``
	}
	return ` AND (` + m.created.read() + ` > u.created_at + interval '1 day') IS NOT TRUE`
}

// dropEarlier returns a statement that deletes the shadow row of an earlier row.
func (m *mapped) dropEarlier() string {
	return `
DELETE FROM ginauth.users AS u
WHERE u.id = $1::uuid AND EXISTS (SELECT 1 FROM ` + m.table + ` AS m WHERE m.` + m.id + ` = ` + m.ofShadow() + `)
	AND NOT EXISTS (SELECT 1 FROM ` + m.table + ` AS m WHERE ` + m.isRow() + `)`
}

// join joins the row m to the shadow row u.
func (m *mapped) join() string {
	return `
JOIN ` + m.table + ` AS m ON ` + m.isRow()
}

// from selects the row m, with its shadow row u if there is one.
func (m *mapped) from() string {
	return `
FROM ` + m.table + ` AS m
LEFT JOIN ginauth.users AS u ON u.external_id = m.` + m.id + `::text AND u.source = '` + m.source + `' AND u.realm = ''` + m.isOldEnough()
}

// orphaned holds for the shadow row u if the row m is gone.
func (m *mapped) orphaned() string {
	return `u.source = '` + m.source + `' AND u.realm = '' AND NOT EXISTS (SELECT 1 FROM ` + m.table + ` AS m WHERE ` + m.isRow() + `)`
}

// enabled holds for m if its user is not disabled there.
func (m *mapped) enabled() string {
	switch m.disabled.kind {
	case "":
		return ``
	case kindBool:
		return ` AND m.` + m.disabled.column + ` IS NOT TRUE`
	case kindNot:
		return ` AND m.` + m.disabled.column + ` IS TRUE`
	}
	return ` AND m.` + m.disabled.column + ` IS NULL`
}

// identifier is a column that users log in with. Its zero value means that there is none.
type identifier struct {
	column, kind string
	lower        bool // the index is on lower(column), not on the column
	required     bool // the column is NOT NULL
	indexes      []string
}

// is returns a condition that m has the canonical form.
func (c identifier) is(parameter string) string {
	switch {
	case c.column == "":
		return parameter + ` IS NULL`
	case c.lower:
		return `lower(m.` + c.column + `) = ` + parameter
	}
	return `m.` + c.column + ` = ` + parameter + `::` + c.kind
}

// inRealm is a further condition that m is in the realm.
func (m *mapped) inRealm(parameter string) string {
	if m.realm == "" {
		return ` AND ` + parameter + ` = ''`
	}
	return ` AND m.` + m.realm + ` = ` + parameter
}

// ofRealm returns an expression for the realm of m.
func (m *mapped) ofRealm() string {
	if m.realm == "" {
		return `''`
	}
	return `m.` + m.realm + `::text`
}

func (c identifier) read() string {
	if c.column == "" {
		return `NULL::text`
	}
	return `m.` + c.column + `::text`
}

// taken returns the length of the name of the index that the error is about, or 0.
func (c identifier) taken(err error) (length int) {
	for _, index := range c.indexes {
		if violates(err, index) {
			length = max(length, len(index))
		}
	}
	return length
}

// taken returns the error for an identifier that another row has, or err. The name of one index may
// begin with the name of another.
func (m *mapped) taken(err error) error {
	email, username := m.email.taken(err), m.username.taken(err)
	switch {
	case email > username:
		return driver.ErrIdentifierTaken
	case username > 0:
		return driver.ErrUsernameTaken
	}
	return err
}

// keepsCapitals says whether an identifier is stored as it was typed.
func (c identifier) keepsCapitals() bool { return c.lower || strings.HasSuffix(c.kind, "citext") }

// write returns the value to store, or nil if there is none.
func (c identifier) write(typed, canonical string) any {
	switch {
	case typed == "":
		return nil
	case c.keepsCapitals():
		return typed
	}
	return canonical
}

func (m *mapped) disabledAt() string {
	return `COALESCE(u.disabled_at, ` + m.disabled.read() + `)`
}

// columns returns the columns in the order of User.read.
func (m *mapped) columns(extra []column) string {
	name := `''::text`
	if m.name != "" {
		name = `COALESCE(m.` + m.name + `::text, '')`
	}
	list := []string{
		`m.` + m.id + `::text`, m.email.read(), m.username.read(), name, m.verified.read(),
		m.disabledAt(), `COALESCE(u.must_change_password, FALSE)`, m.created.read(), m.updated.read(),
	}
	for _, c := range extra {
		list = append(list, `m.`+c.ident)
	}
	return strings.Join(list, ", ")
}

// found returns the columns where the shadow row is there, so that less has to be converted.
func (m *mapped) found(extra []column) string {
	columns := strings.Replace(m.columns(extra), `m.`+m.id+`::text`, `u.external_id`, 1)
	return strings.Replace(columns, `COALESCE(u.must_change_password, FALSE)`, `u.must_change_password`, 1)
}

func (m *mapped) statements(extra []column) userStatements {
	columns, found := m.columns(extra), m.found(extra)
	joined := func(from string) string {
		const users = `ginauth.users AS u`
		end := strings.Index(from, users) + len(users)
		if rest, ok := strings.CutPrefix(from[end:], ` ON u.id = k.user_id`); ok {
			end = len(from) - len(rest)
		}
		return from[:end] + m.join() + from[end:] + m.enabled()
	}
	return userStatements{
		columns:        columns,
		findUser:       `SELECT ` + columns + m.from() + ` WHERE m.` + m.id + ` = $1::text::` + m.idType,
		findCredential: `SELECT ` + m.goodHash() + `, ` + columns + m.from() + ` WHERE ` + m.email.is(`$1::text`) + m.inRealm(`$2::text`),
		findNamed:      `SELECT ` + m.goodHash() + `, ` + columns + m.from() + ` WHERE ` + m.username.is(`$1::text`) + m.inRealm(`$2::text`),
		findAdmitted:   `SELECT ` + found + joined(findAdmittedFrom),
		findKey:        `SELECT ` + found + joined(strings.Replace(findKeyFrom, keyOwner, `'`+known+`' || u.external_id`, 1)),
		findTokenUser:  `SELECT ` + found + joined(findTokenUserFrom),
		findByEmail:    `SELECT ` + columns + m.from() + ` WHERE ` + m.email.is(`$1::text`) + m.inRealm(`$2::text`),
		findByUsername: `SELECT ` + columns + m.from() + ` WHERE ` + m.username.is(`$1::text`) + m.inRealm(`$2::text`),
	}
}

// adapt changes a statement that reads the password, the identifier or the user, so that it reads
// the app's row.
func (m *mapped) adapt(statement string) string {
	row := `EXISTS (SELECT 1 FROM ` + m.table + ` AS m WHERE ` + m.isRow()
	for parameter, condition := range credentialIs {
		statement = strings.Replace(statement, condition,
			row+` AND (`+parameter+` IS NULL OR m.`+m.hash+`::text = `+parameter+`)`+m.enabled()+` FOR SHARE OF m)`, 1)
	}
	statement = strings.Replace(statement, identifierIs, `($7::text = '' OR `+row+` AND (`+m.email.is(`$7::text`)+` OR `+m.username.is(`$7::text`)+`)))`, 1)
	statement = m.adaptMail(statement)
	return strings.Replace(statement, userExists, `EXISTS (SELECT 1 FROM `+m.table+` AS m WHERE m.`+m.id+` = $4::text::`+m.idType+`)`, 1)
}

// credentialIs has the conditions that a password is still the user's, by the parameter with the
// hash.
var credentialIs = map[string]string{`$3::text`: credentialIs3, `$13::text`: credentialIs13}

const (
	credentialIs3  = `($3::text IS NULL OR u.password_hash = $3::text)`
	credentialIs13 = `($13::text IS NULL OR u.password_hash = $13::text)`
	identifierIs   = `($7::text = '' OR u.email_canonical = $7::text OR u.username_canonical = $7::text)`
	// userExists holds for every user if this database does not have the users.
	userExists = `$4::text <> ''`
)

// replaceHash returns the statement of Table.ReplaceHash.
func (m *mapped) replaceHash() string {
	set := m.hash + ` = $4::text`
	if m.updated.column != "" {
		set += `, ` + m.updated.column + ` = ` + m.updated.write(`clock.now`)
	}
	return `UPDATE ` + m.table + ` AS m SET ` + set + `
FROM ` + theClock + `
WHERE m.` + m.id + ` = $1::text::` + m.idType + ` AND m.` + m.hash + `::text = $3::text`
}

// quoted returns a quoted identifier.
func quoted(names ...string) string { return pgx.Identifier(names).Sanitize() }
