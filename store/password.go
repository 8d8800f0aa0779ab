package store

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/password"
)

// The password and the user's epoch change together, under the row's lock. A login with the old
// password either comes first, and is ended, or waits and is refused (SEC-78). The session that is
// kept moves along by one, so that a session that had ended stays ended. Setting a first password
// needs no old one, so the session that sets it must not have ended in the meantime, for example by
// the link that removed the password (SEC-184).
const (
	setPassword = `
WITH changed AS (
	UPDATE ginauth.users AS u
	SET password_hash = $4::text, password_pending = FALSE, must_change_password = FALSE, session_epoch = u.session_epoch + 1, updated_at = clock.now
	FROM ` + theClock + `
	WHERE u.id = $1::uuid AND u.disabled_at IS NULL AND ` + goodHash + ` IS NOT DISTINCT FROM $3::text
		AND ($3::text IS NOT NULL OR $5::uuid IS NULL OR EXISTS (
			SELECT 1 FROM ginauth.sessions AS s
			WHERE s.id = $5::uuid AND s.user_id = u.id AND s.epoch = u.session_epoch + ` + everybodysEpoch + `))
	RETURNING u.id, u.session_epoch, clock.now
)` + keptSession

	keptSession = `, kept AS (
	UPDATE ginauth.sessions AS s
	SET epoch = s.epoch + 1, digest = $6::bytea, previous_digest = s.digest, previous_until = NULL,
		last_seen_at = GREATEST(s.last_seen_at, changed.now),
		authenticated_at = CASE WHEN $7::boolean THEN GREATEST(s.authenticated_at, changed.now) ELSE s.authenticated_at END
	FROM changed
	WHERE s.id = $5::uuid AND s.user_id = changed.id
	RETURNING s.id
)
SELECT changed.session_epoch + ` + everybodysEpoch + `, EXISTS (SELECT 1 FROM kept) FROM changed`

	// A reset does not need the old password.
	forcePassword = `
WITH changed AS (
	UPDATE ginauth.users AS u
	SET password_hash = $3::text, password_pending = FALSE, must_change_password = FALSE, session_epoch = u.session_epoch + 1, updated_at = clock.now
	FROM ` + theClock + `
	WHERE u.id = $1::uuid
	RETURNING u.id
), keys AS (
	DELETE FROM ginauth.api_keys AS k USING changed WHERE $4::boolean AND k.user_id = changed.id
)
SELECT TRUE FROM changed`
)

// SetPassword replaces the password of a user whose hash is still change.Old. It ends the user's
// other sessions and all logins by refresh tokens; change.Session is kept and gets another digest.
// It deletes the user's mailed links, except those that undo a change of address, and withdraws a
// pending change of address. With WithMail it queues a mail that tells the user. It writes the
// event authn_password_change. All of it happens, or nothing. API keys stay. driver.ErrNoUser means
// that the user is unknown or disabled, or now has another password, or that change.Session, which
// sets the first password, has ended.
func (d *DB[U]) SetPassword(ctx context.Context, change driver.PasswordChange) (driver.PasswordChanged, error) {
	var changed driver.PasswordChanged
	key, session, err := d.newPassword(ctx, change)
	if err != nil {
		return changed, err
	}
	err = d.doThenRecord(ctx, "setting a password", func(ctx context.Context, tx pgx.Tx) (driver.Event, error) {
		var b pgx.Batch
		b.Queue(setPassword, key, d.clock(), hashOrNull(change.Old), change.New.Reveal(),
			session, digestOrNull(change.Digest), change.Authenticated).QueryRow(func(row pgx.Row) error {
			return row.Scan(&changed.Epoch, &changed.Kept)
		})
		b.Queue(withdrawChanges+ifPasswordIs, key, change.New.Reveal()) // SEC-107
		b.Queue(voidTokens+ifPasswordIs, key, change.New.Reveal())
		if err := d.tell(&b, tellOfPassword, driver.MailPassword, key, change.New.Reveal()); err != nil {
			return unchanged, err
		}
		return driver.NewEvent(ctx, driver.LoginPasswordChanged, change.UserID), orNoUser(tx.SendBatch(ctx, &b).Close())
	})
	if err != nil {
		return driver.PasswordChanged{}, err
	}
	return changed, nil
}

// newPassword returns the row of the user and of the session that is kept, if the change is whole.
func (s *Sessions) newPassword(ctx context.Context, change driver.PasswordChange) (key, session pgtype.UUID, err error) {
	key, known := s.key(ctx, change.UserID)
	session, keep := parseID(string(change.Session))
	switch {
	case change.New.IsZero():
		err = errors.New("setting a password: the new hash is empty")
	case keep && change.Digest == (driver.Digest{}):
		err = errors.New("setting a password: the session that lives on needs a digest")
	case !known:
		err = driver.ErrNoUser
	}
	return key, session, err
}

// ForcePasswordReset removes a user's password, and ends all their sessions, logins by refresh
// tokens, API keys and mailed links, all of it or nothing. Use it for an account that an attacker
// may control. The user can log in by other means, such as a mailed link, and set a new password.
// driver.ErrNoUser means that there is no such user.
func (d *DB[U]) ForcePasswordReset(ctx context.Context, id driver.UserID) error {
	return d.doThenRecord(ctx, "forcing a password reset", func(ctx context.Context, tx pgx.Tx) (driver.Event, error) {
		err := d.overwritePassword(ctx, tx, id, password.Hash{}, true)
		return driver.NewEvent(ctx, driver.LoginPasswordResetForced, id), err
	})
}

// overwritePassword sets a password without the old one; the zero Hash removes it. It ends all
// sessions, logins and mailed links of the user, disabled or not, and with endKeys all API keys. On
// a transaction it is part of that.
func (d *DB[U]) overwritePassword(ctx context.Context, conn Conn, id driver.UserID, hash password.Hash, endKeys bool) error {
	key, known := d.key(ctx, id)
	if !known {
		return driver.ErrNoUser
	}
	var b pgx.Batch
	b.Queue(d.mail.forcePassword, key, d.clock(), hashOrNull(hash), endKeys).QueryRow(func(row pgx.Row) error {
		var done bool
		return row.Scan(&done)
	})
	voidAll(&b, key) // SEC-107
	err := conn.SendBatch(ctx, &b).Close()
	if errors.Is(err, pgx.ErrNoRows) {
		return driver.ErrNoUser
	}
	return err
}
