package main

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

const schema = `
CREATE TABLE IF NOT EXISTS users (
	id            bigserial PRIMARY KEY,
	username      text      NOT NULL UNIQUE,
	email         text      NULL UNIQUE,
	password_hash text      NOT NULL,
	is_admin      boolean   NOT NULL DEFAULT FALSE
)`

type user struct {
	ID           int64
	Username     string
	Email        *string
	PasswordHash string
	IsAdmin      bool
}

var errTaken = errors.New("the username or the address is taken")

type users struct{ pool *pgxpool.Pool }

const columns = `id, username, email, password_hash, is_admin`

func (u users) create(ctx context.Context, name, email, hash string) (id int64, err error) {
	const insert = `INSERT INTO users (username, email, password_hash) VALUES ($1, NULLIF($2, ''), $3) RETURNING id`
	err = u.pool.QueryRow(ctx, insert, name, email, hash).Scan(&id)
	var refused *pgconn.PgError
	if errors.As(err, &refused) && refused.Code == "23505" {
		return 0, errTaken
	}
	return id, err
}

func (u users) byID(ctx context.Context, id int64) (user, error) {
	return u.one(ctx, `SELECT `+columns+` FROM users WHERE id = $1`, id)
}

func (u users) byName(ctx context.Context, name string) (user, error) {
	return u.one(ctx, `SELECT `+columns+` FROM users WHERE username = $1`, name)
}

func (u users) one(ctx context.Context, sql string, key any) (user, error) {
	rows, err := u.pool.Query(ctx, sql, key)
	if err != nil {
		return user{}, err
	}
	return pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[user])
}

func (u users) all(ctx context.Context) ([]user, error) {
	rows, err := u.pool.Query(ctx, `SELECT `+columns+` FROM users ORDER BY id LIMIT 100`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[user])
}
