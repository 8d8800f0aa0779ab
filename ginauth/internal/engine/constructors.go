package engine

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// Made returns an error for a Config that New did not make.
func (m *Mount) Made() error {
	if m == nil {
		return errors.New("the Config is nil or empty: make it with ginauth.New, and check its error")
	}
	return nil
}

// Mounted is the mount for a constructor, which panics when New did not make its Config: routes are built at start-up,
// where that is the earliest and loudest answer. The constructor is named with its package.
func (m *Mount) Mounted(constructor string) *Mount {
	if err := m.Made(); err != nil {
		panic(fmt.Sprintf("%s: %v", constructor, err)) //nolint:forbidigo // while routes are built
	}
	return m
}

// WithAccounts is mounted for handlers that need accounts.
func (m *Mount) WithAccounts(constructor string) *Mount {
	if m.Mounted(constructor).Users == nil {
		panic(fmt.Sprintf("%s: Options.Users is not set: set it (such as store.New[store.User](pool)), or write the handler with ginauth.SignIn", constructor)) //nolint:forbidigo // while routes are built
	}
	return m
}

// UsersAs is the user store as the optional interface that a handler needs.
func UsersAs[S any](constructor string, m *Mount) S {
	s, ok := m.Users.(S)
	if !ok {
		name, _, _ := strings.Cut(reflect.TypeFor[S]().Name(), "[")
		panic(fmt.Sprintf("%s needs Options.Users to be a driver.%s, which a %T is not: use store.New, or give your store its methods", constructor, name, m.Users)) //nolint:forbidigo // while routes are built
	}
	return s
}
