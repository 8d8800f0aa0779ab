package store

import (
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// User is a row of ginauth.users. Embed it to add columns of your own. It never holds the
// password hash. Its JSON shows the account to its owner and nothing of what operators
// decide about it; give further fields of your own type a json tag, "-" to hide them.
type User struct {
	// ID is a version 7 UUID.
	ID driver.UserID `db:"id" json:"id" format:"uuid"`
	// Email is the address as it was typed at sign-up.
	Email string `db:"email" json:"email" format:"email"`
	Name  string `db:"name" json:"name"`
	// VerifiedAt is nil until the address was proved to be the user's.
	VerifiedAt *time.Time `db:"verified_at" json:"verified_at,omitempty" format:"date-time"`
	// DisabledAt is nil for an account that can be used.
	DisabledAt *time.Time `db:"disabled_at" json:"-"`
	// CreatedAt and UpdatedAt are in UTC, as all times of this type.
	CreatedAt time.Time `db:"created_at" json:"-"`
	UpdatedAt time.Time `db:"updated_at" json:"-"`
}

// Account tells ginauth what it needs to know of the user.
func (u User) Account() driver.Account {
	return driver.Account{
		ID:         u.ID,
		Identifier: u.Email,
		Verified:   u.VerifiedAt != nil,
		Disabled:   u.DisabledAt != nil,
	}
}

// userColumns are the fields of User, in the order of dest.
const userColumns = `u.id, u.email, u.name, u.verified_at, u.disabled_at, u.created_at, u.updated_at`

// reservedColumns belong to ginauth: what an app's user type adds must be called otherwise.
var reservedColumns = []string{
	"id", "email", "email_canonical", "name", "password_hash",
	"verified_at", "disabled_at", "created_at", "updated_at", "session_epoch", "delete_after", "password_pending",
}

func (u *User) dest(to []any) []any {
	optional := &[...]nullTime{{&u.VerifiedAt}, {&u.DisabledAt}} // costs less than a pointer to a pointer
	return append(to, (*idText)(&u.ID), &u.Email, &u.Name, &optional[0], &optional[1],
		(*utcTime)(&u.CreatedAt), (*utcTime)(&u.UpdatedAt))
}

func (u *User) read(r *row) {
	r.id((*idText)(&u.ID))
	r.text(&u.Email)
	r.text(&u.Name)
	r.optionalTime(&u.VerifiedAt)
	r.optionalTime(&u.DisabledAt)
	r.time(&u.CreatedAt)
	r.time(&u.UpdatedAt)
}
