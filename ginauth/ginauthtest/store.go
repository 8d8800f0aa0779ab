package ginauthtest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store"
	"github.com/ginauth/ginauth/store/memory"
	"github.com/ginauth/ginauth/store/storetest"
)

// Option says what New builds the app on.
type Option func(*settings)

type settings struct {
	memory, mail bool
	users        any // func(now func() time.Time) driver.Users[U]
	create       any // func(context.Context, U) (U, error)
}

// InMemory keeps everything in the memory of the test, by package store/memory, which needs no
// PostgreSQL. Default: a PostgreSQL database.
func InMemory() Option { return func(s *settings) { s.memory = true } }

// WithMail makes the store write mails by itself, as store.WithMail does. Default: it does not.
func WithMail() Option { return func(s *settings) { s.mail = true } }

// Users keeps the accounts in a store of the app's own, which goes by the clock. Default: a
// PostgreSQL database.
func Users[U any](open func(now func() time.Time) driver.Users[U]) Option {
	return func(s *settings) { s.users = open }
}

// CreateUser is for an app that keeps its accounts elsewhere, by Options.FindUser. Kit.Options then
// have no Users. As calls the function for a user without an ID: it stores u, with Password if u can
// have one, and returns it with its ID. Default: the accounts are kept as Users says.
func CreateUser[U any](create func(ctx context.Context, u U) (U, error)) Option {
	return func(s *settings) { s.create = create }
}

func hook[U any](s settings) (func(context.Context, U) (U, error), error) {
	create, ok := s.create.(func(context.Context, U) (U, error))
	if !ok && s.create != nil {
		return nil, fmt.Errorf("CreateUser has a %T, but the app's users are of another type", s.create)
	}
	return create, nil
}

// open returns the store of accounts.
func open[U any](k *Kit[U], s settings) (users driver.Users[U], err error) {
	if s.users != nil {
		own, ok := s.users.(func(func() time.Time) driver.Users[U])
		if !ok {
			return nil, fmt.Errorf("Users has a %T, but the app's users are of another type", s.users)
		}
		return own(k.Clock.Now), nil
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%v; or give New a store for such users by the option Users", p)
		}
	}()
	if s.create != nil {
		if !s.memory {
			k.Pool = database(k.app.tb)
		}
		return nil, nil //nolint:nilnil // the app sets FindUser
	}
	if s.memory {
		return memory.New(memory.Options[U]{Now: k.Clock.Now, Mail: s.mail}), nil
	}
	k.Pool = database(k.app.tb)
	// The machine of the tests may be busy.
	options := []store.Option{store.WithNow(k.Clock.Now), store.WithTimeout(time.Minute), store.WithLogger(k.Log.Logger())}
	if s.mail {
		options = append(options, store.WithMail())
	}
	return store.New[U](k.Pool, options...), nil
}

func database(tb testing.TB) *pgxpool.Pool {
	tb.Helper()
	ready := false
	defer func() {
		if !ready {
			tb.Log("ginauthtest: ginauthtest.New(t, build, ginauthtest.InMemory()) needs no PostgreSQL")
		}
	}()
	pool := storetest.NewDB(tb)
	ready = true
	return pool
}
