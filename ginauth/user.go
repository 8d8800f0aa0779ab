package ginauth

import (
	"reflect"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// Account is the part of a user that ginauth reads.
type Account = driver.Account

// UserID identifies an account for as long as it exists. The empty UserID means "no user".
type UserID = driver.UserID

// teller is a user type with the method Account, such as store.User and types that embed it.
type teller interface{ Account() Account }

// tells says whether users of the type U have the method Account.
func tells[U any]() bool {
	t := reflect.TypeFor[U]()
	return t.Implements(reflect.TypeFor[teller]()) || reflect.PointerTo(t).Implements(reflect.TypeFor[teller]())
}

// accountOf returns the function that reads a user's account: the given one, or the user's method
// Account. For a nil user the account is zero.
func accountOf[U any](tell func(U) Account) func(*U) Account {
	ask := func(u *U) Account { return tell(*u) }
	if tell == nil {
		ask = func(u *U) Account {
			if t, ok := any(u).(teller); ok { // finds a method of U itself too, without a copy of the user
				return t.Account()
			}
			t, _ := any(*u).(teller)
			return t.Account()
		}
	}
	switch reflect.TypeFor[U]().Kind() {
	case reflect.Pointer, reflect.Interface:
		return func(u *U) Account {
			if reflect.ValueOf(u).Elem().IsNil() {
				return Account{}
			}
			return ask(u)
		}
	default:
		return ask
	}
}
