package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store/internal/wire"
)

// keptExpired is how long an expired key stays in the user's list.
const keptExpired = 30 * 24 * time.Hour

const (
	// lockKeyMaker makes the creations of one user wait for each other, so that each later
	// statement sees the keys of the earlier ones (SEC-151). It does not find a user who may not
	// have keys.
	lockKeyMaker = `SELECT u.id FROM ginauth.users AS u WHERE u.id = $1::uuid AND u.disabled_at IS NULL FOR NO KEY UPDATE`

	// dropExpired limits the rows of one user even if no sweeper runs.
	dropExpired = `
DELETE FROM ginauth.api_keys AS k
USING ` + theClock + `
WHERE k.user_id = $1::uuid AND k.expires_at < clock.now - $3::interval`

	insertKey = `
INSERT INTO ginauth.api_keys AS k (digest, id, user_id, name, scopes, start, created_at, expires_at)
SELECT $3::bytea, $4::uuid, u.id, $5::text, $6::text, $7::text, clock.now, clock.now + $8::interval
FROM ginauth.users AS u
CROSS JOIN ` + theClock + `
WHERE u.id = $1::uuid AND u.disabled_at IS NULL AND ($9::bigint = 0 OR $9::bigint > (
	SELECT count(*) FROM ginauth.api_keys AS k WHERE k.user_id = u.id AND ` + keyLives + `))
RETURNING ` + keyColumns + `, k.created_at`
)

// CreateAPIKey stores a new key and deletes the user's keys that expired more than 30 days ago, in
// one transaction. driver.ErrTooManyAPIKeys means that n.Limit is reached; the limit holds under
// parallel calls at PostgreSQL's default isolation level, READ COMMITTED. driver.ErrNoUser means
// that the user is unknown or disabled. An existing digest is another error.
func (s *Sessions) CreateAPIKey(ctx context.Context, n driver.NewAPIKey) (driver.APIKey, error) {
	if n.Digest == (driver.Digest{}) || n.Lifetime < 0 || n.Limit < 0 || slices.ContainsFunc(n.Scopes, isNoScope) {
		return driver.APIKey{}, errors.New("creating an API key: it needs a digest, no negative lifetime or limit, and scopes without blanks")
	}
	owner, ok := s.key(ctx, n.UserID)
	if !ok {
		return driver.APIKey{}, s.noUser(n.UserID)
	}
	id, err := uuid.NewRandom()
	if err != nil {
		return driver.APIKey{}, fmt.Errorf("creating an API key: making its id: %w", err)
	}
	var r driver.APIKey
	create := func(ctx context.Context, tx pgx.Tx) (driver.Event, error) {
		var batch pgx.Batch
		batch.Queue(lockKeyMaker, owner)
		batch.Queue(dropExpired, owner, s.clock(), keptExpired)
		batch.Queue(s.sql(insertKey), owner, s.clock(), n.Digest[:], id.String(), n.Name, strings.Join(n.Scopes, " "), n.Start,
			lifetimeOrNull(n.Lifetime), n.Limit)
		err := s.readCreated(tx.SendBatch(ctx, &batch), &r)
		return detailed(driver.NewEvent(ctx, driver.TokenCreated, n.UserID), "api_key", id.String()), err
	}
	err = s.withShadow(ctx, n.UserID, func() error { return s.doThenRecord(ctx, "creating an API key", create) })
	if err == nil {
		err = s.owned(r.UserID, n.UserID)
	}
	if err != nil {
		return driver.APIKey{}, err
	}
	return r, nil
}

func (s *Sessions) readCreated(results pgx.BatchResults, r *driver.APIKey) (err error) {
	defer func() {
		// The row that was read is committed only if the batch ends without an error.
		if closed := results.Close(); closed != nil {
			err = closed
		}
	}()
	locked, err := results.Exec()
	if err != nil {
		return err
	}
	if locked.RowsAffected() == 0 {
		return driver.ErrNoUser
	}
	if _, err := results.Exec(); err != nil {
		return err
	}
	err = results.QueryRow().Scan(wire.Func(func(row *wire.Reader) { s.readKey(row, r) }))
	if errors.Is(err, pgx.ErrNoRows) {
		return driver.ErrTooManyAPIKeys
	}
	return err
}

// isNoScope says whether s would be read back as no scope or as several.
func isNoScope(s string) bool { return s == "" || strings.ContainsFunc(s, unicode.IsSpace) }

func lifetimeOrNull(d time.Duration) any {
	if d == 0 {
		return nil
	}
	return d
}
