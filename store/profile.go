package store

import (
	"context"
	"reflect"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// The assignments go between these parts.
const (
	updateUser      = `UPDATE ginauth.users AS u SET updated_at = clock.now`
	updateUserWhere = `
FROM ` + theClock + `
WHERE u.id = $1::uuid AND u.disabled_at IS NULL
RETURNING `
)

// UpdateUser reads the user, lets fill edit it, and then writes the columns that differ in one
// UPDATE: the app's own columns and the name. Unless name is nil, the name is set before fill runs.
// Other changes of fill are not stored, and a nil slice or pointer is stored as NULL. A column that
// fill does not change keeps the value that a parallel call writes; if two calls change one column,
// the last one wins. Fill runs outside the transaction. driver.ErrNoUser means that the user is
// unknown or disabled.
func (d *DB[U]) UpdateUser(ctx context.Context, id driver.UserID, name *string, fill func(*U) error) (U, error) {
	var none U
	key, ok := d.key(ctx, id)
	if !ok {
		return none, driver.ErrNoUser
	}
	before, after, err := d.twice(ctx, key)
	if err != nil {
		return none, orNoUser(err)
	}
	if d.layout.user(reflect.ValueOf(&after).Elem()).DisabledAt != nil {
		return none, driver.ErrNoUser
	}
	if name != nil {
		d.layout.user(reflect.ValueOf(&after).Elem()).Name = *name
	}
	if fill != nil {
		if err := fill(&after); err != nil {
			return none, err
		}
	}
	set, args := d.differences(reflect.ValueOf(&before).Elem(), reflect.ValueOf(&after).Elem(), []any{key, d.clock()})
	if set == "" {
		return before, nil
	}
	u := after // keeps fields without a column
	err = d.doThenRecord(ctx, "updating a user", func(ctx context.Context, tx pgx.Tx) (driver.Event, error) {
		err := d.scan(tx.QueryRow(ctx, updateUser+set+updateUserWhere+d.statements.columns, args...), &u)
		return driver.NewEvent(ctx, driver.UserUpdated, id), orNoUser(err)
	})
	if err != nil {
		return none, err
	}
	return u, nil
}

// twice reads one row into two users that share no memory, so that fill cannot change both.
func (d *DB[U]) twice(ctx context.Context, key any) (a, b U, err error) {
	err = d.caller.read(ctx, "finding a user", func(ctx context.Context, conn Conn) error {
		rows, err := conn.Query(ctx, d.statements.findUser, key)
		if err != nil {
			return err
		}
		defer rows.Close()
		if !rows.Next() {
			if rows.Err() != nil {
				return rows.Err()
			}
			return pgx.ErrNoRows
		}
		for _, u := range []*U{&a, &b} {
			if err := d.scan(rows, u); err != nil {
				return err
			}
		}
		rows.Close()
		return rows.Err()
	})
	return a, b, err
}

// differences returns the assignments of a SET; their parameters follow args.
func (d *DB[U]) differences(before, after reflect.Value, args []any) (set string, all []any) {
	var b strings.Builder
	assign := func(ident string, value any) {
		args = append(args, value)
		b.WriteString(", " + ident + " = $" + strconv.Itoa(len(args)))
	}
	if name := d.layout.user(after).Name; name != d.layout.user(before).Name {
		assign("name", name)
	}
	for _, c := range d.layout.extra {
		now := after.FieldByIndex(c.path).Interface()
		if !reflect.DeepEqual(before.FieldByIndex(c.path).Interface(), now) {
			assign(c.ident, now)
		}
	}
	return b.String(), args
}
