// Package pairing says which stores can be used together.
package pairing

import "reflect"

// Keeper is a store whose rows belong to the users of one table.
type Keeper interface {
	// AcceptsUsers returns nil if the user store users has the users that the rows belong to.
	// Otherwise its error says what is wrong and how to mend it.
	AcceptsUsers(users any) error
}

// Check asks the store about the user store, if it is a Keeper. Without users it returns nil.
func Check(store, users any) error {
	keeper, cares := store.(Keeper)
	if !cares || users == nil || IsNil(store) {
		return nil
	}
	return keeper.AcceptsUsers(users)
}

// IsNil also detects a nil pointer or function in an interface.
func IsNil(v any) bool {
	r := reflect.ValueOf(v)
	return !r.IsValid() || (r.Kind() == reflect.Pointer || r.Kind() == reflect.Func) && r.IsNil()
}
