package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/password"
)

var _ driver.Mails[User] = (*Table[User])(nil)

// KeepsProofs says whether the table has a column for the proof of an address. ginauth.New and
// package email call it.
func (t *Table[U]) KeepsProofs() bool { return t.shadows.table.verified.column != "" }

// CreateUserAndMail works as DB.CreateUserAndMail. The app's row has the password at once, which
// only this store refuses before the address is proved.
func (t *Table[U]) CreateUserAndMail(ctx context.Context, n driver.NewUser, fill func(*U) error, locale string) (bool, error) {
	n.Username, n.CanonicalUsername, n.Verified = "", "", false
	if !t.KeepsProofs() {
		return false, fmt.Errorf("creating a user: the table has no column for the proof of an address: %w", errors.ErrUnsupported)
	}
	if err := t.inRealm(ctx); err != nil {
		return false, err
	}
	u, err := t.filled(n, fill)
	if err != nil {
		return false, err
	}
	nobody, err := nobodysAddress(n.Canonical)
	if err != nil {
		return false, err
	}
	s := signUp[U]{db: t.db, new: n, other: n, user: u, locale: locale}
	s.other.Email, s.other.Canonical = nobody, nobody
	s.insert = func(ctx context.Context, tx pgx.Tx, n driver.NewUser, u *U) (driver.UserID, error) {
		id, err := t.insertRow(ctx, tx, n, u)
		if err != nil {
			return id, err
		}
		if _, err := t.makeShadow(ctx, tx, id); err != nil {
			return id, err
		}
		key, _ := t.key(ctx, id) // the id comes from a row
		_, err = tx.Exec(ctx, `UPDATE ginauth.users SET password_pending = TRUE WHERE id = $1::uuid`, key)
		return id, err
	}
	return s.begin(ctx)
}

// nobodysAddress returns an address that looks like the given one, so that the app's constraints
// treat both alike.
func nobodysAddress(canonical string) (string, error) {
	id, err := uuid.NewRandom()
	if err != nil {
		return "", fmt.Errorf("creating a user: %w", err)
	}
	local, domain, _ := strings.Cut(canonical, "@")
	random := strings.ReplaceAll(id.String(), "-", "")
	random += random
	const enough = 20 // so that nobody has it
	return random[:min(max(len(local), enough), len(random))] + "@" + domain, nil
}

// QueueMail works as DB.QueueMail.
func (t *Table[U]) QueueMail(ctx context.Context, o driver.MailOrder) error {
	if err := t.inRealm(ctx); err != nil {
		return err
	}
	return t.db.QueueMail(ctx, o)
}

// ClaimMail works as DB.ClaimMail. It returns mails to users of this table alone.
func (t *Table[U]) ClaimMail(ctx context.Context, limit int, lease time.Duration) ([]driver.Mail, error) {
	return t.db.ClaimMail(ctx, limit, lease)
}

// PrepareMail works as DB.PrepareMail.
func (t *Table[U]) PrepareMail(ctx context.Context, id driver.MailID, digest driver.Digest, lifetime time.Duration) (driver.Recipient[U], error) {
	return t.db.PrepareMail(ctx, id, digest, lifetime)
}

// SettleMail works as DB.SettleMail.
func (t *Table[U]) SettleMail(ctx context.Context, id driver.MailID, attempt int, o driver.MailOutcome) error {
	return t.db.SettleMail(ctx, id, attempt, o)
}

// FindEmailToken works as DB.FindEmailToken.
func (t *Table[U]) FindEmailToken(ctx context.Context, k driver.MailKind, digest driver.Digest) (U, string, error) {
	return t.db.FindEmailToken(ctx, k, digest)
}

// FindPendingPassword works as DB.FindPendingPassword.
func (t *Table[U]) FindPendingPassword(ctx context.Context, digest driver.Digest) (password.Hash, error) {
	return t.db.FindPendingPassword(ctx, digest)
}

// UseEmailToken works as DB.UseEmailToken. It locks the app's row before it reads the address, so
// that plain SQL changes it before or after.
func (t *Table[U]) UseEmailToken(ctx context.Context, use driver.EmailTokenUse) (U, error) {
	return t.db.UseEmailToken(ctx, use)
}

// FindUserByEmail works as DB.FindUserByEmail.
func (t *Table[U]) FindUserByEmail(ctx context.Context, email string) (U, error) {
	if err := t.inRealm(ctx); err != nil {
		var none U
		return none, err
	}
	return t.db.FindUserByEmail(ctx, email)
}

// FindUserByUsername works as DB.FindUserByUsername.
func (t *Table[U]) FindUserByUsername(ctx context.Context, username string) (U, error) {
	if err := t.inRealm(ctx); err != nil {
		var none U
		return none, err
	}
	return t.db.FindUserByUsername(ctx, username)
}

// ForcePasswordReset works as DB.ForcePasswordReset. A password column that is NOT NULL becomes
// empty.
func (t *Table[U]) ForcePasswordReset(ctx context.Context, id driver.UserID) error {
	return t.withShadow(ctx, id, func() error { return t.db.ForcePasswordReset(ctx, id) })
}

// addressTaken says whether an error is that of an address that another user has.
func (s *Sessions) addressTaken(err error) bool {
	if s.shadows == nil || s.shadows.table == nil {
		return violates(err, identifierConstraint)
	}
	return s.shadows.table.taken(err) == driver.ErrIdentifierTaken //nolint:errorlint // as taken returns it
}

// releaseRow is releaseAddress for an app's own table. It archives by the shadow row, and the app's
// row loses the address.
func (d *DB[U]) releaseRow(ctx context.Context, tx pgx.Tx, s *spent) error {
	m := d.shadows.table
	find, take, archive := m.release()
	var id driver.UserID
	err := tx.QueryRow(ctx, find, s.canonical, s.owner).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	if _, err := d.makeShadow(ctx, tx, id); err != nil {
		return err
	}
	key, _ := d.key(ctx, id)
	if _, err := tx.Exec(ctx, lockUser, key); err != nil { // first, as everywhere
		return err
	}
	var instead any // NULL, or an address that no mail reaches (RFC 6761, 6.4)
	if m.email.required {
		random, err := nobodysAddress("@released.invalid")
		if err != nil {
			return err
		}
		instead = random
	}
	tag, err := tx.Exec(ctx, take, s.canonical, d.clock(), instead, string(id))
	if err != nil || tag.RowsAffected() == 0 {
		return err
	}
	s.released = id
	_, err = tx.Exec(ctx, archive, key, d.clock(), releasedGrace)
	return err
}
