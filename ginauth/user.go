package ginauth

import (
	"reflect"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// Account is the part of a user that ginauth reads.
type Account = driver.Account

// UserID names an account for as long as it exists. The empty UserID is nobody.
type UserID = driver.UserID

// teller is a user type that can say what ginauth reads, as store.User and what embeds it.
type teller interface{ Account() Account }

// tells says whether users of the type U have the method Account.
func tells[U any]() bool {
	t := reflect.TypeFor[U]()
	return t.Implements(reflect.TypeFor[teller]()) || reflect.PointerTo(t).Implements(reflect.TypeFor[teller]())
}

// accountOf returns the way to a user's account: the given function, or the method of that name. A nil user has
// none.
func accountOf[U any](tell func(U) Account) func(*U) Account {
	ask := func(u *U) Account { return tell(*u) }
	if tell == nil {
		ask = func(u *U) Account {
			if t, ok := any(u).(teller); ok { // also a method of U itself, without another copy of the user
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
