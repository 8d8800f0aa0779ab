package store

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store/internal/wire"
)

// keyOwner is what readOwner reads.
const keyOwner = `k.user_id`

// keyColumns are what readKey reads, up to the present time.
const keyColumns = `k.id, ` + keyOwner + `, k.name, k.scopes, k.start, k.created_at, k.expires_at, k.last_used_at`

func (s *Sessions) readKey(r *wire.Reader, to *driver.APIKey) {
	r.UUID((*string)(&to.ID))
	s.readOwner(r, &to.UserID)
	r.Text(&to.Name)
	r.Scan((*blankSeparated)(&to.Scopes))
	r.Text(&to.Start)
	r.Time(&to.CreatedAt)
	r.Time(&to.ExpiresAt)
	r.Time(&to.LastUsedAt)
	r.Time(&to.ReadAt)
}

// blankSeparated reads scopes as they are stored, and reads no scopes as an empty list.
type blankSeparated []string

// ScanText implements pgtype.TextScanner.
func (b *blankSeparated) ScanText(v pgtype.Text) error {
	*b = append([]string{}, strings.Fields(v.String)...)
	return nil
}

// keyLives holds for k until it expires. A revoked key has no row.
const keyLives = `(k.expires_at IS NULL OR k.expires_at > clock.now)`

// findKeyFrom joins the user, so that neither is found without the other (SEC-76).
const findKeyFrom = `, ` + keyColumns + `, clock.now
FROM ginauth.api_keys AS k
JOIN ginauth.users AS u ON u.id = k.user_id
CROSS JOIN ` + theClock + `
WHERE k.digest = $1::bytea AND u.disabled_at IS NULL AND ` + keyLives

// FindAPIKey returns a live key and its user. It is one statement and writes nothing.
// driver.ErrNoAPIKey means that there is no such key, that it has expired or was revoked, or that
// its user is disabled.
func (d *DB[U]) FindAPIKey(ctx context.Context, digest driver.Digest) (U, driver.APIKey, error) {
	var u U
	var r driver.APIKey
	err := d.caller.read(ctx, "finding an API key", func(ctx context.Context, conn Conn) error {
		return conn.QueryRow(ctx, d.statements.findKey, digest[:], d.clock()).Scan(wire.Func(func(row *wire.Reader) {
			d.readUser(row, &u)
			d.readKey(row, &r)
		}))
	})
	if err != nil {
		var none U
		return none, driver.APIKey{}, orNoKey(err)
	}
	return u, r, nil
}

// A row that another call is touching is skipped.
const touchKey = `
WITH due AS (
	SELECT k.digest, clock.now
	FROM ginauth.api_keys AS k
	CROSS JOIN ` + theClock + `
	WHERE k.id = $1::uuid AND (k.last_used_at IS NULL OR k.last_used_at <= clock.now - $3::interval)
	FOR UPDATE OF k SKIP LOCKED
)
UPDATE ginauth.api_keys AS k
SET last_used_at = due.now
FROM due
WHERE k.digest = due.digest`

// TouchAPIKey stores that the key is used now, unless a use within the interval is stored or
// another call is storing one. It does not wait for locks, and never brings a key back.
func (s *Sessions) TouchAPIKey(ctx context.Context, id driver.APIKeyID, interval time.Duration) error {
	key, ok := parseID(string(id))
	if !ok {
		return nil
	}
	return s.caller.do(ctx, "noting the use of an API key", func(ctx context.Context, conn Conn) error {
		_, err := conn.Exec(ctx, touchKey, key, s.clock(), interval)
		return err
	})
}

const listKeys = `
SELECT ` + keyColumns + `, clock.now
FROM ginauth.api_keys AS k
CROSS JOIN ` + theClock + `
WHERE k.user_id = $1::uuid
ORDER BY k.created_at DESC, k.id
LIMIT $3::bigint`

// UserAPIKeys returns the user's keys, the newest first, at most 1000. Expired keys stay in the
// list for at least 30 days. It is one statement and writes nothing.
func (s *Sessions) UserAPIKeys(ctx context.Context, user driver.UserID) ([]driver.APIKey, error) {
	owner, ok := s.key(ctx, user)
	if !ok {
		return nil, nil
	}
	var list []driver.APIKey
	err := s.caller.read(ctx, "listing a user's API keys", func(ctx context.Context, conn Conn) error {
		rows, err := conn.Query(ctx, s.sql(listKeys), owner, s.clock(), maxListed)
		if err != nil {
			return err
		}
		list, err = wire.Collect(rows, s.readKey)
		return err
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

const revokeKey = `DELETE FROM ginauth.api_keys WHERE id = $2::uuid AND user_id = $1::uuid`

// RevokeAPIKey deletes a key of the user. driver.ErrNoAPIKey means that the user has no key of that
// id; a key of another user stays (SEC-79).
func (s *Sessions) RevokeAPIKey(ctx context.Context, user driver.UserID, id driver.APIKeyID) error {
	owner, known := s.key(ctx, user)
	key, wellFormed := parseID(string(id))
	if !known || !wellFormed {
		return driver.ErrNoAPIKey
	}
	return s.doThenRecord(ctx, "revoking an API key", func(ctx context.Context, tx pgx.Tx) (driver.Event, error) {
		tag, err := tx.Exec(ctx, revokeKey, owner, key)
		if err == nil && tag.RowsAffected() == 0 {
			err = driver.ErrNoAPIKey
		}
		return detailed(driver.NewEvent(ctx, driver.TokenRevoked, user), "api_key", string(id)), err
	})
}

const revokeUsersKeys = `DELETE FROM ginauth.api_keys WHERE user_id = $1::uuid`

// RevokeUserAPIKeys deletes all keys of the user, which RevokeUserSessions does not. A user without
// keys is no error.
func (s *Sessions) RevokeUserAPIKeys(ctx context.Context, user driver.UserID) error {
	owner, known := s.key(ctx, user)
	if !known {
		return nil
	}
	return s.doThenRecord(ctx, "revoking a user's API keys", func(ctx context.Context, tx pgx.Tx) (driver.Event, error) {
		tag, err := tx.Exec(ctx, revokeUsersKeys, owner)
		if err != nil || tag.RowsAffected() == 0 {
			return unchanged, err
		}
		return detailed(driver.NewEvent(ctx, driver.TokenRevoked, user), "api_keys", strconv.FormatInt(tag.RowsAffected(), 10)), nil
	})
}

func orNoKey(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return driver.ErrNoAPIKey
	}
	return err
}
