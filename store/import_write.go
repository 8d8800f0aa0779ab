package store

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store/internal/wire"
)

// importTimeout bounds one batch, unless WithTimeout allows more. It is far above what 1000 rows
// take.
const importTimeout = time.Minute

// write decides about the rows of the batch that are not refused yet. It does not end with ctx, so
// that an interruption leaves no batch half way.
func (im *importer[U]) write(ctx context.Context) error {
	var rows []*importedRow
	for _, r := range im.batch {
		if r.refusal == nil {
			rows = append(rows, r)
		}
	}
	if len(rows) == 0 {
		return nil
	}
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), max(importTimeout, im.db.caller.timeout)) // SEC-157
	defer cancel()
	var events []driver.Event
	var refused *refusal
	err := translate(limited, "importing users", im.db.caller.doWithin(limited, func(ctx context.Context, conn Conn) (err error) {
		for _, r := range rows { // a try before this one may have decided
			r.present, r.refusal = false, nil
		}
		refused = nil
		events, err = im.settle(ctx, conn, rows)
		errors.As(err, &refused)
		return err
	}))
	switch {
	case refused != nil && !errors.Is(err, driver.ErrUnavailable):
		return refused.error
	case err == nil && im.options.Hooks:
		im.db.callAfterEvent(ctx, events...)
	}
	return err
}

// settle looks the rows up and stores those that are new. It returns their events if hooks are
// called.
func (im *importer[U]) settle(ctx context.Context, conn Conn, rows []*importedRow) (events []driver.Event, err error) {
	fresh, err := im.lookUp(ctx, conn, rows)
	if err != nil || len(fresh) == 0 || im.options.DryRun {
		return nil, err
	}
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		stored, err := im.insert(ctx, tx, fresh)
		if err != nil {
			return err
		}
		events, err = im.follow(ctx, tx, stored)
		return err
	})
	return events, err
}

// findImported asks for the oldest event of each user, so that the users' later events cost nothing.
const findImported = `
SELECT u.id, COALESCE(u.email_canonical, ''), COALESCE(u.username_canonical, ''), COALESCE((
	SELECT e.detail->>'import' FROM ginauth.events AS e
	WHERE e.user_id = u.id AND e.kind = '` + string(driver.UserCreated) + `' AND e.outcome = '` + string(driver.Success) + `'
	ORDER BY e.at LIMIT 1), '')
FROM ginauth.users AS u
WHERE u.email_canonical = ANY ($1::text[]) AND u.realm = $4::text OR u.id = ANY ($2::text[]::uuid[])
	OR u.username_canonical = ANY ($3::text[]) AND u.realm = $4::text`

// lookUp finds the accounts that the rows' addresses and ids have, and returns the rows that are
// new.
func (im *importer[U]) lookUp(ctx context.Context, conn Conn, rows []*importedRow) (fresh []*importedRow, err error) {
	type account struct{ id, mark string }
	addresses, ids, names := make([]string, len(rows)), make([]string, len(rows)), []string{}
	for i, r := range rows {
		addresses[i], ids[i] = r.canonical, r.id
		if r.named != "" {
			names = append(names, r.named)
		}
	}
	found, err := conn.Query(ctx, findImported, addresses, ids, names, im.realm)
	if err != nil {
		return nil, err
	}
	byIdentifier, byID := map[string]account{}, map[string]account{}
	var a account
	var address, name string
	if _, err := pgx.ForEachRow(found, []any{wire.UUID(&a.id), &address, &name, &a.mark}, func() error {
		byIdentifier[address], byIdentifier[name], byID[a.id] = a, a, a
		return nil
	}); err != nil {
		return nil, err
	}
	delete(byIdentifier, "")
	for _, r := range rows {
		kept, known := byID[r.id]
		what := "address"
		has, taken := byIdentifier[r.canonical]
		if !taken {
			what = "username"
			has, taken = byIdentifier[r.named]
		}
		switch {
		case known && kept.mark == r.mark(kept.id), taken && has.mark == r.mark(has.id):
			r.present = true
		case taken && has.mark != "":
			r.refuse("conflict", "the "+what+" has an account, imported from a row that said something else")
		case taken:
			r.refuse("conflict", "the "+what+" has an account that no import has made, or too long ago")
		case known:
			r.refuse("conflict", "the id has another account")
		default:
			fresh = append(fresh, r)
		}
	}
	return fresh, nil
}

// The names of the app's own columns and the rows go between these parts. DEFAULT is NULL for the
// columns of ginauth that a row may lack.
const (
	insertImported = `
INSERT INTO ginauth.users AS u (updated_at, realm, id, email, email_canonical, name, password_hash, verified_at, disabled_at, created_at, username, username_canonical, must_change_password`
	insertImportedValues = `)
VALUES `
	importedOnce = `
ON CONFLICT DO NOTHING
RETURNING u.id`
)

// insert stores the rows and returns those that are stored. If the database refuses one, it stores
// the halves of the rows apart, until only that row is refused.
func (im *importer[U]) insert(ctx context.Context, tx pgx.Tx, rows []*importedRow) (stored []*importedRow, err error) {
	err = pgx.BeginFunc(ctx, tx, func(tx pgx.Tx) error {
		stored, err = im.insertAll(ctx, tx, rows)
		return err
	})
	reason := refusedRow(err)
	switch {
	case reason == "":
		return stored, err
	case len(rows) == 1:
		rows[0].refuse("constraint", reason)
		return nil, nil
	}
	middle := len(rows) / 2
	first, err := im.insert(ctx, tx, rows[:middle])
	if err != nil {
		return nil, err
	}
	second, err := im.insert(ctx, tx, rows[middle:])
	return append(first, second...), err
}

func (im *importer[U]) insertAll(ctx context.Context, tx pgx.Tx, rows []*importedRow) (stored []*importedRow, err error) {
	statement, args := im.insertion(rows)
	inserted, err := tx.Query(ctx, statement, append([]any{pgx.QueryExecModeDescribeExec}, args...)...)
	if err != nil {
		return nil, err
	}
	ids := map[string]bool{}
	var id string
	if _, err := pgx.ForEachRow(inserted, []any{wire.UUID(&id)}, func() error { ids[id] = true; return nil }); err != nil {
		return nil, err
	}
	var raced []*importedRow
	for _, r := range rows {
		if ids[r.id] {
			stored = append(stored, r)
		} else {
			raced = append(raced, r)
		}
	}
	if len(raced) == 0 {
		return stored, nil
	}
	raced, err = im.lookUp(ctx, tx, raced)
	for _, r := range raced {
		r.refuse("conflict", "a unique index of the app's own has a row with one of the values")
	}
	return stored, err
}

// importedParameters is the largest number of parameters of one row.
func (d *DB[U]) importedParameters() int { return len(importedCasts) + len(d.layout.extra) }

// importedCasts are of the values of a row, up to the app's own columns.
var importedCasts = []string{"::uuid", "::text", "::text", "::text", "::text", "::timestamptz", "::timestamptz", "::timestamptz", "::text", "::text", "::boolean"}

const importClock = `COALESCE($1::timestamptz, now())`

// insertion is not prepared by name: it would be kept for every length and every set of defaults.
func (im *importer[U]) insertion(rows []*importedRow) (statement string, args []any) {
	var columns, values strings.Builder
	for _, c := range im.db.layout.extra {
		columns.WriteString(", " + c.ident)
	}
	args = []any{im.db.clock(), im.realm}
	for i, r := range rows {
		if i > 0 {
			values.WriteString(",\n")
		}
		values.WriteString("(" + importClock + ", $2::text")
		for i, value := range r.values {
			switch value.(type) {
			case nil:
				values.WriteString(", DEFAULT")
				continue
			case importTime:
				values.WriteString(", " + importClock)
				continue
			}
			args = append(args, value)
			values.WriteString(", $" + strconv.Itoa(len(args)))
			if i < len(importedCasts) {
				values.WriteString(importedCasts[i])
			}
		}
		values.WriteString(")")
	}
	return insertImported + columns.String() + insertImportedValues + values.String() + importedOnce, args
}

const insertImportedEvents = `
INSERT INTO ginauth.events ` + eventColumns + `
SELECT COALESCE($1::timestamptz, now()), $2::text, $3::text, r.user_id::uuid, $5::uuid, $6::text, $7::text, $8::text, $9::inet, $10::text, r.detail::jsonb
FROM unnest($4::text[], $11::text[]) AS r (user_id, detail)`

// follow writes the events of new users and queues their mails. With hooks, it runs them.
func (im *importer[U]) follow(ctx context.Context, tx pgx.Tx, stored []*importedRow) (events []driver.Event, err error) {
	if len(stored) == 0 {
		return nil, nil
	}
	var b pgx.Batch
	if im.options.Hooks {
		for _, r := range stored {
			events = append(events, importEvent(ctx, r))
		}
		if err := im.callAfterCreate(ctx, tx, stored); err != nil {
			return nil, err
		}
		if err := im.db.recordAll(ctx, tx, events); err != nil {
			return nil, err
		}
	} else if err := im.queueEvents(ctx, &b, stored); err != nil {
		return nil, err
	}
	for _, r := range stored {
		if !im.options.Mail || !r.unproved() {
			continue
		}
		args, err := im.db.order(ctx, driver.MailOrder{Kind: driver.MailVerify, Email: r.email, Canonical: r.canonical})
		if err != nil {
			return nil, err
		}
		b.Queue(queueMail, args...)
	}
	return events, tx.SendBatch(ctx, &b).Close()
}

func importEvent(ctx context.Context, r *importedRow) driver.Event {
	e := driver.NewEvent(ctx, driver.UserCreated, driver.UserID(r.id))
	return detailed(e, "import", r.mark(r.id))
}

// queueEvents writes the events in one statement: they differ in user and detail alone.
func (im *importer[U]) queueEvents(ctx context.Context, b *pgx.Batch, stored []*importedRow) error {
	const user, detail = 3, 10 // of eventArgs
	users, details := make([]string, len(stored)), make([]string, len(stored))
	var args []any
	for i, r := range stored {
		e := importEvent(ctx, r)
		of, err := im.db.eventArgs(ctx, e)
		if err != nil {
			return err
		}
		args, users[i] = of, string(e.User)
		details[i], _ = of[detail].(string)
	}
	args[user], args[detail] = users, details
	b.Queue(insertImportedEvents, args...)
	return nil
}

func (im *importer[U]) callAfterCreate(ctx context.Context, tx pgx.Tx, stored []*importedRow) error {
	if im.db.afterCreate == nil {
		return nil
	}
	for _, r := range stored {
		var u U
		key, _ := parseID(r.id)
		if err := im.db.scan(tx.QueryRow(ctx, im.db.statements.findUser, key), &u); err != nil {
			return err
		}
		if err := im.db.callAfterCreate(ctx, tx, u); err != nil {
			return err
		}
	}
	return nil
}

// refusedRow says why the database refuses a row for what is in it, and "" for any other error. Of
// PostgreSQL's texts it repeats those alone that name the constraint and hold no value.
func refusedRow(err error) string {
	var refused *pgconn.PgError
	if !errors.As(err, &refused) {
		return ""
	}
	switch {
	case strings.HasPrefix(refused.Code, classIntegrity):
		return refused.Message
	case strings.HasPrefix(refused.Code, classData):
		return "a value does not fit its column (SQLSTATE " + refused.Code + ")"
	case refused.Code == codeRaised:
		return "a trigger of the app's own refuses the row (SQLSTATE " + refused.Code + ")"
	}
	return ""
}
