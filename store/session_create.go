package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/google/uuid"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store/internal/wire"
)

const emptyData = "{}"

// A new session is computed as fresh, stored if its data fits, and returned in both cases, so that
// one statement tells what went wrong. The user's row stays locked until the session is stored. A
// change of the password, or disabling the user, either comes first and is seen here, or comes
// later and sees the session (SEC-78). An existing digest is an error (SEC-63). clock_timestamp
// keeps the order of sessions whose statements waited for each other.
const (
	createUserSession = `
WITH ` + freshSession + `
	FROM ginauth.users AS u
	CROSS JOIN ` + newestClock + `
	WHERE u.id = $12::uuid AND u.disabled_at IS NULL AND ` + credentialIs13 + `
	FOR SHARE OF u
)` + storeFresh + recordLogin

	// completeLogin is createUserSession for a login that is under way. Of parallel calls, the one
	// that deletes the login stores a session. Its epoch is compared with that of the locked user.
	completeLogin = `
WITH half AS (
	DELETE FROM ginauth.pending_logins AS p
	USING (SELECT COALESCE($10::timestamptz, now()) AS now) AS clock
	WHERE p.digest = $22::bytea AND p.user_id = $12::uuid AND p.expires_at > clock.now
	RETURNING p.epoch
), ` + freshSession + `
	FROM ginauth.users AS u
	CROSS JOIN half
	CROSS JOIN ` + newestClock + `
	WHERE u.id = $12::uuid AND u.disabled_at IS NULL AND ` + credentialIs13 + `
		AND half.epoch = u.session_epoch + ` + everybodysEpoch + `
	FOR SHARE OF u
)` + storeFresh + recordLogin

	// fits is NULL if a second factor is missing (SEC-122).
	freshSession = `fresh AS (
	SELECT $1::bytea AS digest, $2::uuid AS id, u.id AS user_id, $3::jsonb AS data, 0::bigint AS version,
		clock.now AS created_at, clock.now AS authenticated_at, clock.now AS last_seen_at,
		$4::interval AS idle_timeout, clock.now + $5::interval AS expires_at, $6::boolean AS persistent,
		$18::text AS methods, CASE WHEN $19::boolean THEN clock.now END AS second_factor_at,
		$20::text AS provider_issuer, $21::text AS provider_sid, u.session_epoch + ` + everybodysEpoch + ` AS epoch,
		$7::inet AS ip, $8::text AS user_agent, clock.now,
		octet_length($3::jsonb::text) <= $9::bigint AND CASE WHEN $19::boolean OR NOT ` + gated + ` THEN TRUE END AS fits`

	newestClock = `(SELECT COALESCE($10::timestamptz, clock_timestamp()) AS now) AS clock`

	createAnonymousSession = `
WITH fresh AS (
	SELECT $1::bytea AS digest, $2::uuid AS id, NULL::uuid AS user_id, $3::jsonb AS data, 0::bigint AS version,
		clock.now AS created_at, CASE WHEN $12::boolean THEN clock.now END AS authenticated_at, clock.now AS last_seen_at,
		$4::interval AS idle_timeout, clock.now + $5::interval AS expires_at, $6::boolean AS persistent,
		$13::text AS methods, CASE WHEN $14::boolean THEN clock.now END AS second_factor_at,
		$15::text AS provider_issuer, $16::text AS provider_sid, ` + everybodysEpoch + ` AS epoch,
		$7::inet AS ip, $8::text AS user_agent, clock.now, octet_length($3::jsonb::text) <= $9::bigint AS fits
	FROM (SELECT COALESCE($10::timestamptz, now()) AS now) AS clock
)` + storeFresh + `
SELECT ` + sessionColumns + `, s.now, ` + verdictOf + `, NULL::bigint FROM fresh AS s`

	storeFresh = `, replaced AS (
	DELETE FROM ginauth.sessions WHERE (digest = $11::bytea OR previous_digest = $11::bytea) AND EXISTS (SELECT 1 FROM fresh WHERE fits)
), stored AS (
	INSERT INTO ginauth.sessions (digest, id, user_id, data, version, created_at, authenticated_at,
		last_seen_at, idle_timeout, expires_at, persistent, methods, second_factor_at, provider_issuer, provider_sid, epoch, ip, user_agent)
	SELECT digest, id, user_id, data, version, created_at, authenticated_at,
		last_seen_at, idle_timeout, expires_at, persistent, methods, second_factor_at, provider_issuer, provider_sid, epoch, ip, user_agent
	FROM fresh WHERE fits
)`

	recordLogin = `, event AS (
	INSERT INTO ginauth.events ` + eventColumns + `
	SELECT now, '` + string(driver.LoginSucceeded) + `', 'success', user_id, CASE WHEN $17::jsonb IS NULL THEN user_id END,
		$14::text, $15::text, $16::text, ip, user_agent,
		CASE WHEN methods = '' THEN $17::jsonb ELSE COALESCE($17::jsonb, '{}') || jsonb_build_object('` + driver.DetailMethods + `', methods) END
	FROM fresh WHERE fits
	RETURNING id
)
SELECT ` + sessionColumns + `, s.now, ` + verdictOf + `, (SELECT event.id FROM event) FROM fresh AS s`

	verdictOf = `COALESCE(s.fits::int, 2)::bigint`
)

// A verdict says what became of a new session.
const (
	tooLarge      = 0
	withoutFactor = 2
)

// CreateSession stores a new session, deletes the session that it replaces and those that exceed
// n.Limit, and writes the event authn_login_success for a user. All of it happens, or nothing, in
// one round trip. driver.ErrNoUser means that the user is unknown or disabled, or now has another
// password; driver.ErrSessionTooLarge means that the data exceeds the limit. An existing digest is
// another error. driver.ErrSecondFactor means that the user has a
// second factor that was not proved, and driver.ErrNoPendingLogin that the login to be completed is
// not there, or not any more.
func (s *Sessions) CreateSession(ctx context.Context, n driver.NewSession) (driver.Session, error) {
	var r driver.Session
	var verdict int64
	create, err := s.creation(ctx, n, &r, &verdict)
	if err != nil {
		return driver.Session{}, err
	}
	err = s.withShadow(ctx, n.UserID, func() error { return s.doRecording(ctx, "creating a session", create) })
	if err == nil {
		err = s.owned(r.UserID, n.UserID)
	}
	return decided(r, verdict, err)
}

func decided(r driver.Session, verdict int64, err error) (driver.Session, error) {
	if err == nil && verdict == withoutFactor {
		err = driver.ErrSecondFactor
	}
	return written(r, verdict != tooLarge, err)
}

// creation returns the statement that stores a session and its event, and reads its row into r. The
// session is stored only if its data fits and no second factor is missing.
func (s *Sessions) creation(ctx context.Context, n driver.NewSession, r *driver.Session, verdict *int64) (func(context.Context, Conn) (driver.Event, error), error) {
	statement, args, err := s.insertion(ctx, n)
	if err != nil {
		return nil, err
	}
	var login driver.Event
	if n.UserID != "" {
		login = loginOf(ctx, n)
		args = append(args, login.Session, cutText(login.Operation, maxOperation), cutText(login.RequestID, maxRequestID), operatorOrNull(login))
	}
	args = append(args, string(n.Methods), provesTwo(n), n.Provider.Issuer, n.Provider.ID)
	if n.Pending != (driver.Digest{}) {
		args = append(args, n.Pending[:])
	}
	return func(ctx context.Context, conn Conn) (e driver.Event, err error) {
		var id *int64
		read := wire.Func(func(row *wire.Reader) {
			s.readSession(row, r)
			row.Int(verdict)
			row.Scan(&id)
		})
		if n.UserID != "" && (n.Limit > 0 || s.locksFirst()) || s.tellsOf(n) {
			err = s.insertLogin(ctx, conn, statement, args, n, r, read)
		} else {
			err = conn.QueryRow(ctx, statement, args...).Scan(read)
		}
		if id != nil {
			e = login
			e.ID, e.At = *id, r.ReadAt
			if s.events.heard() {
				e = detailed(e, driver.DetailMethods, string(n.Methods))
			}
		}
		r.Provider = n.Provider
		if n.Pending != (driver.Digest{}) {
			return e, orNoPending(err)
		}
		return e, orNoUser(err)
	}, nil
}

// loginOf returns the event of a new session. The user is the actor, even if the request had the
// session of another user.
func loginOf(ctx context.Context, n driver.NewSession) driver.Event {
	e := driver.NewEvent(ctx, driver.LoginSucceeded, n.UserID)
	if e.Detail == nil {
		e.Actor = n.UserID
	}
	e.Session, e.Origin = n.Digest.String(), n.Origin
	return e
}

// operatorOrNull returns the detail of an event that can only say that an operator acted.
func operatorOrNull(e driver.Event) any {
	if e.Detail == nil {
		return nil
	}
	return `{"actor": "operator"}`
}

func (s *Sessions) insertion(ctx context.Context, n driver.NewSession) (statement string, args []any, err error) {
	if n.Digest == (driver.Digest{}) || n.Lifetime <= 0 || n.IdleTimeout <= 0 || n.Limit < 0 || n.Pending != (driver.Digest{}) && n.UserID == "" {
		return "", nil, errors.New("creating a session: it needs a digest, a lifetime and an idle timeout, and no negative limit")
	}
	if s.hopeless(n.Data) {
		return "", nil, driver.ErrSessionTooLarge
	}
	id, err := uuid.NewRandom()
	if err != nil {
		return "", nil, fmt.Errorf("creating a session: making its id: %w", err)
	}
	const most = 22 // the parameters of completeLogin
	args = append(make([]any, 0, most),
		n.Digest[:], id.String(), object(n.Data), n.IdleTimeout, n.Lifetime, n.Persistent,
		addrOrNull(n.Origin.Addr), cutUserAgent(n.Origin.UserAgent), s.maxData, s.clock(), digestOrNull(n.Replaces),
	)
	if n.UserID == "" {
		return createAnonymousSession, append(args, n.Authenticated), nil
	}
	user, ok := s.key(ctx, n.UserID)
	if !ok {
		return "", nil, s.noUser(n.UserID)
	}
	statement = createUserSession
	if n.Pending != (driver.Digest{}) {
		statement = completeLogin
	}
	return s.sql(statement), append(args, user, s.hash(n.Credential)), nil
}

func written(r driver.Session, fits bool, err error) (driver.Session, error) {
	switch {
	case err != nil:
		return driver.Session{}, err
	case !fits:
		return driver.Session{}, driver.ErrSessionTooLarge
	}
	return r, nil
}

// hopeless says, without asking the database, whether data cannot fit. PostgreSQL shrinks JSON at
// most to a sixth, if all of it is escapes such as \u0041, unless it is padded with blanks.
func (s *Sessions) hopeless(data json.RawMessage) bool { return len(data)/8 > s.maxData }

func object(data json.RawMessage) string {
	if len(data) == 0 {
		return emptyData
	}
	return string(data)
}

func digestOrNull(d driver.Digest) []byte {
	if d == (driver.Digest{}) {
		return nil
	}
	return d[:]
}

func addrOrNull(addr netip.Addr) any {
	if !addr.IsValid() {
		return nil
	}
	return addr.Unmap().WithZone("").String()
}

// cutUserAgent cuts a header's value to fit the column, whose constraint counts characters.
func cutUserAgent(s string) string { return cutText(s, driver.MaxUserAgent) }

// cutText cuts a text to fit a column of that many characters.
func cutText(s string, most int) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
	characters := 0
	for i := range s {
		if characters == most {
			return s[:i]
		}
		characters++
	}
	return s
}
