package store

import "fmt"

// keepsUsers is implemented by DB and by types that embed one.
type keepsUsers interface{ usersTable() }

// usersTable marks the stores whose users are rows of ginauth.users.
func (d *DB[U]) usersTable() {}

// AcceptsUsers returns nil when users is nil, a *DB, or a type that embeds one. Sessions and other
// rows of this store belong to rows of ginauth.users: with a user store of another kind every login
// would fail, and the error says so. Package ginauth asks when the router is built.
func (s *Sessions) AcceptsUsers(users any) error {
	if _, ours := users.(keepsUsers); ours || users == nil {
		return nil
	}
	return fmt.Errorf("package store keeps what belongs to users in the table ginauth.users, and a %T keeps its users elsewhere, so that no login could be stored: "+
		"keep the users with store.New[User](pool), which a type of your own may embed, or the sessions in a store that takes any user, such as gin-contrib's redis or memstore", users)
}
