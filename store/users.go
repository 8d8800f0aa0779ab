package store

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/password"
)

// userStatements are those whose column list depends on the user type.
type userStatements struct {
	columns, findUser, findCredential, findUserSession, findAdmitted string
}

func newUserStatements(l layout) userStatements {
	columns := l.selectList()
	return userStatements{
		columns:         columns,
		findUser:        `SELECT ` + columns + findUserFrom,
		findCredential:  `SELECT u.password_hash, ` + columns + findCredentialFrom,
		findUserSession: `SELECT ` + columns + findUserSessionFrom,
		findAdmitted:    `SELECT ` + columns + findAdmittedFrom,
	}
}

const findUserFrom = `
FROM ginauth.users AS u
WHERE u.id = $1::uuid`

// FindUser returns the user, disabled or not. ginauth.ErrNoUser is the answer for a
// malformed id, too.
func (d *DB[U]) FindUser(ctx context.Context, id ginauth.UserID) (U, error) {
	var none U
	key, ok := parseID(string(id))
	if !ok {
		return none, ginauth.ErrNoUser
	}
	u, err := d.one(ctx, "finding a user", d.statements.findUser, key)
	return u, orNoUser(err)
}

const findCredentialFrom = `
FROM ginauth.users AS u
WHERE u.email_canonical = $1::text`

// FindCredential returns the user, disabled or not, and the password hash, zero for none.
// A stored hash that package password refuses is an error that wraps
// password.ErrMalformedHash.
func (d *DB[U]) FindCredential(ctx context.Context, identifier string) (U, password.Hash, error) {
	var none U
	if !storable(identifier) {
		return none, password.Hash{}, ginauth.ErrNoUser
	}
	var encoded *string
	u, err := d.one(ctx, "finding a credential", d.statements.findCredential, identifier, &encoded)
	if err != nil {
		return none, password.Hash{}, orNoUser(err)
	}
	if encoded == nil {
		return u, password.Hash{}, nil
	}
	hash, err := password.ParseHash(*encoded)
	if err != nil {
		return none, password.Hash{}, fmt.Errorf("finding a credential: %w", err)
	}
	return u, hash, nil
}

// findUserSessionFrom joins the user, so that neither is found without the other. It runs for
// every protected request, so it reads no column that only a list of sessions shows.
const findUserSessionFrom = `,
	s.id, s.data, s.version, s.authenticated_at, s.last_seen_at, s.expires_at, s.persistent,
	COALESCE($2::timestamptz, now())
FROM ginauth.sessions AS s
JOIN ginauth.users AS u ON u.id = s.user_id
WHERE s.digest = $1::bytea AND u.disabled_at IS NULL AND s.epoch = u.session_epoch + ` + everybodysEpoch + `
	AND s.expires_at > COALESCE($2::timestamptz, now())
	AND s.last_seen_at + s.idle_timeout > COALESCE($2::timestamptz, now())`

const userSessionSize = 8

func userSessionDest(r *ginauth.SessionRecord, to []any) []any {
	return append(to, (*idText)(&r.ID), (*[]byte)(&r.Data), &r.Version,
		(*utcTime)(&r.AuthenticatedAt), (*utcTime)(&r.LastSeenAt), (*utcTime)(&r.ExpiresAt),
		&r.Persistent, (*utcTime)(&r.ReadAt))
}

// FindUserSession returns a live session and its user. ginauth.ErrNoSession means that there is
// no such session, that it is anonymous, or that its user is disabled. It is one
// statement, and writes nothing. The record's CreatedAt, IdleTimeout and Origin stay empty.
func (d *DB[U]) FindUserSession(ctx context.Context, digest ginauth.Digest) (U, ginauth.SessionRecord, error) {
	var u U
	var r ginauth.SessionRecord
	err := d.caller.do(ctx, "finding a session", func(ctx context.Context, conn Conn) error {
		v := reflect.ValueOf(&u).Elem()
		dest := userSessionDest(&r, d.layout.dest(v, make([]any, 0, d.layout.size()+userSessionSize)))
		err := conn.QueryRow(ctx, d.statements.findUserSession, digest[:], d.clock()).Scan(dest...)
		r.UserID, r.Digest = d.layout.user(v).ID, digest
		return err
	})
	if err != nil {
		var none U
		return none, ginauth.SessionRecord{}, orNoSession(err)
	}
	return u, r, nil
}

const replaceHash = `
UPDATE ginauth.users
SET password_hash = $3::text, updated_at = COALESCE($4::timestamptz, now())
WHERE id = $1::uuid AND password_hash = $2::text`

// ReplaceHash moves the same password to a newer hash. It does nothing when the stored
// hash is no longer old, so that a password changed meanwhile stays (SEC-15).
func (d *DB[U]) ReplaceHash(ctx context.Context, id ginauth.UserID, old, replacement password.Hash) error {
	if replacement.IsZero() {
		return errors.New("replacing a password hash: the new one is empty")
	}
	key, ok := parseID(string(id))
	if !ok || old.IsZero() {
		return nil
	}
	return d.caller.do(ctx, "replacing a password hash", func(ctx context.Context, conn Conn) error {
		_, err := conn.Exec(ctx, replaceHash, key, old.Reveal(), replacement.Reveal(), d.clock())
		return err
	})
}

// one returns the user that the statement finds by key. Its first columns go to before.
func (d *DB[U]) one(ctx context.Context, doing, statement string, key any, before ...any) (U, error) {
	var u U
	err := d.caller.do(ctx, doing, func(ctx context.Context, conn Conn) error {
		v := reflect.ValueOf(&u).Elem()
		dest := append(make([]any, 0, len(before)+d.layout.size()), before...)
		err := conn.QueryRow(ctx, statement, key).Scan(d.layout.dest(v, dest)...)
		return err
	})
	if err != nil {
		var none U
		return none, err
	}
	return u, nil
}

// storable tells whether PostgreSQL can compare with the text at all.
func storable(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }

func hashOrNull(h password.Hash) any {
	if h.IsZero() {
		return nil
	}
	return h.Reveal()
}

func orNoUser(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return ginauth.ErrNoUser
	}
	return err
}
