package store

import (
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// mapped is an app's own table of users, as the catalogue describes it. Everything that becomes part of a statement is
// quoted, or made from a type of the list below.
type mapped struct {
	table, source string
	id, idType    string
	makesID       bool // the column has no default
	email         string
	emailType     string
	lower         bool // lower(email) is unique
	emailIndex    string
	hash          string
	name          string // empty: none, as all that follow
	verified      moment
	disabled      moment
	created       moment
	updated       moment
}

// moment is a column that says since when something is so, or that it is.
type moment struct{ column, kind string }

const (
	kindBool    = "boolean"
	kindWithout = "timestamp without time zone"
	kindWith    = "timestamp with time zone"
)

// read is the time of a row m.
func (c moment) read() string {
	switch {
	case c.column == "":
		return `NULL::timestamptz`
	case c.kind == kindBool:
		return `CASE WHEN m.` + c.column + ` THEN timestamptz 'epoch' END`
	case c.kind == kindWithout:
		return `m.` + c.column + ` AT TIME ZONE 'UTC'`
	}
	return `m.` + c.column
}

// write is the value for a time, which may be NULL.
func (c moment) write(at string) string {
	switch c.kind {
	case kindBool:
		return `(` + at + `) IS NOT NULL`
	case kindWithout:
		return `(` + at + `) AT TIME ZONE 'UTC'`
	}
	return at
}

// isID tells whether an id is in the one spelling in which the column prints it.
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

// ofShadow is the value of the id's column for the shadow row u. A row of another source has none.
func (m *mapped) ofShadow() string {
	return `(CASE WHEN u.source = '` + m.source + `' AND u.realm = '' THEN u.external_id END)::` + m.idType
}

// join adds the row m to the shadow row u.
func (m *mapped) join() string {
	return `
JOIN ` + m.table + ` AS m ON m.` + m.id + ` = ` + m.ofShadow()
}

// from is the row m, with the shadow row u where there is one.
func (m *mapped) from() string {
	return `
FROM ` + m.table + ` AS m
LEFT JOIN ginauth.users AS u ON u.external_id = m.` + m.id + `::text AND u.source = '` + m.source + `' AND u.realm = ''`
}

// enabled holds for m while its user is not disabled there.
func (m *mapped) enabled() string {
	switch m.disabled.kind {
	case "":
		return ``
	case kindBool:
		return ` AND m.` + m.disabled.column + ` IS NOT TRUE`
	}
	return ` AND m.` + m.disabled.column + ` IS NULL`
}

// hasEmail holds for m where the canonical address is its.
func (m *mapped) hasEmail(parameter string) string {
	if m.lower {
		return `lower(m.` + m.email + `) = ` + parameter
	}
	return `m.` + m.email + ` = ` + parameter + `::` + m.emailType
}

// columns are in the order of User.read.
func (m *mapped) columns(extra []column) string {
	name := `''::text`
	if m.name != "" {
		name = `COALESCE(m.` + m.name + `::text, '')`
	}
	list := []string{
		`m.` + m.id + `::text`, `m.` + m.email + `::text`, `NULL::text`, name, m.verified.read(),
		`COALESCE(u.disabled_at, ` + m.disabled.read() + `)`, m.created.read(), m.updated.read(),
	}
	for _, c := range extra {
		list = append(list, `m.`+c.ident)
	}
	return strings.Join(list, ", ")
}

func (m *mapped) statements(extra []column) userStatements {
	columns := m.columns(extra)
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
		findCredential: `SELECT m.` + m.hash + `::text, ` + columns + m.from() + ` WHERE ` + m.hasEmail(`$1::text`),
		findAdmitted:   `SELECT ` + columns + joined(findAdmittedFrom),
		findKey:        `SELECT ` + columns + joined(strings.Replace(findKeyFrom, keyOwner, `'`+known+`' || u.external_id`, 1)),
		findTokenUser:  `SELECT ` + columns + joined(findTokenUserFrom),
	}
}

// adapt makes a statement that asks for the password, for the identifier, or for the user, ask the app's row.
func (m *mapped) adapt(statement string) string {
	row := `EXISTS (SELECT 1 FROM ` + m.table + ` AS m WHERE m.` + m.id + ` = ` + m.ofShadow()
	for parameter, condition := range credentialIs {
		statement = strings.Replace(statement, condition,
			row+` AND (`+parameter+` IS NULL OR m.`+m.hash+`::text = `+parameter+`)`+m.enabled()+` FOR SHARE OF m)`, 1)
	}
	statement = strings.Replace(statement, identifierIs, `($7::text = '' OR `+row+` AND `+m.hasEmail(`$7::text`)+`))`, 1)
	return strings.Replace(statement, userExists, `EXISTS (SELECT 1 FROM `+m.table+` AS m WHERE m.`+m.id+` = $4::text::`+m.idType+`)`, 1)
}

// credentialIs are the conditions that a password is still the user's, by the parameter that has it.
var credentialIs = map[string]string{`$3::text`: credentialIs3, `$13::text`: credentialIs13}

const (
	credentialIs3  = `($3::text IS NULL OR u.password_hash = $3::text)`
	credentialIs13 = `($13::text IS NULL OR u.password_hash = $13::text)`
	identifierIs   = `($7::text = '' OR u.email_canonical = $7::text OR u.username_canonical = $7::text)`
	// userExists holds for everybody, where the users are not in this database.
	userExists = `$4::text <> ''`
)

// replaceHash is the statement of Table.ReplaceHash.
func (m *mapped) replaceHash() string {
	set := m.hash + ` = $4::text`
	if m.updated.column != "" {
		set += `, ` + m.updated.column + ` = ` + m.updated.write(`clock.now`)
	}
	return `UPDATE ` + m.table + ` AS m SET ` + set + `
FROM ` + theClock + `
WHERE m.` + m.id + ` = $1::text::` + m.idType + ` AND m.` + m.hash + `::text = $3::text`
}

// quoted is an identifier of the catalogue.
func quoted(names ...string) string { return pgx.Identifier(names).Sanitize() }
