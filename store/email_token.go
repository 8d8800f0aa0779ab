package store

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/password"
	"github.com/ginauth/ginauth/store/internal/wire"
)

// goodToken holds for t until it expires, if its user may use it. The token's address must still be
// the user's, unless the token moves the user to another address (SEC-104). An archived user may
// use it, because another person than the owner of the mailbox may have archived the account
// (SEC-184, SEC-185).
const (
	goodToken = validToken + ` AND u.external_id IS NULL
	AND (t.kind IN ('change', 'undo') OR t.email_canonical = u.email_canonical)`

	validToken = `t.digest = $1::bytea AND t.kind = $3::text AND t.expires_at > clock.now
	AND (u.disabled_at IS NULL OR ` + isArchived + `)`
)

const findEmailTokenFrom = `
FROM ginauth.email_tokens AS t
JOIN ginauth.users AS u ON u.id = t.user_id
CROSS JOIN ` + theClock + `
WHERE ` + goodToken

// FindEmailToken returns the user of a valid token and the address that it proves. It is one
// statement and writes nothing. driver.ErrNoEmailToken means that there is no such token.
func (d *DB[U]) FindEmailToken(ctx context.Context, k driver.MailKind, digest driver.Digest) (U, string, error) {
	var u U
	var address string
	err := d.caller.read(ctx, "finding a mailed token", func(ctx context.Context, conn Conn) error {
		return conn.QueryRow(ctx, d.mail.findToken, digest[:], d.clock(), string(k)).
			Scan(wire.Func(func(r *wire.Reader) {
				r.Text(&address)
				d.readUser(r, &u)
			}))
	})
	if err != nil {
		var none U
		return none, "", orNoToken(err)
	}
	return u, address, nil
}

const findPending = `
SELECT u.password_hash
FROM ginauth.email_tokens AS t
JOIN ginauth.users AS u ON u.id = t.user_id
CROSS JOIN ` + theClock + `
WHERE ` + goodToken + ` AND u.password_pending AND u.verified_at IS NULL`

// FindPendingPassword returns the password of a sign-up by mail whose address is not proved yet,
// for a valid token of driver.MailVerify, or the zero Hash. It is one statement and writes nothing.
func (d *DB[U]) FindPendingPassword(ctx context.Context, digest driver.Digest) (password.Hash, error) {
	var encoded *string
	err := d.caller.read(ctx, "finding a password that waits", func(ctx context.Context, conn Conn) error {
		return conn.QueryRow(ctx, d.mail.findPending, digest[:], d.clock(), string(driver.MailVerify)).Scan(&encoded)
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return password.Hash{}, nil
	}
	if err != nil {
		return password.Hash{}, err
	}
	return hashOf(encoded)
}

const (
	// lockTokensUser comes first in every transaction that spends a token, so that two tokens of
	// one user wait for each other instead of deadlocking.
	lockTokensUser = `
SELECT u.id FROM ginauth.users AS u
WHERE u.id = (SELECT t.user_id FROM ginauth.email_tokens AS t WHERE t.digest = $1::bytea AND t.kind = $2::text)
FOR NO KEY UPDATE`

	// takeToken is the only place where a token is spent (SEC-105).
	takeToken = `
DELETE FROM ginauth.email_tokens AS t
USING ginauth.users AS u, ` + theClock + `
WHERE u.id = t.user_id AND ` + goodToken + `
RETURNING t.user_id::text, t.email, t.email_canonical, t.created_at, COALESCE(u.email, ''), COALESCE(u.email_canonical, ''),
	u.verified_at IS NULL, u.disabled_at IS NOT NULL`
)

// UseEmailToken deletes a token and does what it is for, in one transaction. If a link proves an
// address for the first time, and only the mailbox was needed to use it, it also removes what was
// there before: password, sessions, logins by refresh tokens, API keys, known devices and other
// mailed links (SEC-113). The event is then a driver.Event.FirstProof, and OnEvent can clear the
// app's own data. An archived user is restored.
func (d *DB[U]) UseEmailToken(ctx context.Context, use driver.EmailTokenUse) (U, error) {
	var u U
	var events []driver.Event
	if use.Kind == driver.MailReset && use.Hash.IsZero() {
		return u, errors.New("using a mailed token: the new password's hash is empty")
	}
	err := d.doThenRecord(ctx, "using a mailed token", func(ctx context.Context, tx pgx.Tx) (driver.Event, error) {
		var zero U
		u, events = zero, nil
		s, err := d.spend(ctx, tx, use)
		if err != nil {
			return unchanged, orNoToken(err)
		}
		events = s.events(ctx)
		if err := d.recordAll(ctx, tx, events); err != nil {
			return unchanged, err
		}
		// The user as OnEvent leaves it.
		return unchanged, d.scan(tx.QueryRow(ctx, d.statements.findUser, string(s.owner)), &u)
	})
	if err == nil {
		d.callAfterEvent(ctx, events...)
		return u, nil
	}
	var none U
	if d.addressTaken(err) {
		return none, driver.ErrIdentifierTaken
	}
	return none, err
}

func (d *DB[U]) spend(ctx context.Context, tx pgx.Tx, use driver.EmailTokenUse) (spent, error) {
	s := spent{kind: use.Kind, hash: use.Hash, locale: use.Locale}
	if err := tx.QueryRow(ctx, lockTokensUser, use.Digest[:], string(use.Kind)).Scan(&s.user); err != nil {
		return s, err
	}
	if d.mail.lockRow != "" {
		if _, err := tx.Exec(ctx, d.mail.lockRow, s.user); err != nil {
			return s, err
		}
	}
	err := tx.QueryRow(ctx, d.mail.takeToken, use.Digest[:], d.clock(), string(use.Kind)).
		Scan(&s.owner, &s.address, &s.canonical, wire.Time(&s.madeAt), &s.former, &s.formerCanonical, &s.first, &s.archived)
	if err != nil {
		return s, err
	}
	if s.kind == driver.MailUndo {
		if err := d.releaseAddress(ctx, tx, &s); err != nil {
			return s, err
		}
	}
	return s, d.apply(ctx, tx, s)
}

func orNoToken(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return driver.ErrNoEmailToken
	}
	return err
}

// Rows are found in the order of one index and deleted by another, so that no plan reads the whole
// table.
const sweepEmailTokens = `
DELETE FROM ginauth.email_tokens
WHERE digest = ANY (ARRAY(
	SELECT t.digest FROM ginauth.email_tokens AS t
	WHERE t.expires_at <= COALESCE($1::timestamptz, now())
	ORDER BY t.expires_at
	LIMIT $2::bigint
	FOR UPDATE SKIP LOCKED))`

// sweepEmailTokens deletes a batch of mailed tokens that have expired.
func (s *Sessions) sweepEmailTokens(ctx context.Context) (deleted int64, err error) {
	err = s.caller.do(ctx, "sweeping mailed tokens", func(ctx context.Context, conn Conn) error {
		tag, err := conn.Exec(ctx, sweepEmailTokens, s.clock(), sweepRows)
		deleted = tag.RowsAffected()
		return err
	})
	return deleted, err
}
