package store

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store/internal/wire"
)

var _ driver.Factors = (*Sessions)(nil)

// gated holds for the user u if no login may do without a second factor. It looks at the factors
// themselves: a flag of the user would stay when they go, or go when they stay.
const gated = `EXISTS (SELECT 1 FROM ginauth.factors AS f WHERE f.user_id = u.id AND f.gates AND f.confirmed_at IS NOT NULL)`

// The user's row is locked, so that the user is not disabled meanwhile.
const addFactor = `
INSERT INTO ginauth.factors (id, user_id, kind, gates, created_at, confirmed_at)
SELECT $3::uuid, u.id, $4::text, $5::boolean, clock.now, CASE WHEN $6::boolean THEN clock.now END
FROM ginauth.users AS u
CROSS JOIN ` + theClock + `
WHERE u.id = $1::uuid AND u.disabled_at IS NULL
FOR SHARE OF u`

// AddFactor stores a second factor of a user. driver.ErrNoUser means that the user is unknown or
// disabled. An ID that exists is another error.
func (s *Sessions) AddFactor(ctx context.Context, n driver.NewFactor) error {
	id, ok := parseID(string(n.ID))
	if !ok || n.Kind == "" {
		return errors.New("adding a factor: it needs a UUID and a kind")
	}
	user, known := s.key(ctx, n.UserID)
	if !known {
		return s.noUser(n.UserID)
	}
	return s.withShadow(ctx, n.UserID, func() error {
		return s.caller.do(ctx, "adding a factor", func(ctx context.Context, conn Conn) error {
			tag, err := conn.Exec(ctx, addFactor, user, s.clock(), id, n.Kind, n.Gates, n.Confirmed)
			if err == nil && tag.RowsAffected() == 0 {
				err = driver.ErrNoUser
			}
			return err
		})
	})
}

const confirmFactor = `
UPDATE ginauth.factors AS f
SET confirmed_at = COALESCE(f.confirmed_at, clock.now)
FROM ` + theClock + `
WHERE f.id = $3::uuid AND f.user_id = $1::uuid`

// ConfirmFactor says that the user has proved a factor for the first time. driver.ErrNoFactor means
// that the user has no such factor.
func (s *Sessions) ConfirmFactor(ctx context.Context, user driver.UserID, id driver.FactorID) error {
	return s.changeFactor(ctx, "confirming a factor", user, id, func(key, factor pgtype.UUID) (string, []any) {
		return confirmFactor, []any{key, s.clock(), factor}
	})
}

const removeFactor = `DELETE FROM ginauth.factors WHERE id = $2::uuid AND user_id = $1::uuid`

// removeFactors is for an account that goes to the owner of its mailbox: whoever made it may be
// another person.
const removeFactors = `DELETE FROM ginauth.factors WHERE user_id = $1::uuid`

// RemoveFactor deletes a factor of the user. driver.ErrNoFactor means that the user has no such
// factor.
func (s *Sessions) RemoveFactor(ctx context.Context, user driver.UserID, id driver.FactorID) error {
	return s.changeFactor(ctx, "removing a factor", user, id, func(key, factor pgtype.UUID) (string, []any) {
		return removeFactor, []any{key, factor}
	})
}

func (s *Sessions) changeFactor(ctx context.Context, doing string, user driver.UserID, id driver.FactorID, change func(key, factor pgtype.UUID) (string, []any)) error {
	key, known := s.key(ctx, user)
	factor, wellFormed := parseID(string(id))
	if !known || !wellFormed {
		return driver.ErrNoFactor
	}
	return s.caller.do(ctx, doing, func(ctx context.Context, conn Conn) error {
		statement, args := change(key, factor)
		tag, err := conn.Exec(ctx, statement, args...)
		if err == nil && tag.RowsAffected() == 0 {
			err = driver.ErrNoFactor
		}
		return err
	})
}

const listFactors = `
SELECT f.id, f.kind, f.gates, f.created_at, f.confirmed_at
FROM ginauth.factors AS f
WHERE f.user_id = $1::uuid
ORDER BY f.created_at, f.id
LIMIT $2::bigint`

// UserFactors returns the factors of a user, confirmed or not, the oldest first, at most 1000. It is
// one statement and writes nothing.
func (s *Sessions) UserFactors(ctx context.Context, user driver.UserID) (list []driver.Factor, err error) {
	key, ok := s.key(ctx, user)
	if !ok {
		return nil, nil
	}
	err = s.caller.read(ctx, "listing a user's factors", func(ctx context.Context, conn Conn) error {
		rows, err := conn.Query(ctx, listFactors, key, maxListed)
		if err != nil {
			return err
		}
		list, err = wire.Collect(rows, func(r *wire.Reader, f *driver.Factor) {
			r.UUID((*string)(&f.ID))
			r.Text(&f.Kind)
			r.Bool(&f.Gates)
			r.Time(&f.CreatedAt)
			r.Time(&f.ConfirmedAt)
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}
