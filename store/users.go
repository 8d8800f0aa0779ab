package store

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/password"
	"github.com/ginauth/ginauth/store/internal/wire"
)

// userStatements are the statements whose column list depends on the user type.
type userStatements struct {
	columns, findUser, findCredential, findNamed, findAdmitted, findKey, findTokenUser, findByEmail, findByUsername string
}

func newUserStatements(l layout) userStatements {
	columns := l.selectList()
	return userStatements{
		columns:        columns,
		findUser:       `SELECT ` + columns + findUserFrom,
		findCredential: `SELECT ` + goodHash + `, ` + columns + findCredentialFrom,
		findNamed:      `SELECT ` + goodHash + `, ` + columns + findNamedFrom,
		findAdmitted:   `SELECT ` + columns + findAdmittedFrom,
		findKey:        `SELECT ` + columns + findKeyFrom,
		findTokenUser:  `SELECT ` + columns + findTokenUserFrom,
		findByEmail:    `SELECT ` + columns + findCredentialFrom,
		findByUsername: `SELECT ` + columns + findNamedFrom,
	}
}

const findUserFrom = `
FROM ginauth.users AS u
WHERE u.id = $1::uuid`

// FindUser returns the user, disabled or not. It returns driver.ErrNoUser for a malformed id too.
func (d *DB[U]) FindUser(ctx context.Context, id driver.UserID) (U, error) {
	var none U
	key, ok := d.key(ctx, id)
	if !ok {
		return none, driver.ErrNoUser
	}
	u, err := d.one(ctx, "finding a user", d.statements.findUser, []any{key})
	return u, orNoUser(err)
}

// goodHash is NULL without a password, and for a password that is not valid yet: a user who has
// signed up by mail has to prove the address first (SEC-183).
const goodHash = `CASE WHEN u.password_pending AND u.verified_at IS NULL THEN NULL ELSE u.password_hash END`

const findCredentialFrom = `
FROM ginauth.users AS u
WHERE u.email_canonical = $1::text AND u.realm = $2::text`

const findNamedFrom = `
FROM ginauth.users AS u
WHERE u.username_canonical = $1::text AND u.realm = $2::text`

// credential is the statement that finds a user by an identifier and a realm.
func (s *userStatements) credential(identifier string) string {
	if strings.Contains(identifier, "@") || s.findNamed == "" {
		return s.findCredential
	}
	return s.findNamed
}

// FindCredential returns the user, disabled or not, and the password hash. The hash is zero without
// a password, and for a user of CreateUserAndMail whose address is not proved yet. If package
// password refuses the stored hash, the error wraps password.ErrMalformedHash, and the user is
// returned beside it.
func (d *DB[U]) FindCredential(ctx context.Context, identifier string) (U, password.Hash, error) {
	var none U
	if !storable(identifier) {
		return none, password.Hash{}, driver.ErrNoUser
	}
	var encoded *string
	u, err := d.one(ctx, "finding a credential", d.statements.credential(identifier), []any{identifier, driver.Realm(ctx)}, &encoded)
	if err != nil {
		return none, password.Hash{}, orNoUser(err)
	}
	hash, err := hashOf(encoded)
	return u, hash, err
}

// hashOf returns the stored hash. It is zero for NULL, which means a user without a password.
func hashOf(encoded *string) (password.Hash, error) {
	if encoded == nil {
		return password.Hash{}, nil
	}
	hash, err := password.ParseHash(*encoded)
	if err != nil {
		return password.Hash{}, fmt.Errorf("finding a credential: %w", err)
	}
	return hash, nil
}

// foundUser is a user who is not disabled, with a session.
type foundUser[U any] struct {
	user U
	foundSession
}

// findUserSession joins the user, so that neither is found without the other. It runs for every
// protected request, so it leaves out columns that only a list of sessions shows, and has no more
// than 16 for a User: pgx allocates memory for further ones.
const (
	findUserSession = `s.id, s.data, s.authenticated_at, s.second_factor_at, s.last_seen_at, s.expires_at,
	clock.now, ` + sessionState + ` + 2 * (NOT (` + notExpired + `))::int`
	findUserSessionFrom = `
FROM ginauth.sessions AS s
JOIN ginauth.users AS u ON u.id = s.user_id`
	ofTheirUser = `u.disabled_at IS NULL AND s.epoch = u.session_epoch + ` + everybodysEpoch
)

func (d *DB[U]) readUserSession(r *wire.Reader, f *foundUser[U]) {
	to := &f.record
	r.UUID((*string)(&to.ID))
	r.JSON((*[]byte)(&to.Data))
	r.Time(&to.AuthenticatedAt)
	r.Time(&to.SecondFactorAt)
	r.Time(&to.LastSeenAt)
	r.Time(&to.ExpiresAt)
	r.Time(&to.ReadAt)
	r.Int(&to.Version)
	f.ended = unpack(to)
	v := reflect.ValueOf(&f.user).Elem()
	d.layout.readEnabled(r, v)
	to.UserID = d.layout.user(v).ID
}

const replaceHash = `
UPDATE ginauth.users AS u
SET password_hash = $4::text, updated_at = clock.now
FROM ` + theClock + `
WHERE u.id = $1::uuid AND u.password_hash = $3::text`

// ReplaceHash replaces the hash of the same password by a newer one. It does nothing when the
// stored hash is no longer old, so that a password that was changed in the meantime stays (SEC-15).
func (d *DB[U]) ReplaceHash(ctx context.Context, id driver.UserID, old, replacement password.Hash) error {
	if replacement.IsZero() {
		return errors.New("replacing a password hash: the new one is empty")
	}
	key, ok := d.key(ctx, id)
	if !ok || old.IsZero() {
		return nil
	}
	return d.caller.do(ctx, "replacing a password hash", func(ctx context.Context, conn Conn) error {
		_, err := conn.Exec(ctx, replaceHash, key, d.clock(), old.Reveal(), replacement.Reveal())
		return err
	})
}

// readUser reads d.statements.columns.
func (d *DB[U]) readUser(r *wire.Reader, to *U) { d.layout.read(r, reflect.ValueOf(to).Elem()) }

// scan reads a row that is a user.
func (d *DB[U]) scan(row pgx.Row, to *U) error {
	return row.Scan(wire.Func(func(r *wire.Reader) { d.readUser(r, to) }))
}

// one returns the user that the statement finds. Its first columns go to before.
func (d *DB[U]) one(ctx context.Context, doing, statement string, args []any, before ...any) (U, error) {
	var u, none U
	err := d.caller.read(ctx, doing, func(ctx context.Context, conn Conn) error {
		return conn.QueryRow(ctx, statement, args...).Scan(wire.Func(func(r *wire.Reader) {
			for _, to := range before {
				r.Scan(to)
			}
			d.readUser(r, &u)
		}))
	})
	if err != nil {
		return none, err
	}
	return u, nil
}

// storable says whether PostgreSQL accepts the text at all.
func storable(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }

func hashOrNull(h password.Hash) any {
	if h.IsZero() {
		return nil
	}
	return h.Reveal()
}

func orNoUser(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return driver.ErrNoUser
	}
	return err
}
