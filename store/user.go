package store

import (
	"cmp"
	"reflect"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store/internal/wire"
)

// User is a row of ginauth.users. Embed it to add columns of your own. It never holds the password
// hash. Its JSON is meant for the account's owner and hides what operators decide about the
// account; give further fields of your own type a json tag, "-" to hide them.
type User struct {
	// ID is a version 7 UUID.
	ID driver.UserID `db:"id" json:"id" format:"uuid"`
	// Email is the address as it was typed at sign-up. Empty: none.
	Email string `db:"email" json:"email" format:"email"`
	// Username is the name to log in with, as it was typed. It is nil for a user without one.
	Username *string `db:"username" json:"username,omitempty"`
	Name     string  `db:"name" json:"name"`
	// VerifiedAt is nil until the user has proved the address.
	VerifiedAt *time.Time `db:"verified_at" json:"verified_at,omitempty" format:"date-time"`
	// DisabledAt is nil unless the account is disabled.
	DisabledAt *time.Time `db:"disabled_at" json:"-"`
	// MustChangePassword: a login leads to the change of the password alone, see
	// RequirePasswordChange.
	MustChangePassword bool `db:"must_change_password" json:"must_change_password,omitempty"`
	// CreatedAt and UpdatedAt are in UTC, as all times of this type.
	CreatedAt time.Time `db:"created_at" json:"-"`
	UpdatedAt time.Time `db:"updated_at" json:"-"`
}

// Account returns the part of the user that ginauth reads.
func (u User) Account() driver.Account {
	username := ""
	if u.Username != nil {
		username = *u.Username
	}
	return driver.Account{
		ID:                 u.ID,
		Identifier:         cmp.Or(u.Email, username),
		Username:           username,
		Verified:           u.VerifiedAt != nil,
		Disabled:           u.DisabledAt != nil,
		MustChangePassword: u.MustChangePassword,
	}
}

// userColumns returns the columns of User, which its db tags name, in the order of its fields and
// of read.
func userColumns() (names []string) {
	for i := range reflect.TypeFor[User]().NumField() {
		names = append(names, reflect.TypeFor[User]().Field(i).Tag.Get("db"))
	}
	return names
}

// hiddenColumns of ginauth.users belong to ginauth, too: an app's user type cannot have them.
var hiddenColumns = []string{
	"email_canonical", "password_hash", "password_pending", "session_epoch", "delete_after",
	"realm", "source", "external_id", "username_canonical",
}

func (u *User) readID(r *wire.Reader) {
	r.UUID((*string)(&u.ID))
	if isShadow(string(u.ID)) {
		r.Refuse(pgx.ErrNoRows) // a user of another table
	}
}

func (u *User) readRest(r *wire.Reader, disabledAt bool) {
	r.OptionalText(&u.Email)
	r.TextOrNil(&u.Username)
	r.Text(&u.Name)
	r.OptionalTime(&u.VerifiedAt)
	if disabledAt {
		r.OptionalTime(&u.DisabledAt)
	}
	r.Bool(&u.MustChangePassword)
	r.Time(&u.CreatedAt)
	r.Time(&u.UpdatedAt)
}
