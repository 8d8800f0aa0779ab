package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store/internal/wire"
)

// External keeps what belongs to users whose accounts are kept elsewhere: in a table of the app, in
// another database, or in a directory. See driver.External for ids and errors. It is safe for
// concurrent use on a pool.
//
// The first login of a user makes a shadow row in ginauth.users, with one more statement. The
// sweeper deletes shadow rows that nothing has referred to for 30 days, except those of disabled
// users. An app with two tables of users needs a store for each, with its own [WithSource].
type External struct{ *Sessions }

var (
	_ driver.External                      = (*External)(nil)
	_ driver.Sessions                      = (*External)(nil)
	_ driver.Realms                        = (*External)(nil)
	_ driver.Limiter                       = (*External)(nil)
	_ driver.Logins                        = (*External)(nil)
	_ driver.EventLog                      = (*External)(nil)
	_ driver.RefreshTokens                 = (*External)(nil)
	_ driver.APIKeys[driver.UserID]        = (*External)(nil)
	_ driver.Authority[driver.UserID]      = (*External)(nil)
	_ driver.SessionChecker[driver.UserID] = (*External)(nil)
)

// NewExternal returns a store on conn. It sends no statement. It panics when an option cannot work.
func NewExternal(conn Conn, opts ...Option) *External {
	o, err := newOptions(conn, opts)
	switch {
	case err != nil:
	case o.afterCreate != nil:
		err = errors.New("it creates no users: give AfterCreate to store.New")
	case o.notices:
		err = errors.New("it knows no addresses to write to: give WithMail to store.New")
	}
	if err != nil {
		panic("store.NewExternal: " + err.Error()) //nolint:forbidigo // construction
	}
	o.shadows = &shadows{source: o.source}
	e := &External{newSessions(conn, o)}
	e.lookup.init(e.Sessions, strings.Replace(findSession, sessionOwner, e.shadows.joined(), 1), findExternalFrom, notRevokedOf)
	return e
}

// A session is found together with the shadow row: one step for both the epoch and the id.
const (
	findExternalFrom = findSessionFrom + `
LEFT JOIN ginauth.users AS u ON u.id = s.user_id`
	notRevokedOf = `s.epoch = ` + everybodysEpoch + ` + CASE WHEN s.user_id IS NULL THEN 0 WHEN u.disabled_at IS NULL THEN u.session_epoch END`
)

// WithSource names the table or service that has the users of [NewExternal]: user 42 of one source
// is not user 42 of another. It may have 63 letters, digits, dots, hyphens and underscores.
// Default: "". If you change the name, all users start anew.
func WithSource(name string) Option {
	return func(o *options) { o.source = name }
}

// KeepsRealms implements driver.Realms.
func (e *External) KeepsRealms() error { return nil }

// AcceptsUsers returns an error for a *DB, which keeps its own sessions. ginauth.New calls it.
func (e *External) AcceptsUsers(users any) error {
	if _, ours := users.(keepsUsers); ours {
		return fmt.Errorf("store.NewExternal keeps sessions of users who are elsewhere, and the users of a %T are rows of ginauth.users: leave Options.Sessions out, since store.New keeps sessions as well", users)
	}
	return nil
}

const findExternalKey = `SELECT TRUE` + findKeyFrom

// FindAPIKey returns a live key and its user's id. It is one statement and writes nothing.
// driver.ErrNoAPIKey means that there is no such key, that it has expired or was revoked, or that
// its user is disabled.
func (e *External) FindAPIKey(ctx context.Context, digest driver.Digest) (driver.UserID, driver.APIKey, error) {
	var r driver.APIKey
	err := e.caller.read(ctx, "finding an API key", func(ctx context.Context, conn Conn) error {
		return conn.QueryRow(ctx, e.sql(findExternalKey), digest[:], e.clock()).Scan(wire.Func(func(row *wire.Reader) {
			var found bool
			row.Bool(&found)
			e.readKey(row, &r)
		}))
	})
	if err != nil {
		return "", driver.APIKey{}, orNoKey(err)
	}
	return r.UserID, r, nil
}

// The row is kept as long as the other store's session may live.
const admitExternal = `
WITH kept AS (
	UPDATE ginauth.users AS u
	SET delete_after = clock.now + $6::interval
	FROM ` + theClock + `
	WHERE u.id = $1::uuid AND u.disabled_at IS NULL AND u.delete_after < clock.now + $6::interval
), ` + spentHalf + admitSession + ofHalf

// AdmitSession returns the epoch for a session of n.UserID that another store keeps for n.Lifetime.
// It is one statement, or three at the user's first login. driver.ErrNoUser means that the user is
// disabled.
func (e *External) AdmitSession(ctx context.Context, n driver.NewSession) (driver.Admission, error) {
	var a driver.Admission
	user, ok := e.key(ctx, n.UserID)
	if !ok {
		return a, e.noUser(n.UserID)
	}
	err := e.withShadow(ctx, n.UserID, func() error {
		return e.caller.do(ctx, "admitting a session", func(ctx context.Context, conn Conn) error {
			row := conn.QueryRow(ctx, e.sql(admitExternal), user, e.clock(), e.hash(n.Credential), provesTwo(n), digestOrNull(n.Pending), n.Lifetime)
			return readAdmission(row, n, &a)
		})
	})
	return a, err
}

const findExternalAdmitted = `SELECT u.external_id` + findAdmittedFrom

// FindAdmitted returns the user's id, for a session that another store keeps. It is one statement
// and writes nothing. driver.ErrNoSession means that EndAdmitted has ended the session, that the
// user's sessions or all sessions were revoked since, or that the user is disabled or forgotten.
func (e *External) FindAdmitted(ctx context.Context, user driver.UserID, session driver.Digest, epoch int64) (driver.UserID, time.Time, error) {
	var id driver.UserID
	var at time.Time
	key, ok := e.key(ctx, user)
	if !ok {
		return "", at, driver.ErrNoSession
	}
	err := e.caller.read(ctx, "finding a session's user", func(ctx context.Context, conn Conn) error {
		return conn.QueryRow(ctx, findExternalAdmitted, key, e.clock(), session[:], epoch).Scan(&id, wire.Time(&at))
	})
	if err == nil && id != user {
		err = errSameKey
	}
	if err != nil {
		return "", time.Time{}, orNoSession(err)
	}
	return id, at, nil
}

const findExternalToken = `SELECT u.external_id` + findTokenUserFrom

// FindTokenUser returns the user's id, for a JSON web token that names a live session, or a live
// login by refresh tokens. It is one statement and writes nothing. driver.ErrNoSession means that
// the session has ended or is not the user's, or that the user is disabled.
func (e *External) FindTokenUser(ctx context.Context, user driver.UserID, session driver.SessionID) (driver.UserID, error) {
	key, known := e.key(ctx, user)
	id, wellFormed := parseID(string(session))
	if !known || !wellFormed {
		return "", driver.ErrNoSession
	}
	var found driver.UserID
	err := e.caller.read(ctx, "finding a token's user", func(ctx context.Context, conn Conn) error {
		return conn.QueryRow(ctx, findExternalToken, key, e.clock(), id).Scan(&found)
	})
	if err == nil && found != user {
		err = errSameKey
	}
	if err != nil {
		return "", orNoSession(err)
	}
	return found, nil
}

// After that, the row is kept as long as a new one.
const enableExternal = `
UPDATE ginauth.users AS u
SET disabled_at = NULL, delete_after = clock.now + ` + keptShadow + `, updated_at = clock.now
FROM ` + theClock + `
WHERE u.id = $1::uuid AND u.disabled_at IS NOT NULL`

// EnableUser undoes DisableUser. The user has to log in again. A user who is not disabled is no
// error.
func (e *External) EnableUser(ctx context.Context, id driver.UserID) error {
	key, known := e.key(ctx, id)
	if !known {
		return e.noUser(id)
	}
	return e.doThenRecord(ctx, "enabling a user", func(ctx context.Context, tx pgx.Tx) (driver.Event, error) {
		tag, err := tx.Exec(ctx, enableExternal, key, e.clock())
		if err != nil || tag.RowsAffected() == 0 {
			return unchanged, err
		}
		return driver.NewEvent(ctx, driver.UserEnabled, id), nil
	})
}

// ForgetUser deletes the user's sessions, API keys, logins by refresh tokens and known browsers,
// and ends their sessions in other stores. Events stay until the sweeper deletes them. A login at
// the same time leaves nothing behind: for twice the time of a call (WithTimeout), logins of the
// user return driver.ErrNoUser. It always writes its event.
func (e *External) ForgetUser(ctx context.Context, id driver.UserID) error {
	key, known := e.key(ctx, id)
	if !known {
		return e.noUser(id)
	}
	return e.doThenRecord(ctx, "forgetting a user", func(ctx context.Context, tx pgx.Tx) (driver.Event, error) {
		if _, err := e.makeShadow(ctx, tx, id); err != nil { // so that logins at the same time wait for it
			return unchanged, err
		}
		_, err := tx.Exec(ctx, deleteUser, key)
		return driver.NewEvent(ctx, driver.UserDeleted, id), err
	})
}
