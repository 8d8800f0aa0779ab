package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// columnOf returns the column of an identifier, and whether its lower case must be unique.
func columnOf(identifier string) (name string, lower bool) {
	if rest, ok := strings.CutPrefix(identifier, "lower("); ok && strings.HasSuffix(rest, ")") {
		return strings.TrimSuffix(rest, ")"), true
	}
	return identifier, false
}

const findTable = `
SELECT c.oid, n.nspname, c.relname, c.relkind IN ('r', 'p'), CURRENT_USER::text,
	has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT') AND has_table_privilege(c.oid, 'UPDATE'),
	row_security_active(c.oid)
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.oid = to_regclass($1::text)`

// listColumns looks through domains to their types.
const listColumns = `
WITH RECURSIVE typed AS (
	SELECT a.attname, a.atttypid AS type, a.atttypmod AS typmod, a.attnotnull, a.atthasdef OR a.attidentity <> '' AS filled, a.attgenerated <> '' AS generated
	FROM pg_catalog.pg_attribute AS a
	WHERE a.attrelid = $1::oid AND a.attnum > 0 AND NOT a.attisdropped
	UNION ALL
	SELECT d.attname, t.typbasetype, CASE WHEN d.typmod < 0 THEN t.typtypmod ELSE d.typmod END, d.attnotnull OR t.typnotnull, d.filled OR t.typdefault IS NOT NULL, d.generated
	FROM typed AS d
	JOIN pg_catalog.pg_type AS t ON t.oid = d.type
	WHERE t.typtype = 'd'
)
SELECT d.attname, format_type(d.type, NULL), CASE WHEN d.type = 'varchar'::regtype AND d.typmod >= 0 THEN d.typmod - 4 ELSE -1 END,
	d.attnotnull, d.filled, d.generated
FROM typed AS d
JOIN pg_catalog.pg_type AS t ON t.oid = d.type
WHERE t.typtype <> 'd'`

// listChecks lists what the domains of a column and the constraints on it alone demand. In both,
// VALUE stands for the value.
const listChecks = `
WITH RECURSIVE typed AS (
	SELECT a.atttypid AS type
	FROM pg_catalog.pg_attribute AS a
	WHERE a.attrelid = $1::oid AND a.attname = $2::text
	UNION ALL
	SELECT t.typbasetype
	FROM typed AS d
	JOIN pg_catalog.pg_type AS t ON t.oid = d.type
	WHERE t.typtype = 'd'
)
SELECT c.conname, pg_get_expr(c.conbin, c.conrelid), 'VALUE'
FROM typed AS d
JOIN pg_catalog.pg_constraint AS c ON c.contypid = d.type
WHERE c.contype = 'c'
UNION ALL
SELECT c.conname, pg_get_expr(c.conbin, c.conrelid), a.attname
FROM pg_catalog.pg_constraint AS c
JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.conrelid AND c.conkey = ARRAY[a.attnum]
WHERE c.conrelid = $1::oid AND c.contype = 'c' AND a.attname = $2::text`

// listUnique lists the columns and expressions, and pairs of them, that have a unique index of their
// own, and whether it is at any time one of the whole table.
const listUnique = `
SELECT pg_get_indexdef(i.indexrelid, 1, TRUE) || CASE WHEN i.indnkeyatts = 2 THEN ', ' || pg_get_indexdef(i.indexrelid, 2, TRUE) ELSE '' END,
	c.relname, i.indisvalid AND i.indimmediate AND i.indpred IS NULL
FROM pg_catalog.pg_index AS i
JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
WHERE i.indrelid = $1::oid AND i.indisunique AND i.indnkeyatts <= 2`

// inspection is the catalogue's description of a table, and its faults.
type inspection struct {
	table   string // quoted
	columns map[string]tableColumn
	unique  map[string]bool     // columns, expressions and pairs of them that are unique
	indexes map[string][]string // from one of these to all unique indexes
	realm   string              // the name of the column, or empty
	faults  []error
	oid     uint32
}

type tableColumn struct {
	kind      string
	longest   int // -1: any
	mandatory bool
	filled    bool // by a default
	generated bool
}

func (i *inspection) fault(format string, args ...any) {
	i.faults = append(i.faults, fmt.Errorf(format, args...)) //nolint:err113 // sentences for whoever starts the app
}

// inspect reads the catalogue, and returns the table or all its faults.
func inspect(ctx context.Context, conn Conn, table string, c Columns, extra []column, o options) (*mapped, error) {
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	i, m := &inspection{columns: map[string]tableColumn{}, unique: map[string]bool{}, indexes: map[string][]string{}}, &mapped{}
	if err := i.read(ctx, conn, table, m); err != nil {
		return nil, err
	}
	if o.source != "" {
		m.source = o.source
	} else if err := checkSource(m.source); err != nil {
		i.fault("the table's name cannot be the source of its users: give them one by WithSource: %w", err)
	}
	i.identify(m, c)
	i.details(m, c)
	i.rest(extra, m)
	i.checks(ctx, conn, c.PasswordHash)
	for _, id := range []identifier{m.email, m.username} {
		if len(i.faults) == 0 && id.column != "" && !id.keepsCapitals() {
			i.capitals(ctx, conn, m, id)
		}
	}
	return m, errors.Join(i.faults...)
}

func (i *inspection) read(ctx context.Context, conn Conn, table string, m *mapped) error {
	var schema, name, role string
	var isTable, allowed, hides bool
	err := conn.QueryRow(ctx, findTable, table).Scan(&i.oid, &schema, &name, &isTable, &role, &allowed, &hides)
	var refused *pgconn.PgError
	switch {
	case errors.Is(err, pgx.ErrNoRows) || errors.As(err, &refused):
		return fmt.Errorf("there is no table %s that the role may see: spell it as in SQL, with its schema", table)
	case err != nil:
		return fmt.Errorf("reading the catalogue: %w", err)
	case !isTable:
		return fmt.Errorf("%s is no table: give the table that the view is made of", table)
	}
	i.table, m.table, m.source = quoted(schema, name), quoted(schema, name), schema+"."+name
	if !allowed {
		i.fault("the role may not use the table: GRANT SELECT, INSERT, UPDATE ON %s TO %s", i.table, quoted(role))
	}
	if hides {
		i.fault("row level security decides which rows of %s the role sees, so that users would be unknown: ALTER ROLE %s BYPASSRLS, or connect as the owner of the table", i.table, quoted(role))
	}
	rows, err := conn.Query(ctx, listColumns, i.oid)
	if err != nil {
		return fmt.Errorf("reading the catalogue: %w", err)
	}
	var of string
	var col tableColumn
	_, err = pgx.ForEachRow(rows, []any{&of, &col.kind, &col.longest, &col.mandatory, &col.filled, &col.generated}, func() error {
		i.columns[of] = col
		return nil
	})
	if err != nil {
		return fmt.Errorf("reading the catalogue: %w", err)
	}
	rows, err = conn.Query(ctx, listUnique, i.oid)
	if err != nil {
		return fmt.Errorf("reading the catalogue: %w", err)
	}
	var on, index string
	var whole bool
	_, err = pgx.ForEachRow(rows, []any{&on, &index, &whole}, func() error {
		on = unquoted(on)
		i.unique[on] = i.unique[on] || whole
		i.indexes[on] = append(i.indexes[on], index)
		return nil
	})
	if err != nil {
		return fmt.Errorf("reading the catalogue: %w", err)
	}
	return nil
}

// unquoted undoes the quotes of identifiers.
func unquoted(expression string) string {
	const quote = "\x00"
	return strings.ReplaceAll(strings.ReplaceAll(strings.ReplaceAll(expression, `""`, quote), `"`, ``), quote, `"`)
}

// column returns the quoted name of a column, which must have one of these types.
func (i *inspection) column(field, name string, kinds ...string) (ident string, col tableColumn) {
	col, ok := i.columns[name]
	switch {
	case name == "":
		i.fault("Columns.%s is empty: name the column of %s", field, i.table)
	case !ok:
		i.fault("%s has no column %s: mend Columns.%s, or add the column", i.table, name, field)
	case !slices.ContainsFunc(kinds, func(kind string) bool {
		return kind == col.kind || kind == "citext" && strings.HasSuffix(col.kind, kind)
	}):
		i.fault("the column %s of %s is of the type %s: Columns.%s takes %s", name, i.table, col.kind, field, strings.Join(kinds, ", "))
	case col.generated:
		i.fault("the column %s of %s is generated from others, so that it cannot be written: name one of those as Columns.%s", name, i.table, field)
	}
	return quoted(name), col
}

// wantUnique reports a fault unless one of the spellings has a unique index.
func (i *inspection) wantUnique(wanted string, spellings ...string) {
	for _, on := range spellings {
		if i.unique[on] {
			return
		}
	}
	i.fault("%s has no unique index on %s for all rows: CREATE UNIQUE INDEX CONCURRENTLY ON %s (%s)", i.table, wanted, i.table, wanted)
}

// The longest texts, in characters. A hash of package password with its largest parameters has 103.
const (
	longestEmail    = 254 // of driver.CanonicalEmail
	longestUsername = 64  // of driver.CanonicalUsername
	longestName     = 200 // of ginauth.Registration
	longestHash     = 128
)

// pair returns what must be unique together, in either order: with realms, an identifier and the
// realm.
func (i *inspection) pair(identifier, realm string) []string {
	if i.realm == "" {
		return []string{identifier}
	}
	return []string{identifier + ", " + realm, realm + ", " + identifier}
}

func (i *inspection) pairs(identifiers ...string) (all []string) {
	for _, of := range identifiers {
		all = append(all, i.pair(of, i.realm)...)
	}
	return all
}

func (i *inspection) identify(m *mapped, c Columns) {
	ident, col := i.column("ID", c.ID, "bigint", "integer", "smallint", "uuid", "text", "character varying")
	m.id, m.idType = ident, col.kind
	if _, exists := i.columns[c.ID]; exists {
		i.wantUnique(ident, c.ID)
		switch {
		case col.filled:
		case col.kind == "uuid":
			m.makesID = true
		default:
			i.fault("the column %s of %s has no default, so that nobody can sign up: ALTER TABLE %s ALTER COLUMN %s ADD GENERATED BY DEFAULT AS IDENTITY, or give it another default", c.ID, i.table, i.table, ident)
		}
	}
	if c.Email == "" && c.Username == "" {
		i.fault("Columns.Email and Columns.Username are empty: name the column of %s that users log in with", i.table)
	}
	if c.Realm != "" {
		m.realm, _ = i.column("Realm", c.Realm, "text", "character varying")
		i.realm = c.Realm
	}
	m.email, m.username = i.identifier("Email", c.Email, longestEmail), i.identifier("Username", c.Username, longestUsername)
}

// roomFor demands that a column can hold what may be written to it.
func (i *inspection) roomFor(name string, col tableColumn, longest int) {
	if col.longest >= 0 && col.longest < longest {
		i.fault("the column %s of %s holds %d characters, and needs to hold %d: ALTER TABLE %s ALTER COLUMN %s TYPE text", name, i.table, col.longest, longest, i.table, quoted(name))
	}
}

func (i *inspection) identifier(field, given string, longest int) identifier {
	if given == "" {
		return identifier{}
	}
	name, lower := columnOf(given)
	ident, col := i.column(field, name, "text", "character varying", "citext")
	i.roomFor(name, col, longest)
	id := identifier{column: ident, kind: col.kind, lower: lower, required: col.mandatory}
	lowered := []string{"lower(" + name + ")", "lower(" + name + "::text)", "lower((" + name + ")::text)"}
	switch _, exists := i.columns[name]; {
	case !exists:
	case lower:
		i.wantUnique(i.pair("lower("+ident+")", quoted(i.realm))[0], i.pairs(lowered...)...)
	default:
		i.wantUnique(i.pair(ident, quoted(i.realm))[0], i.pairs(name)...)
	}
	all := append(lowered, name)
	for _, on := range append(all, i.pairs(all...)...) { // a taken identifier violates any of them
		id.indexes = append(id.indexes, i.indexes[on]...)
	}
	for _, on := range all {
		if i.realm != "" && len(i.indexes[on]) > 0 {
			i.fault("the index %s makes %s unique in all realms together: DROP INDEX CONCURRENTLY it", quoted(i.indexes[on][0]), ident)
		}
	}
	return id
}

func (i *inspection) details(m *mapped, c Columns) {
	ident, col := i.column("PasswordHash", c.PasswordHash, "text", "character varying")
	m.hash, m.hashRequired = ident, col.mandatory
	i.roomFor(c.PasswordHash, col, longestHash)
	if c.Name != "" {
		m.name, col = i.column("Name", c.Name, "text", "character varying", "citext")
		i.roomFor(c.Name, col, longestName)
	}
	for _, t := range []struct {
		field, name string
		to          *moment
		kinds       []string
	}{
		{"VerifiedAt", c.VerifiedAt, &m.verified, []string{kindWith, kindWithout, kindBool}},
		{"DisabledAt", c.DisabledAt, &m.disabled, []string{kindWith, kindWithout, kindBool}},
		{"CreatedAt", c.CreatedAt, &m.created, []string{kindWith, kindWithout}},
		{"UpdatedAt", c.UpdatedAt, &m.updated, []string{kindWith, kindWithout}},
	} {
		if t.name != "" {
			name, negated := strings.CutPrefix(t.name, negation)
			if negated {
				t.kinds = []string{kindBool}
			}
			ident, col := i.column(t.field, name, t.kinds...)
			if *t.to = (moment{ident, col.kind}); negated {
				t.to.kind = kindNot
			}
			if col.mandatory && (col.kind == kindWith || col.kind == kindWithout) && slices.Contains(t.kinds, kindBool) {
				i.fault("the column %s of %s is NOT NULL, so that every user would count as if it had happened: ALTER TABLE %s ALTER COLUMN %s DROP NOT NULL, or leave Columns.%s empty", t.name, i.table, i.table, ident, t.field)
			}
		}
	}
}

// rest checks the other columns.
func (i *inspection) rest(extra []column, m *mapped) {
	given := []string{m.id, m.email.column, m.username.column, m.realm, m.hash, m.name, m.verified.column, m.disabled.column, m.created.column, m.updated.column}
	for _, e := range extra {
		given = append(given, e.ident)
	}
	for _, e := range extra {
		if !slices.ContainsFunc(i.names(), func(name string) bool { return quoted(name) == e.ident }) {
			i.fault("%s has no column %s for a field of the user type: add it, or leave the field out by db:\"-\"", i.table, e.ident)
		}
	}
	m.always = map[string]bool{}
	for _, name := range i.names() {
		col := i.columns[name]
		m.always[quoted(name)] = col.mandatory && !col.filled
		if col.mandatory && !col.filled && !slices.Contains(given, quoted(name)) {
			i.fault("the column %s of %s is NOT NULL and has no default, so that nobody can sign up: give it a default, or the user type a field for it", name, i.table)
		}
	}
}

func (i *inspection) names() (names []string) {
	for name := range i.columns {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// checks tries a hash as package password makes it with what the column demands.
func (i *inspection) checks(ctx context.Context, conn Conn, name string) {
	const domains = "VALUE" // what the checks of a domain call the value
	const hash = `$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$c29tZXRhZ3NvbWV0YWdzb21ldGFnc29tZXRhZzEyMzQ`
	rows, err := conn.Query(ctx, listChecks, i.oid, name)
	if err != nil {
		i.fault("reading the catalogue: %w", err)
		return
	}
	type check struct{ Name, Demands, Of string }
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[check])
	if err != nil {
		i.fault("reading the catalogue: %w", err)
	}
	for _, c := range list {
		demanded, of := c.Demands, quoted(c.Of)
		if c.Of == domains {
			demanded, of = strings.ReplaceAll(demanded, domains, `given.value`), `value`
		}
		var good *bool
		err := conn.QueryRow(ctx, `SELECT (`+demanded+`) FROM (SELECT $1::text AS `+of+`) AS given`, hash).Scan(&good)
		if err == nil && good != nil && !*good { // a check that cannot be tried decides for itself
			i.fault("the constraint %s refuses what is written to the column %s of %s, such as %s: drop it, or let it accept that", c.Name, name, i.table, hash[:len(`$argon2id$v=19`)])
		}
	}
}

// capitals checks the first rows: an address with capital letters would never be found.
func (i *inspection) capitals(ctx context.Context, conn Conn, m *mapped, id identifier) {
	var some bool
	err := conn.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM (SELECT m.`+id.column+`::text AS text FROM `+m.table+` AS m LIMIT 10000) AS first WHERE first.text <> lower(first.text))`).Scan(&some)
	switch {
	case err != nil:
		i.fault("reading the table: %w", err)
	case some:
		i.fault("the column %s of %s has capital letters, so that users would not be found: write lower(%s), with a unique index on that, or change them to lower case", id.column, i.table, id.column)
	}
}
