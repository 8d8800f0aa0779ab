package store

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/password"
)

// CreateUser works as DB.CreateUser. If the unique index is on the column itself, the address is
// stored in lower case.
func (t *Table[U]) CreateUser(ctx context.Context, n driver.NewUser, fill func(*U) error) (U, error) {
	var none U
	if err := t.inRealm(ctx); err != nil {
		return none, err
	}
	u, err := t.filled(n, fill)
	if err != nil {
		return none, err
	}
	err = t.doThenRecord(ctx, "creating a user", func(ctx context.Context, tx pgx.Tx) (driver.Event, error) {
		id, err := t.insertRow(ctx, tx, n, &u)
		if err != nil {
			return unchanged, err
		}
		if err := t.db.askForProof(ctx, tx, n); err != nil {
			return unchanged, err
		}
		return driver.NewUserEvent(ctx, driver.UserCreated, id), t.db.callAfterCreate(ctx, tx, u)
	})
	switch {
	case errors.Is(err, driver.ErrUsernameTaken):
		return none, driver.ErrUsernameTaken
	case errors.Is(err, driver.ErrIdentifierTaken):
		return none, driver.ErrIdentifierTaken
	case err != nil:
		return none, err
	}
	return u, nil
}

// filled returns the new user after fill has edited it.
func (t *Table[U]) filled(n driver.NewUser, fill func(*U) error) (U, error) {
	var none, u U
	m := t.shadows.table
	if n.Username != "" && m.username.column == "" || n.Email != "" && m.email.column == "" {
		return none, fmt.Errorf("creating a user: the table has no column for what the user logs in with: %w", errors.ErrUnsupported)
	}
	base := t.db.layout.user(reflect.ValueOf(&u).Elem())
	if n.Username != "" {
		base.Username = &n.Username
	}
	base.Email, base.Name = n.Email, n.Name
	if m.makesID {
		id, err := uuid.NewV7()
		if err != nil {
			return none, err
		}
		base.ID = driver.UserID(id.String())
	}
	if fill != nil {
		if err := fill(&u); err != nil {
			return none, err
		}
	}
	return u, nil
}

// insertRow writes the app's row and reads it back.
func (t *Table[U]) insertRow(ctx context.Context, tx pgx.Tx, n driver.NewUser, u *U) (driver.UserID, error) {
	statement, args := t.insertion(driver.Realm(ctx), n, u)
	err := t.db.scan(tx.QueryRow(ctx, statement, args...), u)
	if err != nil {
		return "", t.shadows.table.taken(err)
	}
	return t.db.layout.user(reflect.ValueOf(u).Elem()).ID, nil
}

// insertion leaves out columns at their zero value, so that the table's defaults apply.
func (t *Table[U]) insertion(realm string, n driver.NewUser, u *U) (statement string, args []any) {
	m, v := t.shadows.table, reflect.ValueOf(u).Elem()
	columns, values := []string{}, []string{}
	args = []any{t.clock()}
	add := func(column, value string) {
		columns, values = append(columns, column), append(values, value)
	}
	parameter := func(value any, kind string) string {
		args = append(args, value)
		return `$` + strconv.Itoa(len(args)) + kind
	}
	const now = `(SELECT clock.now FROM clock)`
	if m.email.column != "" {
		add(m.email.column, parameter(m.email.write(n.Email, n.Canonical), `::text`))
	}
	if m.username.column != "" {
		add(m.username.column, parameter(m.username.write(n.Username, n.CanonicalUsername), `::text`))
	}
	if m.realm != "" {
		add(m.realm, parameter(realm, `::text`))
	}
	if !n.Hash.IsZero() {
		add(m.hash, parameter(n.Hash.Reveal(), `::text`))
	} else {
		add(m.hash, m.noHash())
	}
	if m.makesID {
		add(m.id, parameter(string(t.db.layout.user(v).ID), `::text::uuid`))
	}
	if m.name != "" {
		add(m.name, parameter(t.db.layout.user(v).Name, `::text`))
	}
	// Whatever the defaults say, nobody is verified or disabled from the start.
	if m.verified.column != "" {
		add(m.verified.column, m.verified.write(map[bool]string{true: now, false: `NULL::timestamptz`}[n.Verified && n.Email != ""]))
	}
	if m.disabled.column != "" {
		add(m.disabled.column, m.disabled.write(`NULL::timestamptz`))
	}
	for _, c := range []moment{m.created, m.updated} {
		if c.column != "" {
			add(c.column, c.write(now))
		}
	}
	for _, c := range t.db.layout.extra {
		if field := v.FieldByIndex(c.path); m.always[c.ident] || !field.IsZero() {
			add(c.ident, parameter(field.Interface(), ``))
		}
	}
	return `WITH clock AS (
	SELECT COALESCE($1::timestamptz, now()) AS now
), made AS (
	INSERT INTO ` + m.table + ` (` + strings.Join(columns, ", ") + `) VALUES (` + strings.Join(values, ", ") + `)
	RETURNING *
)
SELECT ` + t.db.statements.columns + ` FROM made AS m LEFT JOIN ginauth.users AS u ON FALSE`, args
}

// ReplaceHash works as DB.ReplaceHash.
func (t *Table[U]) ReplaceHash(ctx context.Context, id driver.UserID, old, replacement password.Hash) error {
	if replacement.IsZero() {
		return errors.New("replacing a password hash: the new one is empty")
	}
	if !t.shadows.table.isID(id) || old.IsZero() {
		return nil
	}
	return t.caller.do(ctx, "replacing a password hash", func(ctx context.Context, conn Conn) error {
		_, err := conn.Exec(ctx, t.shadows.table.replaceHash(), string(id), t.clock(), old.Reveal(), replacement.Reveal())
		return err
	})
}
