package store

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store/internal/wire"
)

// releasedGrace is how long an account is kept after it lost its address. We chose a month, which
// is long enough for its user to write to the app's operators.
const releasedGrace = 30 * 24 * time.Hour

// Only an account that was created after the address was moved away can have this address.
const releaseAddress = `
UPDATE ginauth.users AS u
SET email_canonical = $4::text, session_epoch = u.session_epoch + 1, updated_at = clock.now,
	disabled_at = COALESCE(u.disabled_at, clock.now),
	delete_after = CASE WHEN u.disabled_at IS NULL THEN clock.now + $5::interval ELSE u.delete_after END
FROM ` + theClock + `
WHERE u.email_canonical = $1::text AND u.id <> $3::uuid AND u.verified_at IS NULL
	AND u.realm = (SELECT v.realm FROM ginauth.users AS v WHERE v.id = $3::uuid)
RETURNING u.id`

// releaseAddress archives an account that a thief has created under the address to which an undo
// link leads back. The thief does not have the mailbox, and so must not keep the address (SEC-184,
// SEC-185).
func (d *DB[U]) releaseAddress(ctx context.Context, tx pgx.Tx, s *spent) error {
	if d.locksFirst() {
		return d.releaseRow(ctx, tx, s)
	}
	id, err := uuid.NewRandom()
	if err != nil {
		return err
	}
	var released driver.UserID
	err = tx.QueryRow(ctx, releaseAddress, s.canonical, d.clock(), s.user, nobodys(s.canonical, id), releasedGrace).
		Scan(wire.UUID((*string)(&released)))
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	s.released = released
	return err
}
