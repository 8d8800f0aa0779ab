package storetest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/migrations"
)

// templateLock is "gatest" in ASCII.
const templateLock int64 = 0x676174657374

const (
	lockTemplate   = `SELECT pg_advisory_lock($1)`
	unlockTemplate = `SELECT pg_advisory_unlock($1)`
	// A template that takes connections is not finished: its maker died.
	findTemplate = `SELECT datallowconn FROM pg_database WHERE datname = $1`
)

// schemaHash names a state of the migrations.
func schemaHash() (string, error) {
	hash := sha256.New()
	files, err := fs.Glob(migrations.FS, "*.sql")
	if err != nil {
		return "", fmt.Errorf("listing the migrations: %w", err)
	}
	for _, file := range files {
		text, err := fs.ReadFile(migrations.FS, file)
		if err != nil {
			return "", fmt.Errorf("reading a migration: %w", err)
		}
		header := fmt.Sprintf("%s %d\n", file, len(text))
		_, _ = hash.Write(append([]byte(header), text...)) // a hash takes everything
	}
	return hex.EncodeToString(hash.Sum(nil)[:5]), nil
}

// makeTemplate makes the migrated template unless it is there, and returns its name.
func (s *server) makeTemplate() (name string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	hash, err := schemaHash()
	if err != nil {
		return "", err
	}
	name = "ginauth_template_" + hash
	conn, err := s.admin.Acquire(ctx)
	if err != nil {
		return "", fmt.Errorf("connecting: %w", err)
	}
	defer conn.Release()
	finished, err := isFinished(ctx, conn, name)
	if err != nil || finished {
		return name, err
	}
	if _, err := conn.Exec(ctx, lockTemplate, templateLock); err != nil {
		return "", fmt.Errorf("waiting for another process that makes the template: %w", err)
	}
	defer func() {
		_, unlockErr := conn.Exec(ctx, unlockTemplate, templateLock)
		err = errors.Join(err, unlockErr)
	}()
	finished, err = isFinished(ctx, conn, name)
	if err != nil || finished {
		return name, err
	}
	if err := s.migrateTemplate(ctx, conn, name); err != nil {
		return "", fmt.Errorf("making the template: %w", err)
	}
	return name, nil
}

func isFinished(ctx context.Context, conn *pgxpool.Conn, name string) (bool, error) {
	var open bool
	err := conn.QueryRow(ctx, findTemplate, name).Scan(&open)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("looking for the template: %w", err)
	}
	return !open, nil
}

func (s *server) migrateTemplate(ctx context.Context, conn *pgxpool.Conn, name string) error {
	for _, statement := range []string{
		"DROP DATABASE IF EXISTS " + quote(name) + " WITH (FORCE)",
		"CREATE DATABASE " + quote(name) + " TEMPLATE template0 ENCODING 'UTF8'",
	} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return err
		}
	}
	pool, err := pgxpool.New(ctx, s.address(name))
	if err != nil {
		return fmt.Errorf("opening a pool: %w", err)
	}
	err = migrations.Up(ctx, pool)
	pool.Close()
	if err != nil {
		return err
	}
	// A connection to the template would make every copy of it fail.
	_, err = conn.Exec(ctx, "ALTER DATABASE "+quote(name)+" ALLOW_CONNECTIONS false")
	return err
}
