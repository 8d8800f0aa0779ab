package store

import (
	"context"
	"reflect"

	"github.com/jackc/pgx/v5"

	"github.com/ginauth/ginauth/ginauth/driver"
)

var _ driver.Usernames[User] = (*Table[User])(nil)

// ChangeUsername works as DB.ChangeUsername. If the unique index is on the column itself, the
// username is stored in lower case. Without Columns.Username it returns driver.ErrNoUser; ginauth.New
// refuses usernames there.
func (t *Table[U]) ChangeUsername(ctx context.Context, id driver.UserID, username, canonical string) (U, error) {
	var none U
	m := t.shadows.table
	key, known := t.key(ctx, id)
	if !known || m.username.column == "" || !m.isID(id) {
		return none, driver.ErrNoUser
	}
	u, _, err := t.db.twice(ctx, string(id))
	if err != nil {
		return none, orNoUser(err)
	}
	former := ""
	if name := t.db.layout.user(reflect.ValueOf(&u).Elem()).Username; name != nil {
		former, _ = driver.CanonicalUsername(*name)
	}
	err = t.doThenRecord(ctx, "changing a username", func(ctx context.Context, tx pgx.Tx) (driver.Event, error) {
		row := tx.QueryRow(ctx, m.update(`, `+m.username.column+` = $3::text`, t.db.statements.columns), string(id), t.clock(), m.username.write(username, canonical))
		err := m.taken(t.db.scan(row, &u))
		if err == nil && former != canonical {
			_, err = tx.Exec(ctx, forgetDevices, key)
		}
		return driver.NewEvent(ctx, driver.UserUsernameChanged, id), orNoUser(err)
	})
	if err != nil {
		return none, err
	}
	return u, nil
}
