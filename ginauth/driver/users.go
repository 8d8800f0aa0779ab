package driver

import (
	"context"

	"github.com/ginauth/ginauth/ginauth/password"
)

// Users keeps the accounts. Every store of accounts implements it, such as store.DB and
// memory.Store.
//
// All methods of this package's interfaces must be safe for concurrent use, honour the context, and
// wrap ErrUnavailable if the store cannot be asked. Each call takes effect as a whole or not at
// all. After an error that a method's comment does not name, nothing has changed, or the caller
// cannot know, for example if a connection breaks while the store commits.
type Users[U any] interface {
	// FindUser returns the user, whether disabled or not. It returns ErrNoUser for an unknown id,
	// and for a text that cannot be an id of this store.
	FindUser(ctx context.Context, id UserID) (U, error)
	// FindCredential returns the user with that canonical identifier, disabled or not, and the
	// password hash, which is zero for a user without a password. An identifier with an @ is an
	// address, any other is a username. A stored hash that cannot be read is returned as
	// password.ErrMalformedHash together with the user, for the log. For an unknown identifier it
	// returns ErrNoUser.
	FindCredential(ctx context.Context, identifier string) (U, password.Hash, error)
	// CreateUser stores a new user. Of parallel calls with one canonical address, one succeeds and
	// the others return ErrIdentifierTaken; with one canonical username, ErrUsernameTaken. A store
	// without usernames returns errors.ErrUnsupported for a user with one. Fill, unless nil, edits
	// the user before the user is stored; its error undoes everything and is returned unchanged.
	// Fill may run again if the store repeats its transaction.
	CreateUser(ctx context.Context, n NewUser, fill func(*U) error) (U, error)
	// ReplaceHash replaces old by a newer hash of the same password, and ends nothing. It does
	// nothing, without an error, when the user is unknown or the stored hash is not old.
	ReplaceHash(ctx context.Context, id UserID, old, replacement password.Hash) error
}

// NewUser is an account to be created. It has an address, a username, or both.
type NewUser struct {
	Name string
	// Email is the address as typed; Canonical is the form that is unique.
	Email, Canonical string
	// Username is the name as typed; CanonicalUsername is the form that is unique.
	// CreateUserAndMail ignores both: a username that is taken after a sign-up would reveal that
	// the address was free.
	Username, CanonicalUsername string
	// Verified says that the address was already proved in another way. CreateUserAndMail ignores
	// it, because its mail is for the proof.
	Verified bool
	// Hash is zero for a user without a password.
	Hash password.Hash
}
