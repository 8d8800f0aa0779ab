package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/password"
)

// spent is a token that has been deleted and is being used. Its user is locked.
type spent struct {
	kind   driver.MailKind
	hash   password.Hash
	locale string

	user                    pgtype.UUID
	owner                   driver.UserID
	address, canonical      string // the address that the token proves
	madeAt                  time.Time
	former, formerCanonical string // the address that the user has
	first                   bool   // the address was not proved before
	archived                bool
	released                driver.UserID // the user who had to give up the address
}

// takesOver says whether the owner of the mailbox may be another person than the previous user of
// the account.
func (s *spent) takesOver() bool {
	return s.first && (s.kind == driver.MailReset || s.kind == driver.MailLogin)
}

// events returns the events of the token's account, and of the account that had to give up the
// address.
func (s *spent) events(ctx context.Context) []driver.Event {
	kind := driver.LinkUsed
	switch {
	case s.kind == driver.MailReset:
		kind = driver.LoginPasswordReset
	case s.kind == driver.MailChange:
		kind = driver.UserEmailChanged
	case s.kind == driver.MailUndo:
		kind = driver.UserEmailChangeUndone
	case s.kind == driver.MailVerify || s.first:
		kind = driver.UserVerified
	}
	e := detailed(driver.NewProofEvent(ctx, kind, s.owner), "link", string(s.kind))
	if s.takesOver() {
		e = detailed(e, "first_proof", "true") // Event.FirstProof
	}
	if s.archived {
		e = detailed(e, "restored", "true")
	}
	if s.released == "" {
		return []driver.Event{e}
	}
	return []driver.Event{e, detailed(driver.NewEvent(ctx, driver.UserArchived, s.released), "link", string(s.kind))}
}

const (
	proveAddress = `
UPDATE ginauth.users AS u
SET verified_at = COALESCE(u.verified_at, clock.now), updated_at = clock.now
FROM ` + theClock + `
WHERE u.id = $1::uuid`

	// The user who set the password of an address that was not proved need not be the owner of the
	// address.
	proveAndWipe = `
UPDATE ginauth.users AS u
SET password_hash = NULL, session_epoch = u.session_epoch + 1,
	verified_at = clock.now, updated_at = clock.now
FROM ` + theClock + `
WHERE u.id = $1::uuid`

	resetPassword = `
UPDATE ginauth.users AS u
SET password_hash = $3::text, must_change_password = FALSE, session_epoch = u.session_epoch + 1,
	verified_at = COALESCE(u.verified_at, clock.now), updated_at = clock.now
FROM ` + theClock + `
WHERE u.id = $1::uuid`

	changeAddress = `
UPDATE ginauth.users AS u
SET email = $3::text, email_canonical = $4::text,
	verified_at = clock.now, updated_at = clock.now
FROM ` + theClock + `
WHERE u.id = $1::uuid`

	// The thief may have set the password.
	restoreAddress = `
UPDATE ginauth.users AS u
SET email = $3::text, email_canonical = $4::text, password_hash = NULL, session_epoch = u.session_epoch + 1,
	verified_at = clock.now, updated_at = clock.now
FROM ` + theClock + `
WHERE u.id = $1::uuid`

	restoreArchived = `
UPDATE ginauth.users AS u
SET disabled_at = NULL, delete_after = NULL, updated_at = clock.now
FROM ` + theClock + `
WHERE u.id = $1::uuid`

	// Mails are deleted first: a token that is being created for one is then seen by the next
	// statement (SEC-113).
	withdrawChanges = `DELETE FROM ginauth.outbox WHERE user_id = $1::uuid AND kind = 'change' AND failed_at IS NULL`
	voidTokens      = `DELETE FROM ginauth.email_tokens WHERE user_id = $1::uuid AND kind <> 'undo'`
	// A user may log in in order to use a link that was sent to another mailbox.
	voidTokensHere = `DELETE FROM ginauth.email_tokens WHERE user_id = $1::uuid AND kind NOT IN ('change', 'undo')`
	// Older undo links stay: they lead back to earlier addresses.
	voidLaterUndos = `
DELETE FROM ginauth.email_tokens
WHERE user_id = $1::uuid AND kind = 'undo' AND (created_at >= $2::timestamptz OR email_canonical = $3::text)`
	withdrawUndos = `DELETE FROM ginauth.outbox WHERE user_id = $1::uuid AND kind = 'undo' AND created_at >= $2::timestamptz`
)

// apply does what a token is for. Each case deletes the other tokens that were mailed to the
// address. A case that replaces the password or the address, or proves that the address is another
// person's, deletes all tokens but undo links (SEC-107).
func (d *DB[U]) apply(ctx context.Context, tx pgx.Tx, s spent) error {
	var b pgx.Batch
	switch s.kind {
	case driver.MailVerify:
		b.Queue(d.mail.prove, s.user, d.clock())
		b.Queue(voidTokensHere, s.user)
	case driver.MailReset:
		b.Queue(d.mail.resetPassword, s.user, d.clock(), s.hash.Reveal())
		endTrust(&b, s.user)
		voidAll(&b, s.user)
	case driver.MailLogin:
		if !s.first {
			b.Queue(voidTokensHere, s.user)
			break
		}
		b.Queue(d.mail.proveAndWipe, s.user, d.clock())
		endTrust(&b, s.user)
		voidAll(&b, s.user)
	case driver.MailChange:
		b.Queue(d.mail.changeAddress, d.mail.moving(s.user, d.clock(), s.address, s.canonical)...)
		if s.canonical != s.formerCanonical { // another spelling is the same address
			b.Queue(forgetDevices, s.user)
		}
		voidAll(&b, s.user)
	case driver.MailUndo:
		b.Queue(d.mail.restoreAddress, d.mail.moving(s.user, d.clock(), s.address, s.canonical)...)
		endTrust(&b, s.user)
		voidAll(&b, s.user)
		b.Queue(withdrawUndos, s.user, timestamp(s.madeAt))
		b.Queue(voidLaterUndos, s.user, timestamp(s.madeAt), s.canonical)
	default:
		return fmt.Errorf("a token of kind %q is good for nothing", s.kind)
	}
	if s.takesOver() {
		b.Queue(removeFactors, s.user)
	}
	if s.archived {
		b.Queue(d.mail.restoreArchived, s.user, d.clock())
	}
	if err := d.queueNotice(ctx, &b, s); err != nil {
		return err
	}
	return tx.SendBatch(ctx, &b).Close()
}

// endTrust ends what a new password does not end. A user who proves ownership by mail has lost
// control of the account (SEC-186).
func endTrust(b *pgx.Batch, user pgtype.UUID) {
	b.Queue(revokeUsersKeys, user)
	b.Queue(forgetDevices, user)
}

func voidAll(b *pgx.Batch, user pgtype.UUID) {
	b.Queue(withdrawChanges, user)
	b.Queue(voidTokens, user)
}

// queueNotice tells the owner what happened, at the former address (SEC-111). A former address that
// was not proved gets no link back to the account: it may be a stranger's.
func (d *DB[U]) queueNotice(ctx context.Context, b *pgx.Batch, s spent) error {
	o := driver.MailOrder{UserID: s.owner, Email: s.former, Canonical: s.formerCanonical, Locale: s.locale}
	switch {
	case s.kind == driver.MailReset:
		o.Kind = driver.MailPassword
	case s.kind == driver.MailChange && !s.first && s.former != s.address: // another spelling may be another mailbox
		o.Kind = driver.MailUndo
	default:
		return nil
	}
	args, err := d.order(ctx, o)
	if err != nil {
		return err
	}
	b.Queue(d.sql(queueMailToUser), args...)
	return nil
}
