// Package pairing tells stores that can be used together from those that cannot.
package pairing

import "reflect"

// Keeper is a store whose rows belong to the users of one table.
type Keeper interface {
	// AcceptsUsers returns nil when users, a user store, has the users that the rows belong to, and
	// otherwise what is wrong, with the remedy.
	AcceptsUsers(users any) error
}

// Check asks the store, if it cares, about the user store. Without users there is nothing to ask.
func Check(store, users any) error {
	keeper, cares := store.(Keeper)
	if !cares || users == nil || IsNil(store) {
		return nil
	}
	return keeper.AcceptsUsers(users)
}

// IsNil also sees a nil pointer or function behind an interface.
func IsNil(v any) bool {
	r := reflect.ValueOf(v)
	return !r.IsValid() || (r.Kind() == reflect.Pointer || r.Kind() == reflect.Func) && r.IsNil()
}
