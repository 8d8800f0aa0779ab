package store

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store/internal/wire"
)

var _ driver.PendingLogins = (*Sessions)(nil)

// pendingOwner is what readOwner reads.
const pendingOwner = `p.user_id`

// pendingColumns are the fields of a driver.PendingLogin, in the order of readPending.
const pendingColumns = `p.digest, ` + pendingOwner + `, p.methods, p.persistent, p.return_to, p.created_at, p.expires_at, p.ip, p.user_agent`

func (s *Sessions) readPending(r *wire.Reader, to *driver.PendingLogin) {
	r.Digest((*[32]byte)(&to.Digest))
	s.readOwner(r, &to.UserID)
	r.Text((*string)(&to.Methods))
	r.Bool(&to.Persistent)
	r.Text(&to.ReturnTo)
	r.Time(&to.CreatedAt)
	r.Time(&to.ExpiresAt)
	r.Addr(&to.Origin.Addr)
	r.Text(&to.Origin.UserAgent)
	r.Time(&to.ReadAt)
}

// As for a session, the user's row stays locked until the login is stored (SEC-78).
const createPending = `
WITH fresh AS (
	SELECT u.id AS user_id, u.session_epoch + ` + everybodysEpoch + ` AS epoch, clock.now
	FROM ginauth.users AS u
	CROSS JOIN (SELECT COALESCE($2::timestamptz, clock_timestamp()) AS now) AS clock
	WHERE u.id = $1::uuid AND u.disabled_at IS NULL AND ` + credentialIs3 + `
	FOR SHARE OF u
), stored AS (
	INSERT INTO ginauth.pending_logins AS p (digest, user_id, epoch, methods, persistent, return_to, created_at, expires_at, ip, user_agent)
	SELECT $4::bytea, user_id, epoch, $5::text, $6::boolean, $7::text, now, now + $8::interval, $9::inet, $10::text
	FROM fresh
	RETURNING ` + pendingColumns + `
)
SELECT ` + pendingColumns + `, p.created_at FROM stored AS p`

const evictPending = `
DELETE FROM ginauth.pending_logins AS old
WHERE old.user_id = $1::uuid
	AND EXISTS (SELECT 1 FROM ginauth.pending_logins AS n WHERE n.digest = $2::bytea)
	AND old.digest IN (
	SELECT p.digest FROM ginauth.pending_logins AS p
	WHERE p.user_id = $1::uuid
	ORDER BY p.digest = $2::bytea DESC, p.created_at DESC
	OFFSET $3::bigint)`

// CreatePendingLogin stores a login whose second factor is missing, and deletes those of the user
// beyond driver.MaxPendingLogins, in one transaction and one round trip. driver.ErrNoUser means that
// the user is unknown or disabled, or now has another password.
func (s *Sessions) CreatePendingLogin(ctx context.Context, n driver.NewPendingLogin) (driver.PendingLogin, error) {
	if n.Digest == (driver.Digest{}) || n.Lifetime <= 0 {
		return driver.PendingLogin{}, errors.New("beginning a login: it needs a digest and a lifetime")
	}
	user, ok := s.key(ctx, n.UserID)
	if !ok {
		return driver.PendingLogin{}, s.noUser(n.UserID)
	}
	args := []any{
		user, s.clock(), s.hash(n.Credential), n.Digest[:], string(n.Methods), n.Persistent, n.ReturnTo, n.Lifetime,
		addrOrNull(n.Origin.Addr), cutUserAgent(n.Origin.UserAgent),
	}
	var p driver.PendingLogin
	err := s.withShadow(ctx, n.UserID, func() error {
		return s.caller.do(ctx, "beginning a login", func(ctx context.Context, conn Conn) error {
			var batch pgx.Batch
			batch.Queue(lockUser, user)
			batch.Queue(s.sql(createPending), args...)
			batch.Queue(evictPending, user, n.Digest[:], driver.MaxPendingLogins)
			return orNoUser(scanSecond(conn.SendBatch(ctx, &batch), func(r *wire.Reader) { s.readPending(r, &p) }))
		})
	})
	if err == nil {
		err = s.owned(p.UserID, n.UserID)
	}
	if err != nil {
		return driver.PendingLogin{}, err
	}
	return p, nil
}

// livePending holds for p as live does for a session: whatever ends a user's sessions ends p
// (SEC-76, SEC-77).
const livePending = `p.expires_at > clock.now AND p.epoch = ` + everybodysEpoch + ` + (
		SELECT u.session_epoch FROM ginauth.users AS u WHERE u.id = p.user_id AND u.disabled_at IS NULL)`

const findPendingLogin = `
SELECT ` + pendingColumns + `, clock.now
FROM ginauth.pending_logins AS p
CROSS JOIN ` + theClock + `
WHERE p.digest = $1::bytea AND ` + livePending

// FindPendingLogin returns a login whose second factor is missing, or driver.ErrNoPendingLogin. It is
// one statement and writes nothing.
func (s *Sessions) FindPendingLogin(ctx context.Context, d driver.Digest) (p driver.PendingLogin, err error) {
	err = s.caller.read(ctx, "finding a login", func(ctx context.Context, conn Conn) error {
		return conn.QueryRow(ctx, s.sql(findPendingLogin), d[:], s.clock()).Scan(wire.Func(func(r *wire.Reader) { s.readPending(r, &p) }))
	})
	if err != nil {
		return driver.PendingLogin{}, orNoPending(err)
	}
	return p, nil
}

func orNoPending(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return driver.ErrNoPendingLogin
	}
	return err
}

const deletePending = `DELETE FROM ginauth.pending_logins WHERE digest = $1::bytea`

// DeletePendingLogin ends a login whose second factor is missing. An unknown digest is no error.
func (s *Sessions) DeletePendingLogin(ctx context.Context, d driver.Digest) error {
	return s.caller.do(ctx, "ending a login", func(ctx context.Context, conn Conn) error {
		_, err := conn.Exec(ctx, deletePending, d[:])
		return err
	})
}

const sweepPending = `
DELETE FROM ginauth.pending_logins
WHERE digest = ANY (ARRAY(
	SELECT p.digest FROM ginauth.pending_logins AS p
	WHERE p.expires_at <= COALESCE($1::timestamptz, now())
	ORDER BY p.expires_at
	LIMIT $2::bigint
	FOR UPDATE SKIP LOCKED))`

// sweepPending deletes a batch of logins whose time is over.
func (s *Sessions) sweepPending(ctx context.Context) (deleted int64, err error) {
	err = s.caller.do(ctx, "sweeping logins", func(ctx context.Context, conn Conn) error {
		tag, err := conn.Exec(ctx, sweepPending, s.clock(), sweepRows)
		deleted = tag.RowsAffected()
		return err
	})
	return deleted, err
}
