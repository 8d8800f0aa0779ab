package store

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/password"
	"github.com/ginauth/ginauth/store/internal/wire"
)

// shadows describes the users whose shadow rows a store uses. A shadow row in ginauth.users stands
// for a user whose account is kept elsewhere, so that other tables can refer to it as to any user.
// Its id is computed from the user's own id, so no statement has to look it up.
type shadows struct {
	source  string
	table   *mapped  // nil: no table of this database has the users
	adapted sync.Map // from a statement for ginauth's own users
}

// key returns a UUID of version 8 (RFC 9562, 5.8), which no user of ginauth's own table has. Each
// part of its input is preceded by its length, so that no two users have the same input.
func (h *shadows) key(ctx context.Context, id driver.UserID) (pgtype.UUID, bool) {
	if driver.CheckExternalID(id) != nil || h.table != nil && !h.table.isID(id) {
		return pgtype.UUID{}, false
	}
	text := []byte("ginauth user elsewhere, 1")
	for _, part := range []string{h.realm(ctx), h.source, string(id)} {
		text = binary.BigEndian.AppendUint64(text, uint64(len(part)))
		text = append(text, part...)
	}
	sum := sha256.Sum256(text)
	key := uuid.UUID(sum[:16])
	key[6] = key[6]&0x0f | 0x80
	key[8] = key[8]&0x3f | 0x80
	return pgtype.UUID{Bytes: key, Valid: true}, true
}

// realm returns that of a call. Ids in a table of this database are unique over all realms.
func (h *shadows) realm(ctx context.Context) string {
	if h.table != nil {
		return ""
	}
	return driver.Realm(ctx)
}

// isShadow says whether an id is that of a shadow row.
func isShadow(id string) bool {
	const length, version = 36, 14
	return len(id) == length && id[version] == '8'
}

// Column lists that statements return, and the columns in them that say whose a row is.
var (
	returned = []string{sessionColumns, familyColumns, pendingColumns, keyColumns, deletedColumns, ownerAndDigest, actorOf}
	owners   = []string{sessionOwner, familyOwner, pendingOwner, keyOwner, actorOf}
)

// sql adapts a statement for ginauth's own users, so that it returns the user's own id instead of
// the shadow row's.
func (s *Sessions) sql(statement string) string {
	if s.shadows == nil {
		return statement
	}
	if done, ok := s.shadows.adapted.Load(statement); ok {
		return done.(string) //nolint:forcetypeassert,errcheck // nothing else is in it
	}
	done := statement
	for _, columns := range returned {
		at := strings.LastIndex(done, columns) // earlier ones belong to other parts of the statement
		if at < 0 {
			continue
		}
		for _, owner := range owners {
			if strings.Contains(columns, owner) {
				id := s.shadows.owner(owner)
				if owner == actorOf {
					id = `CASE WHEN e.actor_id = e.user_id THEN '` + self + `' ELSE ` + id + ` END`
				}
				done = done[:at] + strings.Replace(columns, owner, id, 1) + done[at+len(columns):]
			}
		}
	}
	if s.shadows.table != nil {
		done = s.shadows.table.adapt(done)
	}
	s.shadows.adapted.Store(statement, done)
	return done
}

// Values of owner: NULL for an anonymous session, otherwise one of these. A row leads to its owner in
// their realm, since both the digests of credentials and the keys of users contain it.
const (
	foreign = "!"
	known   = "=" // followed by the user's own id
	self    = "." // the actor of an event is its user, who may have no row
)

func (h *shadows) owner(column string) string {
	return `CASE WHEN ` + column + ` IS NOT NULL THEN COALESCE((
		SELECT '` + known + `' || o.external_id FROM ginauth.users AS o
		WHERE o.id = ` + column + ` AND o.source = '` + h.source + `'), '` + foreign + `') END`
}

// joined is owner for statements that join the shadow row of s as u.
func (h *shadows) joined() string {
	return `CASE WHEN ` + sessionOwner + ` IS NOT NULL THEN CASE
		WHEN u.source = '` + h.source + `' THEN '` + known + `' || u.external_id ELSE '` + foreign + `' END END`
}

// readOwner reads the owner of a row. A row of a user whom this store does not have counts as no
// row.
func (s *Sessions) readOwner(r *wire.Reader, to *driver.UserID) {
	if s.readAnyOwner(r, to) {
		r.Refuse(pgx.ErrNoRows)
	}
}

// readAnyOwner reads the owner of a row, and says whether that is a user whom this store does not
// have.
func (s *Sessions) readAnyOwner(r *wire.Reader, to *driver.UserID) (isForeign bool) {
	if s.shadows == nil {
		r.UUID((*string)(to))
		return isShadow(string(*to))
	}
	var text string
	if r.OptionalText(&text); text == self {
		return false
	}
	id, isKnown := strings.CutPrefix(text, known)
	*to = driver.UserID(id)
	if !isKnown {
		*to = ""
	}
	return text == foreign
}

// noUser returns the error for an id that no user of this store can have.
func (s *Sessions) noUser(id driver.UserID) error {
	if s.shadows == nil || s.shadows.table != nil {
		return driver.ErrNoUser
	}
	return driver.CheckExternalID(id)
}

var errSameKey = errors.New("two users have one key: the ids were made to collide")

// owned returns an error unless a new row belongs to the wanted user.
func (s *Sessions) owned(got, want driver.UserID) error {
	if s.shadows != nil && got != want {
		return errSameKey
	}
	return nil
}

// hash returns a hash as a parameter that the user's row must match. It is NULL for users
// elsewhere, whose hashes are not known here.
func (s *Sessions) hash(h password.Hash) any {
	if s.shadows != nil && s.shadows.table == nil {
		return nil
	}
	return hashOrNull(h)
}

// locksFirst says that a login has to lock the shadow row before the app's own, as a change of the
// password does.
func (s *Sessions) locksFirst() bool { return s.shadows != nil && s.shadows.table != nil }

// identifier is hash for identifiers.
func (s *Sessions) identifier(text string) string {
	if s.shadows != nil && s.shadows.table == nil {
		return ""
	}
	return text
}

// eventKey is key for events, which operators may write about any row.
func (s *Sessions) eventKey(ctx context.Context, id driver.UserID) (pgtype.UUID, bool) {
	if s.shadows == nil {
		return parseID(string(id))
	}
	return s.shadows.key(ctx, id)
}

// keptShadow is how long a shadow row stays if nothing refers to it.
const keptShadow = `interval '30 days'`

// A new row's epoch is greater than that of any earlier row of this user, so that earlier sessions
// in other stores stay ended.
const makeShadow = `
INSERT INTO ginauth.users (id, source, external_id, realm, session_epoch, created_at, updated_at, delete_after)
SELECT $1::uuid, $3::text, $4::text, $5::text, (extract(epoch FROM clock.now) * 1000000)::bigint, clock.now, clock.now, clock.now + ` + keptShadow + `
FROM ` + theClock + `
WHERE ` + userExists + `
ON CONFLICT DO NOTHING`

func (s *Sessions) makeShadow(ctx context.Context, tx pgx.Tx, user driver.UserID) (made bool, err error) {
	key, _ := s.key(ctx, user)
	if m := s.shadows.table; m != nil && m.created.column != "" {
		if _, err := tx.Exec(ctx, m.dropEarlier(), key); err != nil {
			return false, err
		}
	}
	tag, err := tx.Exec(ctx, s.sql(makeShadow), key, s.clock(), s.shadows.source, string(user), s.shadows.realm(ctx))
	return tag.RowsAffected() == 1, err
}

// A login that was under way while ForgetUser ran makes no row, for as long as a call may last.
// Whichever of the two makes the row first makes the other wait. This statement runs next, so that
// it sees what the other has done.
const unmakeForgotten = `
DELETE FROM ginauth.users AS u
USING ` + theClock + `
WHERE u.id = $1::uuid AND EXISTS (
	SELECT 1 FROM ginauth.events AS v
	WHERE v.user_id = $1::uuid AND v.at >= clock.now - $3::interval AND v.kind = '` + string(driver.UserDeleted) + `')`

// withShadow runs a call. If the call finds no such user, withShadow makes the user's shadow row
// and runs it again.
func (s *Sessions) withShadow(ctx context.Context, user driver.UserID, call func() error) error {
	err := call()
	if s.shadows == nil || user == "" || !errors.Is(err, driver.ErrNoUser) {
		return err
	}
	err = s.caller.do(ctx, "making a user's row", func(ctx context.Context, conn Conn) error {
		return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			made, err := s.makeShadow(ctx, tx, user)
			if err != nil || !made {
				return err
			}
			key, _ := s.key(ctx, user)
			_, err = tx.Exec(ctx, unmakeForgotten, key, s.clock(), 2*s.caller.timeout)
			return err
		})
	})
	if err != nil {
		return err
	}
	return call()
}

// checkSource accepts only names that need no quoting in a statement.
func checkSource(name string) error {
	const most = 63
	const allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-."
	if strings.ContainsFunc(name, func(r rune) bool { return !strings.ContainsRune(allowed, r) }) {
		return fmt.Errorf("the source %q may have letters, digits, dots, hyphens and underscores alone", name)
	}
	if len(name) > most {
		return fmt.Errorf("the source has %d characters: %d are the most", len(name), most)
	}
	return nil
}
