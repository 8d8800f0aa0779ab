package store

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/email"
)

// CreateUserAndMail stores a new user as CreateUser does, with a mail that asks for the proof of the
// address; where the address has an account it only queues a mail to its owner. Either is
// one transaction with one mail in it (SEC-30, SEC-32).
func (d *DB[U]) CreateUserAndMail(ctx context.Context, n ginauth.NewUser, fill func(*U) error, locale string) (created bool, err error) {
	var refused error // fill's or a hook's, which must come back as it is
	var events []ginauth.Event
	err = d.caller.do(ctx, "creating a user", func(ctx context.Context, conn Conn) error {
		return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			refused, events = nil, nil
			in := d.within(tx)
			in.notices = false // one mail
			in.events.after = func(_ context.Context, e ginauth.Event) { events = append(events, e) }
			o := email.Order{Kind: email.KindVerify, Email: n.Email, Canonical: n.Canonical, Locale: locale}
			_, err := in.CreateUser(ctx, n, fill)
			created = err == nil
			switch {
			case errors.Is(err, ginauth.ErrIdentifierTaken):
				o.Kind = email.KindTaken
				if refused = in.RecordEvent(ctx, takenEvent(ctx)); refused != nil {
					return refused
				}
			case err != nil:
				refused = err
				return err
			}
			return in.QueueMail(ctx, o)
		})
	})
	if err != nil && refused != nil {
		return false, refused
	}
	if err == nil {
		d.announce(ctx, events...)
	}
	return created && err == nil, err
}

// takenEvent is as much work as that of a new account, and tells nobody whose the address is.
func takenEvent(ctx context.Context) ginauth.Event {
	e := ginauth.NewEvent(ctx, ginauth.EventSignUp, "")
	e.Outcome = ginauth.OutcomeFailure
	return e
}

// within returns the store as a part of a transaction. It looks no sessions up.
func (d *DB[U]) within(tx pgx.Tx) *DB[U] {
	s := &Sessions{caller: newCaller(tx, d.caller.timeout), now: d.now, maxData: d.maxData, notices: d.notices, events: eventOptions{on: d.events.on}}
	return &DB[U]{Sessions: s, layout: d.layout, statements: d.statements, afterCreate: d.afterCreate}
}
