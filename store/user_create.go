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

// The names and the parameters of further columns go between these parts.
const (
	insertUser = `INSERT INTO ginauth.users AS u (created_at, updated_at, id, email, email_canonical, name, password_hash, password_pending, verified_at,
	username, username_canonical, realm`
	insertUserValues = `) VALUES (COALESCE($1::timestamptz, now()), COALESCE($1::timestamptz, now()), $2::uuid, $3::text, $4::text, $5::text, $6::text, $7::boolean,
	CASE WHEN $8::boolean THEN COALESCE($1::timestamptz, now()) END, $9::text, $10::text, $11::text`
)

const (
	// identifierConstraint makes the canonical e-mail address unique in its realm.
	identifierConstraint = "users_email_canonical_key"
	// usernameConstraint makes the canonical username unique in its realm.
	usernameConstraint = "users_username_key"
)

// CreateUser stores a new user in the realm of ctx, in a transaction. Fill, unless nil, edits the user before that: the
// app's own columns, and Name; other changes are not stored. A column with its zero value gets the
// database's default, which the returned user has. With WithMail, it queues a mail that asks the
// user to prove the address. driver.ErrIdentifierTaken means that the address has an account, and
// driver.ErrUsernameTaken that the username has one. After driver.ErrUnavailable the user may have
// been created or not.
func (d *DB[U]) CreateUser(ctx context.Context, n driver.NewUser, fill func(*U) error) (U, error) {
	var none U
	id, u, err := d.filled(n, fill)
	if err != nil {
		return none, err
	}
	err = d.doThenRecord(ctx, "creating a user", func(ctx context.Context, tx pgx.Tx) (driver.Event, error) {
		if err := d.insertUser(ctx, tx, id, n, &u, false); err != nil {
			return unchanged, err
		}
		if err := d.askForProof(ctx, tx, n); err != nil {
			return unchanged, err
		}
		return driver.NewUserEvent(ctx, driver.UserCreated, driver.UserID(id.String())), d.callAfterCreate(ctx, tx, u)
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

// insertUser writes the row and reads it back. A pending password is not valid before the address
// is proved.
func (d *DB[U]) insertUser(ctx context.Context, tx pgx.Tx, id uuid.UUID, n driver.NewUser, u *U, pending bool) error {
	statement, args := d.insertion(driver.Realm(ctx), id, n, u, pending)
	err := d.scan(tx.QueryRow(ctx, statement, args...), u)
	if violates(err, identifierConstraint) {
		return driver.ErrIdentifierTaken
	}
	if violates(err, usernameConstraint) {
		return driver.ErrUsernameTaken
	}
	return err
}

// askForProof queues the mail by which a new user proves the address.
func (d *DB[U]) askForProof(ctx context.Context, tx pgx.Tx, n driver.NewUser) error {
	if !d.notices || n.Verified || n.Email == "" {
		return nil
	}
	args, err := d.order(ctx, driver.MailOrder{Kind: driver.MailVerify, Email: n.Email, Canonical: n.Canonical})
	if err == nil {
		_, err = tx.Exec(ctx, queueMail, args...)
	}
	return err
}

// callAfterCreate marks the hook's error as a refusal, so that it is returned as it is.
func (d *DB[U]) callAfterCreate(ctx context.Context, tx pgx.Tx, u U) error {
	if d.afterCreate == nil {
		return nil
	}
	if err := d.afterCreate(ctx, tx, u); err != nil {
		return &refusal{err}
	}
	return nil
}

// filled returns the new user after fill has edited it. It runs before the transaction begins: fill
// cannot use the transaction, and must not keep it open.
func (d *DB[U]) filled(n driver.NewUser, fill func(*U) error) (id uuid.UUID, u U, err error) {
	if id, err = uuid.NewV7(); err != nil {
		return id, u, fmt.Errorf("creating a user: making its id: %w", err)
	}
	base := d.layout.user(reflect.ValueOf(&u).Elem())
	base.ID, base.Email, base.Name = driver.UserID(id.String()), n.Email, n.Name
	if n.Username != "" {
		base.Username = &n.Username
	}
	if fill == nil {
		return id, u, nil
	}
	return id, u, fill(&u)
}

// insertion leaves out columns at their zero value, so that the database's defaults apply.
func (d *DB[U]) insertion(realm string, id uuid.UUID, n driver.NewUser, u *U, pending bool) (statement string, args []any) {
	v := reflect.ValueOf(u).Elem()
	var columns, parameters strings.Builder
	args = []any{
		d.clock(), id.String(), textOrNull(n.Email), textOrNull(n.Canonical), d.layout.user(v).Name, hashOrNull(n.Hash), pending,
		n.Verified && !pending && n.Email != "", textOrNull(n.Username), textOrNull(n.CanonicalUsername), realm,
	}
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
