package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/password"
)

const schema = `
CREATE TABLE IF NOT EXISTS users (
	id            bigserial PRIMARY KEY,
	username      text      NOT NULL UNIQUE,
	email         text      NULL UNIQUE,
	password_hash text      NOT NULL,
	is_admin      boolean   NOT NULL DEFAULT FALSE
);
CREATE UNIQUE INDEX IF NOT EXISTS users_lower_username ON users (lower(username))`

type user struct {
	ID           int64
	Username     string
	Email        *string
	PasswordHash string `json:"-"`
	IsAdmin      bool
}

// Account is what ginauth reads of a user.
func (u user) Account() ginauth.Account {
	return ginauth.Account{ID: ginauth.UserID(strconv.FormatInt(u.ID, 10)), Identifier: u.Username, Username: u.Username}
}

func (u user) roles() []string {
	if u.IsAdmin {
		return []string{"admin"}
	}
	return nil
}

var isAdmin = ginauth.Role(user.roles, "admin")

// users is a driver.Users on the app's table.
type users struct {
	pool         *pgxpool.Pool
	besideBefore bool // the version before runs, too, and knows bcrypt alone
}

const columns = `id, username, email, password_hash, is_admin`

// FindUser returns driver.ErrNoUser for an unknown id.
func (u users) FindUser(ctx context.Context, id ginauth.UserID) (user, error) {
	key, err := strconv.ParseInt(string(id), 10, 64)
	if err != nil {
		return user{}, driver.ErrNoUser
	}
	return u.one(ctx, `SELECT `+columns+` FROM users WHERE id = $1`, key)
}

// FindCredential gets a name in lower case.
func (u users) FindCredential(ctx context.Context, name string) (found user, hash password.Hash, err error) {
	if found, err = u.one(ctx, `SELECT `+columns+` FROM users WHERE lower(username) = $1`, name); err == nil {
		hash, err = password.ParseHash(found.PasswordHash)
	}
	return found, hash, err
}

// CreateUser relies on the unique indexes, whatever else runs.
func (u users) CreateUser(ctx context.Context, n driver.NewUser, _ func(*user) error) (user, error) {
	const insert = `INSERT INTO users (username, email, password_hash) VALUES ($1, NULLIF($2, ''), $3) RETURNING `
	return u.one(ctx, insert+columns, n.Username, n.Email, n.Hash.Reveal())
}

// ReplaceHash writes a stronger hash of the same password after a login.
func (u users) ReplaceHash(ctx context.Context, id ginauth.UserID, old, replacement password.Hash) error {
	if u.besideBefore {
		return nil
	}
	_, err := u.pool.Exec(ctx, `UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2`, string(id), old.Reveal(), replacement.Reveal())
	return err
}

// one translates the errors of the database into those that ginauth knows.
func (u users) one(ctx context.Context, sql string, args ...any) (user, error) {
	rows, _ := u.pool.Query(ctx, sql, args...) // rows have its error
	found, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[user])
	var refused *pgconn.PgError
	switch {
	case err == nil:
		return found, nil
	case errors.Is(err, pgx.ErrNoRows):
		return user{}, driver.ErrNoUser
	case errors.As(err, &refused) && refused.Code == "23505":
		return user{}, driver.ErrIdentifierTaken
	}
	return user{}, fmt.Errorf("%w: %w", driver.ErrUnavailable, err)
}

func (u users) all(ctx context.Context) ([]user, error) {
	rows, err := u.pool.Query(ctx, `SELECT `+columns+` FROM users ORDER BY id LIMIT 100`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[user])
}
