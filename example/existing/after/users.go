package main

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/password"
	"github.com/ginauth/ginauth/store"
)

const schema = `
CREATE TABLE IF NOT EXISTS users (
	id            bigserial PRIMARY KEY,
	username      text      NOT NULL UNIQUE,
	email         text      NULL UNIQUE,
	password_hash text      NOT NULL,
	is_admin      boolean   NOT NULL DEFAULT FALSE
);
CREATE UNIQUE INDEX IF NOT EXISTS users_lower_username ON users (lower(username));
CREATE UNIQUE INDEX IF NOT EXISTS users_lower_email ON users (lower(email))`

// user is a row of the table users.
type user struct {
	store.User
	IsAdmin bool `db:"is_admin"`
}

var isAdmin = ginauth.Role(user.roles, "admin")

func (u user) roles() []string {
	if u.IsAdmin {
		return []string{"admin"}
	}
	return nil
}

// users is the table.
type users struct {
	*store.Table[user]

	pool         *pgxpool.Pool
	besideBefore bool // the version before runs, too, and knows bcrypt alone
}

func newUsers(ctx context.Context, pool *pgxpool.Pool, besideBefore bool, opts ...store.Option) (users, error) {
	table, err := store.NewTable[user](ctx, pool, "public.users", store.Columns{
		ID: "id", Username: "lower(username)", Email: "lower(email)", PasswordHash: "password_hash",
	}, opts...)
	return users{table, pool, besideBefore}, err
}

// ReplaceHash writes a stronger hash of the same password after a login.
func (u users) ReplaceHash(ctx context.Context, id ginauth.UserID, old, replacement password.Hash) error {
	if u.besideBefore {
		return nil
	}
	return u.Table.ReplaceHash(ctx, id, old, replacement)
}

func (u users) all(ctx context.Context) ([]listed, error) {
	rows, err := u.pool.Query(ctx, `SELECT id, username, email FROM users ORDER BY id LIMIT 100`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[listed])
}

// listed is a user on the page of the admin.
type listed struct {
	ID       int64
	Username string
	Email    *string
}
