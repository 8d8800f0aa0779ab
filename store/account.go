package store

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/password"
	"github.com/ginauth/ginauth/store/internal/wire"
)

// FindUserByEmail returns the user with that address, in any spelling of its case, disabled or not,
// in the realm of ctx.
// It is for operators: do not show its answer to clients that are not logged in.
func (d *DB[U]) FindUserByEmail(ctx context.Context, email string) (U, error) {
	var none U
	canonical, err := driver.CanonicalUnicodeEmail(email)
	if err != nil {
		return none, driver.ErrNoUser
	}
	u, err := d.one(ctx, "finding a user by address", d.statements.findByEmail, []any{canonical, driver.Realm(ctx)})
	return u, orNoUser(err)
}

// FindUserByUsername is FindUserByEmail for a username.
func (d *DB[U]) FindUserByUsername(ctx context.Context, username string) (U, error) {
	var none U
	canonical, err := driver.CanonicalUsername(username)
	if err != nil {
		return none, driver.ErrNoUser
	}
	u, err := d.one(ctx, "finding a user by username", d.statements.findByUsername, []any{canonical, driver.Realm(ctx)})
	return u, orNoUser(err)
}

// KeepsRealms implements driver.Realms.
func (d *DB[U]) KeepsRealms() error { return nil }

// The statement moves the epoch, so that the sessions stay ended when the account is enabled again.
const disableUser = `
UPDATE ginauth.users AS u
SET disabled_at = COALESCE(u.disabled_at, clock.now), delete_after = NULL,
	session_epoch = u.session_epoch + 1, updated_at = clock.now
FROM ` + theClock + `
WHERE u.id = $1::uuid`

// DisableUser disables an account: its user can neither log in nor use anything that belongs to the
// account. Sessions, logins by refresh tokens and mailed links end for good, except links that undo
// a change of address. API keys are refused until EnableUser. A deletion that ArchiveUser has
// scheduled is cancelled. driver.ErrNoUser means that there is no such user.
func (s *Sessions) DisableUser(ctx context.Context, id driver.UserID) error {
	key, known := s.key(ctx, id)
	if !known {
		return s.noUser(id)
	}
	return s.withShadow(ctx, id, func() error {
		return s.doThenRecord(ctx, "disabling a user", func(ctx context.Context, tx pgx.Tx) (driver.Event, error) {
			var b pgx.Batch
			b.Queue(disableUser, key, s.clock()).Exec(oneUser)
			voidAll(&b, key)
			return driver.NewEvent(ctx, driver.UserDisabled, id), tx.SendBatch(ctx, &b).Close()
		})
	})
}

const requirePasswordChange = `
UPDATE ginauth.users AS u
SET must_change_password = TRUE, updated_at = clock.now
FROM ` + theClock + `
WHERE u.id = $1::uuid`

// RequirePasswordChange makes the user's next login, and every session that lives, lead to the
// change of the password alone, until there is a new one. It ends nothing. driver.ErrNoUser means
// that there is no such user.
func (d *DB[U]) RequirePasswordChange(ctx context.Context, id driver.UserID) error {
	return d.writeUser(ctx, "requiring a new password", driver.PasswordChangeRequired, requirePasswordChange, id, d.clock())
}

const enableUser = `
UPDATE ginauth.users AS u
SET disabled_at = NULL, delete_after = NULL, updated_at = clock.now
FROM ` + theClock + `
WHERE u.id = $1::uuid`

// EnableUser enables an account that was disabled, or that is archived. The user has to log in
// again. driver.ErrNoUser means that there is no such user.
func (d *DB[U]) EnableUser(ctx context.Context, id driver.UserID) error {
	return d.writeUser(ctx, "enabling a user", driver.UserEnabled, enableUser, id, d.clock())
}

const deleteUser = `DELETE FROM ginauth.users WHERE id = $1::uuid`

// DeleteUser deletes a user with their sessions, API keys and logins by refresh tokens. Foreign
// keys decide about the app's own rows: without an ON DELETE clause, DeleteUser returns an error
// and deletes nothing. driver.ErrNoUser means that there is no such user.
func (d *DB[U]) DeleteUser(ctx context.Context, id driver.UserID) error {
	return d.writeUser(ctx, "deleting a user", driver.UserDeleted, deleteUser, id)
}

// writeUser runs a statement that writes the one row of a user, with its event.
func (d *DB[U]) writeUser(ctx context.Context, doing string, kind driver.EventKind, statement string, id driver.UserID, args ...any) error {
	key, known := d.key(ctx, id)
	if !known {
		return driver.ErrNoUser
	}
	return d.doThenRecord(ctx, doing, func(ctx context.Context, tx pgx.Tx) (driver.Event, error) {
		tag, err := tx.Exec(ctx, statement, append([]any{key}, args...)...)
		if err == nil {
			err = oneUser(tag)
		}
		return driver.NewEvent(ctx, kind, id), err
	})
}

func oneUser(tag pgconn.CommandTag) error {
	if tag.RowsAffected() == 0 {
		return driver.ErrNoUser
	}
	return nil
}

// wayBack is the latest end of the links that undo a change of address, or NULL. A link whose mail
// has not been sent yet counts for a week.
const wayBack = `GREATEST(
	(SELECT max(t.expires_at) FROM ginauth.email_tokens AS t WHERE t.user_id = u.id AND t.kind = 'undo' AND t.expires_at > clock.now),
	(SELECT max(o.created_at) + interval '7 days' FROM ginauth.outbox AS o
		WHERE o.user_id = u.id AND o.kind = 'undo' AND o.failed_at IS NULL AND o.created_at + interval '7 days' > clock.now))`

const findWayBack = `
SELECT ` + wayBack + ` IS NOT NULL
FROM ginauth.users AS u
CROSS JOIN ` + theClock + `
WHERE u.id = $1::uuid AND u.disabled_at IS NULL`

const archiveUser = `
UPDATE ginauth.users AS u
SET disabled_at = clock.now, delete_after = GREATEST(clock.now + $3::interval, ` + wayBack + `),
	session_epoch = u.session_epoch + 1, updated_at = clock.now
FROM ` + theClock + `
WHERE u.id = $1::uuid AND u.disabled_at IS NULL
RETURNING u.delete_after`

// ArchiveUser disables a user and returns when Sweep deletes them, which is after the grace. Until
// then RestoreUser, EnableUser and mailed links undo it. While a link that undoes a change of
// address is valid, the user is kept, because a thief may have archived the account (SEC-184). With
// neither a grace nor such a link, the user is deleted at once, and the time is zero.
// driver.ErrNoUser means that there is no such user, or that they are already disabled.
func (d *DB[U]) ArchiveUser(ctx context.Context, id driver.UserID, grace time.Duration) (deleteAfter time.Time, err error) {
	if grace < 0 {
		return deleteAfter, errors.New("archiving a user: the grace must not be negative")
	}
	key, known := d.key(ctx, id)
	if !known {
		return deleteAfter, driver.ErrNoUser
	}
	err = d.doThenRecord(ctx, "archiving a user", func(ctx context.Context, tx pgx.Tx) (driver.Event, error) {
		deleteAfter = time.Time{}
		if grace == 0 {
			deleted, err := d.deleteWithoutWayBack(ctx, tx, key)
			if deleted || err != nil {
				return driver.NewEvent(ctx, driver.UserDeleted, id), err
			}
		}
		var b pgx.Batch
		b.Queue(archiveUser, key, d.clock(), grace).QueryRow(func(row pgx.Row) error {
			return row.Scan(wire.Time(&deleteAfter))
		})
		voidAll(&b, key)
		return driver.NewEvent(ctx, driver.UserArchived, id), orNoUser(tx.SendBatch(ctx, &b).Close())
	})
	return deleteAfter, err
}

// isArchived holds for a user who is archived and not deleted yet, but not for one that DisableUser
// has disabled.
const isArchived = `u.disabled_at IS NOT NULL AND u.delete_after IS NOT NULL`

// deleteWithoutWayBack locks the user first, so that no link is made in the meantime.
func (d *DB[U]) deleteWithoutWayBack(ctx context.Context, tx pgx.Tx, user pgtype.UUID) (deleted bool, err error) {
	if _, err := tx.Exec(ctx, lockUser, user); err != nil {
		return false, err
	}
	var keep bool
	if err := tx.QueryRow(ctx, findWayBack, user, d.clock()).Scan(&keep); err != nil || keep {
		return false, orNoUser(err)
	}
	_, err = tx.Exec(ctx, deleteUser, user)
	return err == nil, err
}

// inGrace holds for an archived user who may still be restored.
const inGrace = `u.disabled_at IS NOT NULL AND u.delete_after > clock.now`

const findArchived = `
SELECT u.id, ` + goodHash + `
FROM ginauth.users AS u
CROSS JOIN ` + theClock + `
WHERE u.email_canonical = $1::text AND u.realm = $3::text AND ` + inGrace

const findArchivedNamed = `
SELECT u.id, ` + goodHash + `
FROM ginauth.users AS u
CROSS JOIN ` + theClock + `
WHERE u.username_canonical = $1::text AND u.realm = $3::text AND ` + inGrace

// FindArchived returns an archived user within the grace and their password hash, zero without a
// password. It returns driver.ErrNoUser for any other user.
func (d *DB[U]) FindArchived(ctx context.Context, identifier string) (driver.UserID, password.Hash, error) {
	if !storable(identifier) {
		return "", password.Hash{}, driver.ErrNoUser
	}
	statement := findArchived
	if !strings.Contains(identifier, "@") {
		statement = findArchivedNamed
	}
	var id driver.UserID
	var encoded *string
	err := d.caller.read(ctx, "finding an archived user", func(ctx context.Context, conn Conn) error {
		return conn.QueryRow(ctx, statement, identifier, d.clock(), driver.Realm(ctx)).Scan(wire.UUID((*string)(&id)), &encoded)
	})
	if err != nil {
		return "", password.Hash{}, orNoUser(err)
	}
	hash, err := hashOf(encoded)
	return id, hash, err
}

const restoreUser = `
UPDATE ginauth.users AS u
SET disabled_at = NULL, delete_after = NULL, updated_at = clock.now
FROM ` + theClock + `
WHERE u.id = $1::uuid AND u.password_hash = $3::text AND ` + inGrace + `
RETURNING `

// RestoreUser undoes ArchiveUser within the grace, for a user who has proved to know the password.
// driver.ErrNoUser means that there is nothing to undo, or that the user now has another password
// hash than credential.
func (d *DB[U]) RestoreUser(ctx context.Context, id driver.UserID, credential password.Hash) (U, error) {
	var none U
	key, known := d.key(ctx, id)
	if !known || credential.IsZero() {
		return none, driver.ErrNoUser
	}
	var u U
	err := d.doThenRecord(ctx, "restoring a user", func(ctx context.Context, tx pgx.Tx) (driver.Event, error) {
		err := d.scan(tx.QueryRow(ctx, restoreUser+d.statements.columns, key, d.clock(), credential.Reveal()), &u)
		return driver.NewProofEvent(ctx, driver.UserRestored, id), orNoUser(err)
	})
	if err != nil {
		return none, err
	}
	return u, nil
}
