package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/ginauth/ginauth/ginauth/driver"
)

var _ driver.Usernames[User] = (*DB[User])(nil)

const (
	// The row is locked, so that two changes of one user follow each other.
	lockUsername   = `SELECT u.username_canonical FROM ginauth.users AS u WHERE u.id = $1::uuid AND u.disabled_at IS NULL FOR NO KEY UPDATE`
	changeUsername = `
UPDATE ginauth.users AS u
SET username = $3::text, username_canonical = $4::text, updated_at = clock.now
FROM ` + theClock + `
WHERE u.id = $1::uuid
RETURNING `
)

// ChangeUsername gives a user another username, in a transaction with its event. Sessions stay.
// Known browsers are forgotten, unless the canonical username stays. driver.ErrUsernameTaken means
// that another account has the username. driver.ErrNoUser means that the user is unknown or
// disabled.
func (d *DB[U]) ChangeUsername(ctx context.Context, id driver.UserID, username, canonical string) (U, error) {
	var u, none U
	key, known := d.key(ctx, id)
	if !known {
		return none, driver.ErrNoUser
	}
	err := d.doThenRecord(ctx, "changing a username", func(ctx context.Context, tx pgx.Tx) (driver.Event, error) {
		var former *string
		if err := tx.QueryRow(ctx, lockUsername, key).Scan(&former); err != nil {
			return unchanged, orNoUser(err)
		}
		err := d.scan(tx.QueryRow(ctx, changeUsername+d.statements.columns, key, d.clock(), username, canonical), &u)
		if violates(err, usernameConstraint) {
			return unchanged, driver.ErrUsernameTaken
		}
		if err == nil && (former == nil || *former != canonical) {
			_, err = tx.Exec(ctx, forgetDevices, key)
		}
		return driver.NewEvent(ctx, driver.UserUsernameChanged, id), err
	})
	if err != nil {
		return none, err
	}
	return u, nil
}
