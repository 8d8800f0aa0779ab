// Package built makes configurations for tests and panics if New refuses the options. A test that
// expects a refusal calls New.
package built

import (
	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/apikey"
	"github.com/ginauth/ginauth/ginauth/email"
	"github.com/ginauth/ginauth/ginauth/jwt"
)

// Config calls ginauth.New. Without a source of users it sets NoSessions.
func Config[U any](o ginauth.Options[U]) *ginauth.Config[U] {
	o.NoSessions = o.NoSessions || o.Users == nil && o.RetrieveUser == nil && o.Sessions == nil
	return must(ginauth.New(o))
}

// Keys calls apikey.New.
func Keys[U any](app ginauth.Options[U], o apikey.Options[U]) *apikey.Keys[U] {
	return must(apikey.New(Config(app), o))
}

// Mails calls email.New.
func Mails[U any](app ginauth.Options[U], o email.Options[U]) *email.Flows[U] {
	return must(email.New(Config(app), o))
}

// Tokens calls jwt.New.
func Tokens[U any](app ginauth.Options[U], o jwt.Options[U]) *jwt.Flow[U] {
	return must(jwt.New(Config(app), o))
}

func must[T any](made T, err error) T {
	if err != nil {
		panic(err.Error()) //nolint:forbidigo // in tests alone
	}
	return made
}
