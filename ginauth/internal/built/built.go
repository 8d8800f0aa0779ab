// Package built makes what tests need of options, and panics where New refuses them: a test that wants a refusal calls New.
package built

import (
	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/apikey"
	"github.com/ginauth/ginauth/ginauth/email"
	"github.com/ginauth/ginauth/ginauth/jwt"
)

// Config is ginauth.New. Without a source of users the app has no sessions.
func Config[U any](o ginauth.Options[U]) *ginauth.Config[U] {
	o.NoSessions = o.NoSessions || o.Users == nil && o.RetrieveUser == nil && o.Sessions == nil
	return must(ginauth.New(o))
}

// Keys is apikey.New.
func Keys[U any](app ginauth.Options[U], o apikey.Options[U]) *apikey.Keys[U] {
	return must(apikey.New(Config(app), o))
}

// Mails is email.New.
func Mails[U any](app ginauth.Options[U], o email.Options[U]) *email.Flows[U] {
	return must(email.New(Config(app), o))
}

// Tokens is jwt.New.
func Tokens[U any](app ginauth.Options[U], o jwt.Options[U]) *jwt.Flow[U] {
	return must(jwt.New(Config(app), o))
}

func must[T any](made T, err error) T {
	if err != nil {
		panic(err.Error()) //nolint:forbidigo // in tests alone
	}
	return made
}
