package engine

import (
	"context"
	"fmt"
	"reflect"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/password"
)

// Edge is where a user gets its type. Package ginauth implements it for the app's type U; here, a user is a *U inside an
// any.
type Edge interface {
	// Account tells what is known of a user.
	Account(user any) (driver.Account, error)
	// View is what clients see of a user.
	View(user any) any
	// ViewType is the type of that, for documents; nil when it cannot be told.
	ViewType() reflect.Type
	// Lookup finds one user by an identifier, for one claim.
	Lookup() Lookup
	// Live says whether Users has the account, not disabled, and with the credential unless that is zero.
	Live(ctx context.Context, account driver.Account, credential password.Hash) (bool, error)
	// ReplaceHash stores a stronger hash of the same password.
	ReplaceHash(ctx context.Context, id driver.UserID, old, fresh password.Hash) error
	// Registration is what the sign-up form has to which form points.
	Registration(form any) Registration
}

// lookingUp are the credentials of an identifier, along with whose they are.
type Lookup interface {
	credentials
	// User is who was found, a *U.
	User() any
}

// Registration is what a new user fills in.
type Registration struct {
	Name, Email, Password string
	Remember              bool
}

// Typed is the user of an edge in the app's own type.
func Typed[U any](user any, err error) (U, error) {
	var none U
	if err != nil {
		return none, err
	}
	u, ok := user.(*U)
	if !ok {
		return none, fmt.Errorf("%w: the session's user is a %T, not a *%s", ErrNotMounted, user, reflect.TypeFor[U]())
	}
	return *u, nil
}
