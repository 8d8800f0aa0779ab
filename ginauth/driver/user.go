package driver

// UserID identifies an account for as long as it exists. The empty UserID means "no user".
type UserID string

// Account is the part of a user that ginauth reads.
type Account struct {
	// ID must be set and must not change.
	ID UserID
	// Identifier is what the user types to log in: an e-mail address, or the username of a user
	// without an address.
	Identifier string
	// Username is what the user may type instead. Empty means that there is none.
	Username string
	// Verified says that the user has proved to own the identifier.
	Verified bool
	// Disabled says that the user can neither log in nor use an existing session.
	Disabled bool
	// MustChangePassword: a login leads to the change of the password alone.
	MustChangePassword bool
}

// Usable says whether the account can be used at all: it has an ID and is not disabled (SEC-76).
func (a Account) Usable() bool { return a.ID != "" && !a.Disabled }
