package store

import (
	"context"
	"errors"
	"reflect"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/ginauth/ginauth/ginauth/driver"
)

const (
	// findRecipient locks the user before the mail, in the order of every transaction that deletes
	// both. Such a transaction therefore deletes the new token too, or the mail no longer exists. A
	// mail without a user goes to the user of its realm who has the address now. Archived users get mails,
	// because another person may have archived the account.
	findRecipient = `
FROM ginauth.users AS u
WHERE (u.disabled_at IS NULL OR ` + isArchived + `) AND u.id = (
	SELECT COALESCE(o.user_id, (SELECT v.id FROM ginauth.users AS v WHERE v.email_canonical = ` + ordered + ` AND v.realm = o.realm),
		(SELECT v.id FROM ginauth.users AS v WHERE v.username_canonical = ` + ordered + ` AND v.realm = o.realm))
	FROM ginauth.outbox AS o WHERE o.id = $1::uuid AND o.failed_at IS NULL)
FOR SHARE OF u`

	// lockMail checks again, because the statement before it may have waited for the user's row. An
	// address that is already proved needs no proof, and no user can move to an address of another
	// user.
	lockMail = `
SELECT o.kind, o.email, CASE WHEN o.user_id IS NULL THEN u.email_canonical ELSE o.email_canonical END
FROM ginauth.outbox AS o
JOIN ginauth.users AS u ON u.id = $2::uuid
WHERE o.id = $1::uuid AND o.failed_at IS NULL AND CASE o.kind
	WHEN 'verify' THEN ` + hasIdentifier + ` AND u.verified_at IS NULL
	WHEN 'change' THEN NOT EXISTS (SELECT 1 FROM ginauth.users AS v WHERE v.email_canonical = o.email_canonical AND v.realm = u.realm AND v.id <> u.id)
	WHEN 'undo' THEN TRUE
	WHEN 'password' THEN TRUE
	WHEN 'device' THEN TRUE
	WHEN 'reuse' THEN TRUE
	ELSE ` + hasIdentifier + ` END
FOR UPDATE OF o`

	// A mail can be asked for by a username, and goes to the address of its user, if there is one.
	hasIdentifier = `u.email IS NOT NULL AND ` + ordered + ` IN (u.email_canonical, u.username_canonical)`

	// An undo link stays when later ones are made: it is the way back if a thief changes the
	// address twice.
	dropOlderTokens = `
DELETE FROM ginauth.email_tokens
WHERE user_id = $1::uuid AND kind = $2::text AND kind <> 'undo' AND mail_id <> $3::uuid`

	// A token's age is that of its order. Otherwise, if the first mail is late or sent again, the
	// way back from a first change could look younger than the way back from a second one.
	insertToken = `
INSERT INTO ginauth.email_tokens (digest, kind, user_id, mail_id, email, email_canonical, created_at, expires_at)
SELECT $1::bytea, $3::text, $4::uuid, o.id, $6::text, $7::text, o.created_at, clock.now + $8::interval
FROM ginauth.outbox AS o
CROSS JOIN ` + theClock + `
WHERE o.id = $5::uuid`
)

// PrepareMail returns the recipient of a mail and stores the digest of its token, in one
// transaction. driver.ErrNoMail means that the mail no longer exists or has no recipient: no
// account has the address, or the account is disabled and not just archived, or the address is
// proved already, or the new address belongs to another user.
func (d *DB[U]) PrepareMail(ctx context.Context, id driver.MailID, digest driver.Digest, lifetime time.Duration) (driver.Recipient[U], error) {
	key, ok := parseID(string(id))
	if !ok {
		return driver.Recipient[U]{}, driver.ErrNoMail
	}
	var to driver.Recipient[U]
	err := d.caller.do(ctx, "preparing a mail", func(ctx context.Context, conn Conn) error {
		return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) (err error) {
			to = driver.Recipient[U]{}
			if err := d.lockRecipient(ctx, tx, key, &to.User); err != nil {
				return err
			}
			u := d.layout.user(reflect.ValueOf(&to.User).Elem())
			owner, _ := d.key(ctx, u.ID) // the id comes from a row
			var kind, address, canonical string
			if err := tx.QueryRow(ctx, d.mail.lockMail, key, owner).Scan(&kind, &address, &canonical); err != nil {
				return err
			}
			if to.Email = u.Email; orderNames(driver.MailKind(kind)) {
				to.Email = address
			}
			if lifetime <= 0 {
				return nil
			}
			if _, err := tx.Exec(ctx, dropOlderTokens, owner, kind, key); err != nil {
				return err
			}
			_, err = tx.Exec(ctx, insertToken, digest[:], d.clock(), kind, owner, key, to.Email, canonical, lifetime)
			return err
		})
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return driver.Recipient[U]{}, driver.ErrNoMail
	}
	if err != nil {
		return driver.Recipient[U]{}, err
	}
	return to, nil
}

func (d *DB[U]) lockRecipient(ctx context.Context, tx pgx.Tx, mail pgtype.UUID, to *U) error {
	if d.mail.findOwner == "" {
		return d.scan(tx.QueryRow(ctx, d.mail.findRecipient, mail), to)
	}
	var id driver.UserID
	if err := tx.QueryRow(ctx, d.mail.findOwner, mail).Scan(&id); err != nil {
		return err
	}
	key, known := d.key(ctx, id)
	if !known { // nobody has the address
		return pgx.ErrNoRows
	}
	if _, err := d.makeShadow(ctx, tx, id); err != nil { // which the token refers to
		return err
	}
	return d.scan(tx.QueryRow(ctx, d.mail.findRecipient, key), to)
}

// orderNames says whether a mail goes to the address that was stored with it. That address does not
// come from a client: a notice goes to the former owner's address, even if a thief has changed the
// account's address since (SEC-111).
func orderNames(k driver.MailKind) bool {
	return k == driver.MailChange || k == driver.MailUndo || k == driver.MailPassword || k == driver.MailNewBrowser || k == driver.MailReuse
}
