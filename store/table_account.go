package store

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/password"
	"github.com/ginauth/ginauth/store/internal/wire"
)

var _ driver.Accounts[User] = (*Table[User])(nil)

// SetPassword works as DB.SetPassword.
func (t *Table[U]) SetPassword(ctx context.Context, change driver.PasswordChange) (driver.PasswordChanged, error) {
	var changed driver.PasswordChanged
	key, session, err := t.newPassword(ctx, change)
	if err != nil {
		return changed, err
	}
	set := func(ctx context.Context, tx pgx.Tx) (driver.Event, error) {
		var b pgx.Batch
		b.Queue(lockUser, key) // first, as when a session is created
		b.Queue(t.shadows.table.setPassword(), key, t.clock(), hashOrNull(change.Old), change.New.Reveal(),
			session, digestOrNull(change.Digest), change.Authenticated).QueryRow(func(row pgx.Row) error {
			return row.Scan(&changed.Epoch, &changed.Kept)
		})
		b.Queue(t.sql(withdrawChanges+ifPasswordIs), key, change.New.Reveal()) // SEC-107
		b.Queue(t.sql(voidTokens+ifPasswordIs), key, change.New.Reveal())
		if err := t.tell(&b, tellOfPassword, driver.MailPassword, key, change.New.Reveal()); err != nil {
			return unchanged, err
		}
		return driver.NewEvent(ctx, driver.LoginPasswordChanged, change.UserID), orNoUser(tx.SendBatch(ctx, &b).Close())
	}
	err = t.withShadow(ctx, change.UserID, func() error { return t.doThenRecord(ctx, "setting a password", set) })
	if err != nil {
		return driver.PasswordChanged{}, err
	}
	return changed, nil
}

// KeepsNames says whether the table has a column for the name. account.UpdateProfile calls it.
func (t *Table[U]) KeepsNames() bool { return t.shadows.table.name != "" }

// UpdateUser works as DB.UpdateUser. Without Columns.Name, names are not stored.
func (t *Table[U]) UpdateUser(ctx context.Context, id driver.UserID, name *string, fill func(*U) error) (U, error) {
	var none U
	m := t.shadows.table
	if !m.isID(id) {
		return none, driver.ErrNoUser
	}
	before, after, err := t.db.twice(ctx, string(id))
	if err != nil {
		return none, orNoUser(err)
	}
	to := t.db.layout.user(reflect.ValueOf(&after).Elem())
	if to.DisabledAt != nil {
		return none, driver.ErrNoUser
	}
	if name != nil {
		to.Name = *name
	}
	if fill != nil {
		if err := fill(&after); err != nil {
			return none, err
		}
	}
	if m.name == "" {
		to.Name = ""
	}
	set, args := t.db.differences(reflect.ValueOf(&before).Elem(), reflect.ValueOf(&after).Elem(), []any{string(id), t.clock()})
	if set == "" {
		return before, nil
	}
	u := after // keeps fields without a column
	err = t.doThenRecord(ctx, "updating a user", func(ctx context.Context, tx pgx.Tx) (driver.Event, error) {
		err := t.db.scan(tx.QueryRow(ctx, m.update(set, t.db.statements.columns), args...), &u)
		return driver.NewEvent(ctx, driver.UserUpdated, id), orNoUser(err)
	})
	if err != nil {
		return none, err
	}
	return u, nil
}

// ArchiveUser works as DB.ArchiveUser. The sweeper of this store deletes the row after the grace;
// its role needs DELETE on the table. Until then the row does not change, so the app's own code
// must ask FindUser whether the user is disabled.
func (t *Table[U]) ArchiveUser(ctx context.Context, id driver.UserID, grace time.Duration) (deleteAfter time.Time, err error) {
	if grace < 0 {
		return deleteAfter, errors.New("archiving a user: the grace must not be negative")
	}
	key, known := t.key(ctx, id)
	if !known {
		return deleteAfter, driver.ErrNoUser
	}
	archive := func(ctx context.Context, tx pgx.Tx) (driver.Event, error) {
		var kept bool
		deleteAfter = time.Time{}
		var b pgx.Batch
		b.Queue(lockUser, key) // first, so that no link is made in the meantime
		b.Queue(t.shadows.table.archive(), key, t.clock(), grace).QueryRow(func(row pgx.Row) error {
			return row.Scan(wire.Time(&deleteAfter), &kept)
		})
		voidAll(&b, key)
		if err := tx.SendBatch(ctx, &b).Close(); err != nil || kept {
			return driver.NewEvent(ctx, driver.UserArchived, id), orNoUser(err)
		}
		deleteAfter = time.Time{}
		return driver.NewEvent(ctx, driver.UserDeleted, id), t.deleteRows(ctx, tx, key)
	}
	err = t.withShadow(ctx, id, func() error { return t.doThenRecord(ctx, "archiving a user", archive) })
	return deleteAfter, err
}

// deleteRows deletes both rows of a user.
func (t *Table[U]) deleteRows(ctx context.Context, tx pgx.Tx, key any) error {
	if _, err := tx.Exec(ctx, t.shadows.table.deleteRow(), key); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, deleteUser, key)
	return err
}

// FindArchived works as DB.FindArchived.
func (t *Table[U]) FindArchived(ctx context.Context, identifier string) (driver.UserID, password.Hash, error) {
	if err := t.inRealm(ctx); err != nil {
		return "", password.Hash{}, err
	}
	if !storable(identifier) {
		return "", password.Hash{}, driver.ErrNoUser
	}
	var id driver.UserID
	var encoded *string
	err := t.caller.read(ctx, "finding an archived user", func(ctx context.Context, conn Conn) error {
		return conn.QueryRow(ctx, t.shadows.table.findArchived(!strings.Contains(identifier, "@")), identifier, t.clock(), driver.Realm(ctx)).Scan(&id, &encoded)
	})
	if err != nil {
		return "", password.Hash{}, orNoUser(err)
	}
	hash, err := hashOf(encoded)
	return id, hash, err
}

// RestoreUser works as DB.RestoreUser.
func (t *Table[U]) RestoreUser(ctx context.Context, id driver.UserID, credential password.Hash) (U, error) {
	var none, u U
	key, known := t.key(ctx, id)
	if !known || credential.IsZero() {
		return none, driver.ErrNoUser
	}
	err := t.doThenRecord(ctx, "restoring a user", func(ctx context.Context, tx pgx.Tx) (driver.Event, error) {
		tag, err := tx.Exec(ctx, t.shadows.table.restore(), key, t.clock(), credential.Reveal())
		if err == nil {
			err = oneUser(tag)
		}
		if err == nil {
			err = t.db.scan(tx.QueryRow(ctx, t.db.statements.findUser, string(id)), &u)
		}
		return driver.NewProofEvent(ctx, driver.UserRestored, id), orNoUser(err)
	})
	if err != nil {
		return none, err
	}
	return u, nil
}

// ExportUser works as External.ExportUser, and adds the account as the given columns hold it.
func (t *Table[U]) ExportUser(ctx context.Context, id driver.UserID) (json.RawMessage, error) {
	u, err := t.FindUser(ctx, id)
	if err != nil {
		return nil, err
	}
	var document map[string]json.RawMessage
	held, err := t.Sessions.ExportUser(ctx, id)
	if errors.Is(err, driver.ErrNoUser) { // the user has never logged in
		held, err = []byte(`{}`), nil
	}
	if err == nil {
		err = json.Unmarshal(held, &document)
	}
	if err != nil {
		return nil, err
	}
	realm := ""
	if t.KeepsRealms() == nil {
		err := t.caller.read(ctx, "exporting a user", func(ctx context.Context, conn Conn) error {
			return conn.QueryRow(ctx, t.shadows.table.findRealm(), string(id)).Scan(&realm)
		})
		if err != nil {
			return nil, orNoUser(err)
		}
	}
	of := t.db.layout.user(reflect.ValueOf(&u).Elem())
	document["account"], err = json.Marshal(map[string]any{
		"id": of.ID, "realm": realm, "source": t.shadows.source, "email": of.Email, "username": of.Username, "email_canonical": strings.ToLower(of.Email), "name": of.Name,
		"verified_at": of.VerifiedAt, "disabled_at": of.DisabledAt, "created_at": of.CreatedAt, "updated_at": of.UpdatedAt,
	})
	if err != nil {
		return nil, err
	}
	return json.Marshal(document)
}

// EnableUser enables an account that DisableUser has disabled, or that is archived. It does not
// change the app's row. driver.ErrNoUser means that there is no such user.
func (t *Table[U]) EnableUser(ctx context.Context, id driver.UserID) error {
	if _, err := t.FindUser(ctx, id); err != nil {
		return err
	}
	return t.external.EnableUser(ctx, id)
}

// DeleteUser deletes the app's row and everything of the user in this store. Foreign keys decide
// about further rows of the app. driver.ErrNoUser means that there is no such user.
func (t *Table[U]) DeleteUser(ctx context.Context, id driver.UserID) error {
	key, known := t.key(ctx, id)
	if !known {
		return driver.ErrNoUser
	}
	return t.doThenRecord(ctx, "deleting a user", func(ctx context.Context, tx pgx.Tx) (driver.Event, error) {
		if _, err := t.makeShadow(ctx, tx, id); err != nil { // so that logins at the same time wait for it
			return unchanged, err
		}
		tag, err := tx.Exec(ctx, t.shadows.table.deleteRow(), key)
		if err == nil {
			err = oneUser(tag)
		}
		if err == nil {
			_, err = tx.Exec(ctx, deleteUser, key)
		}
		return driver.NewEvent(ctx, driver.UserDeleted, id), err
	})
}

// RequirePasswordChange works as DB.RequirePasswordChange.
func (t *Table[U]) RequirePasswordChange(ctx context.Context, id driver.UserID) error {
	return t.withShadow(ctx, id, func() error { return t.db.RequirePasswordChange(ctx, id) })
}
