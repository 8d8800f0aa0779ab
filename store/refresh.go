package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store/internal/wire"
)

// familyOwner is what readOwner reads.
const familyOwner = `t.user_id`

// familyColumns are the fields of a driver.RefreshFamily, in the order of readFamily.
const familyColumns = `t.id, ` + familyOwner + `, t.scopes, t.created_at, t.last_used_at, t.expires_at, t.idle_timeout, t.ip, t.user_agent,
	t.methods, t.second_factor`

func (s *Sessions) readFamily(r *wire.Reader, to *driver.RefreshFamily) {
	r.UUID((*string)(&to.ID))
	s.readOwner(r, &to.UserID)
	r.Scan(scopeText{&to.Scopes})
	r.Time(&to.CreatedAt)
	r.Time(&to.LastUsedAt)
	r.Time(&to.ExpiresAt)
	r.Duration(&to.IdleTimeout)
	r.Addr(&to.Origin.Addr)
	r.Text(&to.Origin.UserAgent)
	r.Text((*string)(&to.Methods))
	r.Bool(&to.SecondFactor)
}

// scopeText reads NULL, which means every scope, as nil, and the empty text as no scope.
type scopeText struct{ to *[]string }

// ScanText implements pgtype.TextScanner.
func (t scopeText) ScanText(v pgtype.Text) error {
	*t.to = nil
	if v.Valid {
		*t.to = append([]string{}, strings.Fields(v.String)...)
	}
	return nil
}

// liveFamily holds for t as live does for a session: whatever ends a user's sessions ends t
// (SEC-76, SEC-77).
const liveFamily = `t.expires_at > clock.now AND t.last_used_at + t.idle_timeout > clock.now
	AND t.epoch = ` + everybodysEpoch + ` + (
		SELECT u.session_epoch FROM ginauth.users AS u WHERE u.id = t.user_id AND u.disabled_at IS NULL)`

// As for a session, the user's row stays locked until the family is stored (SEC-78).
const (
	createFamily = `
WITH ` + freshFamily + `
	FROM ginauth.users AS u
	CROSS JOIN (SELECT COALESCE($2::timestamptz, clock_timestamp()) AS now) AS clock
	WHERE u.id = $1::uuid AND u.disabled_at IS NULL AND ` + credentialIs3 + `
	FOR SHARE OF u
)` + storeFamily

	// completeFamily is createFamily for a login that is under way, see completeLogin.
	completeFamily = `
WITH half AS (
	DELETE FROM ginauth.pending_logins AS p
	USING ` + theClock + `
	WHERE p.digest = $17::bytea AND p.user_id = $1::uuid AND p.expires_at > clock.now
	RETURNING p.epoch
), ` + freshFamily + `
	FROM ginauth.users AS u
	CROSS JOIN half
	CROSS JOIN (SELECT COALESCE($2::timestamptz, clock_timestamp()) AS now) AS clock
	WHERE u.id = $1::uuid AND u.disabled_at IS NULL AND ` + credentialIs3 + `
		AND half.epoch = u.session_epoch + ` + everybodysEpoch + `
	FOR SHARE OF u
)` + storeFamily

	freshFamily = `fresh AS (
	SELECT u.id AS user_id, u.session_epoch + ` + everybodysEpoch + ` AS epoch, clock.now, $16::boolean OR NOT ` + gated + ` AS proved`

	storeFamily = `, stored AS (
	INSERT INTO ginauth.refresh_tokens AS t (selector, id, user_id, digest, epoch, scopes,
		created_at, last_used_at, idle_timeout, expires_at, ip, user_agent, methods, second_factor)
	SELECT $4::bytea, $5::uuid, user_id, $6::bytea, epoch, $7::text,
		now, now, $8::interval, now + $9::interval, $10::inet, $11::text, $15::text, $16::boolean
	FROM fresh WHERE proved
	RETURNING ` + familyColumns + `
), event AS (
	INSERT INTO ginauth.events ` + eventColumns + `
	SELECT created_at, '` + string(driver.LoginSucceeded) + `', 'success', user_id, CASE WHEN $14::jsonb IS NULL THEN user_id END,
		id::text, $12::text, $13::text, ip, user_agent,
		CASE WHEN methods = '' THEN $14::jsonb ELSE COALESCE($14::jsonb, '{}') || jsonb_build_object('` + driver.DetailMethods + `', methods) END
	FROM stored
	RETURNING id
)
SELECT fresh.proved, ` + familyColumns + `, (SELECT event.id FROM event) FROM fresh LEFT JOIN stored AS t ON TRUE`
)

const evictFamilies = `
DELETE FROM ginauth.refresh_tokens AS old
WHERE old.user_id = $1::uuid
	AND EXISTS (SELECT 1 FROM ginauth.refresh_tokens AS n WHERE n.id = $4::uuid)
	AND old.id IN (
	SELECT t.id
	FROM ginauth.refresh_tokens AS t
	CROSS JOIN ` + theClock + `
	WHERE t.user_id = $1::uuid AND ` + liveFamily + `
	ORDER BY t.id = $4::uuid DESC, t.last_used_at DESC, t.created_at DESC
	OFFSET $3::bigint)`

// CreateRefreshFamily stores the first token of a login, and deletes those that exceed n.Limit, in
// one transaction and one round trip. driver.ErrNoUser means that the user is unknown or disabled,
// or now has another password. driver.ErrSecondFactor and driver.ErrNoPendingLogin are as for
// CreateSession.
func (s *Sessions) CreateRefreshFamily(ctx context.Context, n driver.NewRefreshFamily) (driver.RefreshFamily, error) {
	if n.Lifetime <= 0 || n.IdleTimeout <= 0 || n.Limit < 0 || n.Key == (driver.RefreshKey{}) {
		return driver.RefreshFamily{}, errors.New("creating a refresh token: it needs a key, a lifetime and an idle timeout, and no negative limit")
	}
	user, ok := s.key(ctx, n.UserID)
	if !ok {
		return driver.RefreshFamily{}, s.noUser(n.UserID)
	}
	id, err := uuid.NewRandom()
	if err != nil {
		return driver.RefreshFamily{}, fmt.Errorf("creating a refresh token: making its id: %w", err)
	}
	login := loginOf(ctx, driver.NewSession{UserID: n.UserID, Origin: n.Origin})
	login.Session = id.String()
	args := []any{
		user, s.clock(), s.hash(n.Credential), n.Key.Selector[:], id.String(), n.Key.Digest[:],
		scopesOrNull(n.Scopes), n.IdleTimeout, n.Lifetime, addrOrNull(n.Origin.Addr), cutUserAgent(n.Origin.UserAgent),
		cutText(login.Operation, maxOperation), cutText(login.RequestID, maxRequestID), operatorOrNull(login),
		string(n.Methods), n.SecondFactor || n.Pending != (driver.Digest{}),
	}
	statement, refused := createFamily, orNoUser
	if n.Pending != (driver.Digest{}) {
		statement, refused, args = completeFamily, orNoPending, append(args, n.Pending[:])
	}
	var f driver.RefreshFamily
	create := func(ctx context.Context, conn Conn) (driver.Event, error) {
		var batch pgx.Batch
		batch.Queue(lockUser, user)
		batch.Queue(s.sql(statement), args...)
		if n.Limit > 0 {
			batch.Queue(evictFamilies, user, s.clock(), n.Limit, id.String())
		}
		e := detailed(login, driver.DetailMethods, string(n.Methods))
		err := scanSecond(conn.SendBatch(ctx, &batch), func(r *wire.Reader) {
			var proved bool
			if r.Bool(&proved); !proved {
				r.Refuse(driver.ErrSecondFactor)
			}
			s.readFamily(r, &f)
			r.Int(&e.ID)
		})
		e.At = f.CreatedAt
		return e, refused(err)
	}
	err = s.withShadow(ctx, n.UserID, func() error { return s.doRecording(ctx, "creating a refresh token", create) })
	if err == nil {
		err = s.owned(f.UserID, n.UserID)
	}
	if err != nil {
		return driver.RefreshFamily{}, err
	}
	return f, nil
}

// scanSecond reads the row of a batch's second statement.
func scanSecond(results pgx.BatchResults, read wire.Func) (err error) {
	defer func() {
		if closed := results.Close(); closed != nil {
			err = closed // the row that was read is not committed
		}
	}()
	if _, err := results.Exec(); err != nil {
		return err
	}
	return results.QueryRow().Scan(read)
}

const findFamily = `
SELECT ` + familyColumns + `, t.digest = $3::bytea OR t.previous_digest = $3::bytea AND t.previous_until > clock.now
FROM ginauth.refresh_tokens AS t
CROSS JOIN ` + theClock + `
WHERE t.selector = $1::bytea AND ` + liveFamily

// FindRefreshFamily returns the live family of a token that RotateRefreshToken would accept. It is
// one statement and writes nothing. driver.ErrTokenReused means that the token was replaced and its
// grace is over. driver.ErrNoSession means that no live family has the token.
func (s *Sessions) FindRefreshFamily(ctx context.Context, k driver.RefreshKey) (driver.RefreshFamily, error) {
	var f driver.RefreshFamily
	var good *bool // NULL if no token was replaced yet
	err := s.caller.read(ctx, "finding a refresh token", func(ctx context.Context, conn Conn) error {
		row := conn.QueryRow(ctx, s.sql(findFamily), k.Selector[:], s.clock(), k.Digest[:])
		return orNoSession(row.Scan(wire.Func(func(r *wire.Reader) {
			s.readFamily(r, &f)
			r.Scan(&good)
		})))
	})
	switch {
	case err != nil:
		return driver.RefreshFamily{}, err
	case good == nil || !*good:
		return f, driver.ErrTokenReused
	}
	return f, nil
}

// rotateToken decides by the row after locking it, so that of many calls with one token the first
// one replaces it, and the others find it replaced. A token that is neither the current one nor,
// within its grace, the previous one ends the login (SEC-82, SEC-100). If a client other than the
// one that replaced a token uses it within the grace, the first such use is written as an event
// (SEC-193). Later uses are not, so that replays cannot fill the table.
const rotateToken = `
WITH rotated AS (
UPDATE ginauth.refresh_tokens AS t
SET digest = CASE WHEN t.digest = $3::bytea THEN $4::bytea ELSE t.digest END,
	seal = CASE WHEN t.digest = $3::bytea THEN $5::bytea ELSE t.seal END,
	previous_digest = CASE WHEN t.digest = $3::bytea THEN $3::bytea ELSE t.previous_digest END,
	previous_until = CASE WHEN t.digest = $3::bytea THEN clock.now + $6::interval ELSE t.previous_until END,
	last_used_at = CASE WHEN t.digest = $3::bytea THEN clock.now ELSE t.last_used_at END,
	replaced_from = CASE WHEN t.digest = $3::bytea THEN $12::bytea ELSE t.replaced_from END,
	elsewhere = CASE
		WHEN t.digest = $3::bytea THEN 0
		WHEN t.replaced_from <> $12::bytea THEN LEAST(t.elsewhere + 1, 2)
		ELSE t.elsewhere END,
	expires_at = CASE
		WHEN t.digest = $3::bytea OR t.previous_digest = $3::bytea AND t.previous_until > clock.now THEN t.expires_at
		ELSE clock.now END
FROM ` + theClock + `
WHERE t.selector = $1::bytea AND ` + liveFamily + `
RETURNING ` + familyColumns + `, t.digest, t.seal, t.expires_at > clock.now AS good,
	t.replaced_from <> $12::bytea AND t.elsewhere = 1 AS elsewhere, clock.now
), event AS (
	INSERT INTO ginauth.events ` + eventColumns + `
	SELECT now, CASE WHEN good THEN '` + string(driver.TokenUsedInGrace) + `' ELSE '` + string(driver.TokenReused) + `' END,
		CASE WHEN good THEN 'success' ELSE 'failure' END, user_id, NULL, id::text, ` + reuseOf7to11 + `
	FROM rotated WHERE NOT good OR elsewhere
	RETURNING id, at
), ended AS (
	SELECT user_id, now, $13::uuid AS notice FROM rotated WHERE NOT good
), told AS (` + tellOfReuse + `
)
SELECT ` + familyColumns + `, t.digest, t.seal, t.good, (SELECT event.id FROM event), (SELECT event.at FROM event) FROM rotated AS t`

// reuseOf7to11 are the columns of an event that describe the client of an old token, which may not
// be the user.
const reuseOf7to11 = `$7::text, $8::text, $9::inet, $10::text, $11::jsonb`

// RotateRefreshToken replaces a token by its successor, in one statement. driver.ErrTokenReused
// means that the token had been replaced before and its grace is over: the family has ended and is
// returned, and with WithMail the user gets a mail. driver.ErrNoSession means that no live family
// has the token.
func (s *Sessions) RotateRefreshToken(ctx context.Context, r driver.RefreshRotation) (driver.RefreshRotated, error) {
	if r.Grace < 0 || r.Next == (driver.Digest{}) {
		return driver.RefreshRotated{}, errors.New("replacing a refresh token: it needs a successor, and no negative grace")
	}
	var to driver.RefreshRotated
	var seal []byte
	var good bool
	args := append([]any{r.Key.Selector[:], s.clock(), r.Key.Digest[:], r.Next[:], r.Seal[:], r.Grace}, reuseArgs(ctx)...)
	notice, err := s.reuseNotice()
	if err != nil {
		return to, err
	}
	args = append(args, clientDigest(driver.NewEvent(ctx, driver.TokenUsedInGrace, "").Origin), notice)
	err = s.doRecording(ctx, "replacing a refresh token", func(ctx context.Context, conn Conn) (driver.Event, error) {
		var id *int64
		var at time.Time
		err := orNoSession(conn.QueryRow(ctx, s.sql(rotateToken), args...).Scan(wire.Func(func(r *wire.Reader) {
			s.readFamily(r, &to.RefreshFamily)
			r.Digest((*[32]byte)(&to.Digest))
			r.Scan(&seal)
			r.Bool(&good)
			r.Scan(&id)
			r.Time(&at)
		})))
		if to.Elsewhere = good && id != nil; to.Elsewhere {
			return lateUse(ctx, driver.TokenUsedInGrace, to.UserID, string(to.ID), id, at), err
		}
		return reused(ctx, to.UserID, string(to.ID), id, at), err
	})
	if err != nil {
		return driver.RefreshRotated{}, err
	}
	copy(to.Seal[:], seal)
	if !good {
		return driver.RefreshRotated{RefreshFamily: to.RefreshFamily}, driver.ErrTokenReused
	}
	return to, nil
}

// reuseArgs returns the parameters that describe the request that used an old token.
func reuseArgs(ctx context.Context) []any {
	e := driver.NewEvent(ctx, driver.TokenReused, "")
	return []any{
		cutText(e.Operation, maxOperation), cutText(e.RequestID, maxRequestID),
		addrOrNull(e.Origin.Addr), cutUserAgent(e.Origin.UserAgent), operatorOrNull(e),
	}
}

// reused returns the event that a statement has written under this id, or unchanged without an id.
func reused(ctx context.Context, user driver.UserID, session string, id *int64, at time.Time) driver.Event {
	return lateUse(ctx, driver.TokenReused, user, session, id, at)
}

func lateUse(ctx context.Context, kind driver.EventKind, user driver.UserID, session string, id *int64, at time.Time) driver.Event {
	if id == nil {
		return unchanged
	}
	e := driver.NewEvent(ctx, kind, user)
	e.ID, e.At, e.Actor, e.Session = *id, at, "", session
	return e
}

const revokeToken = `DELETE FROM ginauth.refresh_tokens AS t WHERE t.selector = $1::bytea RETURNING ` + familyColumns

// RevokeRefreshToken deletes the family of a token, replaced or not. driver.ErrNoSession means that
// no family has it.
func (s *Sessions) RevokeRefreshToken(ctx context.Context, k driver.RefreshKey) (f driver.RefreshFamily, err error) {
	err = s.doThenRecord(ctx, "revoking a refresh token", func(ctx context.Context, tx pgx.Tx) (driver.Event, error) {
		err := tx.QueryRow(ctx, s.sql(revokeToken), k.Selector[:]).Scan(wire.Func(func(r *wire.Reader) { s.readFamily(r, &f) }))
		return detailed(driver.NewProofEvent(ctx, driver.TokenRevoked, f.UserID), "login", string(f.ID)), orNoSession(err)
	})
	if err != nil {
		return driver.RefreshFamily{}, err
	}
	return f, nil
}

func scopesOrNull(scopes []string) any {
	if scopes == nil {
		return nil
	}
	return strings.Join(scopes, " ")
}
