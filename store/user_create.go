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
)

// The names of further columns and their parameters go between these parts.
const (
	insertUser       = `INSERT INTO ginauth.users AS u (created_at, updated_at, id, email, email_canonical, name, password_hash, password_pending`
	insertUserValues = `) VALUES (COALESCE($1::timestamptz, now()), COALESCE($1::timestamptz, now()), $2::uuid, $3::text, $4::text, $5::text, $6::text, $7::boolean`
)

// identifierConstraint makes the canonical e-mail address unique.
const identifierConstraint = "users_email_canonical_key"

// CreateUser stores a new user in a transaction. fill, when not nil, edits the user before that:
// the columns of the app's own, and Name; what else it changes is not stored. A
// column that is left at its zero value gets the database's default, which the user
// returned has. With WithMail it asks the user for the proof of the address. driver.ErrIdentifierTaken means that the address has an account. After
// driver.ErrUnavailable the user may have been created or not.
func (d *DB[U]) CreateUser(ctx context.Context, n driver.NewUser, fill func(*U) error) (U, error) {
	var none U
	id, err := uuid.NewV7()
	if err != nil {
		return none, fmt.Errorf("creating a user: making its id: %w", err)
	}
	u, err := d.filled(id, n, fill)
	if err != nil {
		return none, err
	}
	return d.create(ctx, id, n, u)
}

func (d *DB[U]) create(ctx context.Context, id uuid.UUID, n driver.NewUser, u U) (U, error) {
	var none U
	statement, args := d.insertion(id, n, &u)
	var refused error
	err := d.doThenRecord(ctx, "creating a user", func(ctx context.Context, tx pgx.Tx) (driver.Event, error) {
		refused = nil
		if err := d.scan(tx.QueryRow(ctx, statement, args...), &u); err != nil {
			return unchanged, err
		}
		if err := d.askForProof(ctx, tx, n); err != nil {
			return unchanged, err
		}
		refused = d.created(ctx, tx, u)
		return byThemselves(ctx, driver.UserCreated, driver.UserID(id.String())), refused
	})
	switch {
	case err == nil:
		return u, nil
	case refused != nil && !errors.Is(err, driver.ErrUnavailable):
		return none, refused
	case violates(err, identifierConstraint):
		return none, driver.ErrIdentifierTaken
	}
	return none, err
}

// askForProof queues the mail by which a new user proves the address.
func (d *DB[U]) askForProof(ctx context.Context, tx pgx.Tx, n driver.NewUser) error {
	if !d.notices {
		return nil
	}
	args, err := d.order(driver.MailOrder{Kind: driver.MailVerify, Email: n.Email, Canonical: n.Canonical})
	if err == nil {
		_, err = tx.Exec(ctx, queueMail, args...)
	}
	return err
}

// filled returns the user as the app wants it. It runs before the transaction begins: fill
// has no access to that, and must not keep it open.
func (d *DB[U]) filled(id uuid.UUID, n driver.NewUser, fill func(*U) error) (u U, err error) {
	base := d.layout.user(reflect.ValueOf(&u).Elem())
	base.ID, base.Email, base.Name = driver.UserID(id.String()), n.Email, n.Name
	if fill == nil {
		return u, nil
	}
	return u, fill(&u)
}

func (d *DB[U]) created(ctx context.Context, tx pgx.Tx, u U) error {
	if d.afterCreate == nil {
		return nil
	}
	return d.afterCreate(ctx, tx, u)
}

// insertion leaves out columns at their zero value, so that the database's defaults apply.
func (d *DB[U]) insertion(id uuid.UUID, n driver.NewUser, u *U) (statement string, args []any) {
	v := reflect.ValueOf(u).Elem()
	var columns, parameters strings.Builder
	args = []any{d.clock(), id.String(), n.Email, n.Canonical, d.layout.user(v).Name, hashOrNull(n.Hash), d.pending}
	for _, c := range d.layout.extra {
		field := v.FieldByIndex(c.path)
		if field.IsZero() {
			continue
		}
		args = append(args, field.Interface())
		columns.WriteString(", " + c.ident)
		parameters.WriteString(", $" + strconv.Itoa(len(args)))
	}
	statement = insertUser + columns.String() + insertUserValues + parameters.String() + `)
RETURNING ` + d.statements.columns
	return statement, args
}
