package ginauthtest

import (
	"cmp"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/apikey"
	"github.com/ginauth/ginauth/ginauth/email"
	"github.com/ginauth/ginauth/ginauth/jwt"
)

// Kit is what an app is built on in a test.
type Kit[U any] struct {
	// Options have all that a test wants to be different: Users on the test's own database, a cheap
	// hasher in Passwords, generous Limits, a Logger into Log, and https://example.com as BaseURL.
	// Change the rest and give them to New.
	Options ginauth.Options[U]
	// Config is made of Options as they are. It is nil where ginauth.New refuses them, such as for
	// users without a method Account; then the app must call New.
	Config *ginauth.Config[U]
	// Pool is the test's own database, migrated, such as for tables of the app's own. It is nil
	// with InMemory and Users.
	Pool *pgxpool.Pool
	// Clock is that of Options.Users. Give its method Now to what else goes by a clock.
	Clock *Clock
	// Mail is the Sender that Mails sets.
	Mail *Mailbox
	// Log is what Options.Logger writes to.
	Log *Log

	app *App[U]
}

// New is ginauth.New for options that the app has changed. As logs in by the Config that it has
// returned last: it has to know the app's cookie. It ends the test when ginauth.New refuses them.
func (k Kit[U]) New(o ginauth.Options[U]) *ginauth.Config[U] {
	k.app.tb.Helper()
	cfg, err := ginauth.New(o)
	if err != nil {
		k.app.tb.Fatalf("ginauthtest: %v", err)
	}
	k.app.config = cfg
	return cfg
}

// Mails is email.New for the Config of New, or Kit.Config before that, with Mail as the Sender, and
// hello@example.com in From where that is empty. Mail collects what it has to send. It ends the
// test when email.New refuses the options.
func (k Kit[U]) Mails(o email.Options[U]) *email.Flows[U] {
	k.app.tb.Helper()
	o.Sender, o.From = k.Mail, cmp.Or(o.From, "Example <hello@example.com>")
	mails, err := email.New(k.app.config, o)
	if err != nil {
		k.app.tb.Fatalf("ginauthtest: %v", err)
	}
	k.Mail.Collect(mails)
	return mails
}

// Keys is apikey.New for the Config of New, or Kit.Config before that. AsKey makes its keys by the
// Keys that it has returned last. It ends the test when apikey.New refuses the options.
func (k Kit[U]) Keys(o apikey.Options[U]) *apikey.Keys[U] {
	k.app.tb.Helper()
	keys, err := apikey.New(k.app.config, o)
	if err != nil {
		k.app.tb.Fatalf("ginauthtest: %v", err)
	}
	k.app.keys = keys
	return keys
}

// Tokens is jwt.New for the Config of New, or Kit.Config before that. AsToken makes its tokens by
// the Flow that it has returned last. Give Clock.Now to the Now of the issuer and of jwt.Accept. It
// ends the test when jwt.New refuses the options.
func (k Kit[U]) Tokens(o jwt.Options[U]) *jwt.Flow[U] {
	k.app.tb.Helper()
	flow, err := jwt.New(k.app.config, o)
	if err != nil {
		k.app.tb.Fatalf("ginauthtest: %v", err)
	}
	k.app.tokens = flow
	return flow
}
