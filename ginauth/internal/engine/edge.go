package engine

import (
	"context"
	"fmt"
	"reflect"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/password"
)

// Edge gives users their type. Package ginauth implements it for the app's type U; in this package
// a user is a *U inside an any.
type Edge interface {
	// Account returns the part of a user that ginauth reads.
	Account(user any) (driver.Account, error)
	// View returns the form of a user that clients get.
	View(user any) any
	// ViewType is the type that View returns, for documents; nil if unknown.
	ViewType() reflect.Type
	// Lookup returns a lookup by identifier, for one claim.
	Lookup() Lookup
	// Live says whether Users has the account, it is not disabled, and it still has the credential.
	// A zero credential is not compared.
	Live(ctx context.Context, account driver.Account, credential password.Hash) (bool, error)
	// ReplaceHash stores a stronger hash of the same password.
	ReplaceHash(ctx context.Context, id driver.UserID, old, fresh password.Hash) error
	// Registration returns the registration in the sign-up form that form points to.
	Registration(form any) Registration
}

// Lookup finds the password hash of an identifier, and its user.
type Lookup interface {
	credentials
	// User returns the user that was found, as a *U.
	User() any
}

// Registration is the payload of a sign-up.
type Registration struct {
	Name, Email, Username, Password string
	Remember                        bool
}

// Typed returns a user of an Edge in the app's own type.
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
