package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store/internal/wire"
)

const isTaken = `
SELECT EXISTS (SELECT FROM ginauth.users WHERE email_canonical = $1::text)`

// CreateUserAndMail stores a new user as CreateUser does, with a mail that asks for the proof of the
// address; where the address has an account it only queues a mail to its owner. Either is
// one transaction with one mail in it (SEC-30, SEC-32). The password of a new user is good once the address is proved;
// until then FindCredential returns none (SEC-183). What refuses a new user, such as a constraint of the app's own
// columns or AfterCreate, refuses it for both: where the address has an account, all of it runs and is rolled back. So nothing unique may be
// made of the address: its owner has that already, and the refusal would tell.
func (d *DB[U]) CreateUserAndMail(ctx context.Context, n driver.NewUser, fill func(*U) error, locale string) (created bool, err error) {
	id, err := uuid.NewV7()
	if err != nil {
		return false, fmt.Errorf("creating a user: making its id: %w", err)
	}
	u, err := d.filled(id, n, fill)
	if err != nil {
		return false, err
	}
	var refused error // a hook's, which must come back as it is
	var events []driver.Event
	err = d.caller.do(ctx, "creating a user", func(ctx context.Context, conn Conn) error {
		return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) (err error) {
			refused, events = nil, nil
			in := d.within(tx)
			in.notices, in.pending = false, true // one mail
			in.events.after = func(_ context.Context, e driver.Event) { events = append(events, e) }
			if created, err = in.createOrRehearse(ctx, id, n, u); err == nil {
				err = in.mailNewcomer(ctx, created, driver.MailOrder{Email: n.Email, Canonical: n.Canonical, Locale: locale})
			}
			refused = err
			return err
		})
	})
	if err != nil && refused != nil {
		return false, refused
	}
	if err == nil {
		d.callAfterEvent(ctx, events...)
	}
	return created && err == nil, err
}

// createOrRehearse does the same work whether or not the address has an account.
func (d *DB[U]) createOrRehearse(ctx context.Context, id uuid.UUID, n driver.NewUser, u U) (created bool, err error) {
	var taken bool
	err = d.caller.read(ctx, "looking for an address", func(ctx context.Context, conn Conn) error {
		return conn.QueryRow(ctx, isTaken, n.Canonical).Scan(&taken)
	})
	if err != nil {
		return false, err
	}
	if !taken {
		err = d.createWithin(ctx, id, n, u, nil)
		if !errors.Is(err, driver.ErrIdentifierTaken) { // by somebody else meanwhile
			return err == nil, err
		}
	}
	return false, d.rehearse(ctx, id, n, u)
}

// rehearse creates a user under an address that nobody can have, and undoes it: were only free addresses refused
// for what the app wants of a new user, the refusals would tell which are free.
func (d *DB[U]) rehearse(ctx context.Context, id uuid.UUID, n driver.NewUser, u U) error {
	n.Canonical = nobodys(n.Canonical, id)
	err := d.createWithin(ctx, id, n, u, errRehearsed)
	if errors.Is(err, errRehearsed) {
		return nil
	}
	return err
}

// nobodys is an address of the same domain, with a blank, which no canonical address has.
func nobodys(canonical string, id uuid.UUID) string {
	const maxCanonical = 254 // users_email_canonical_check, in characters
	local := "nobody " + id.String()
	_, domain, _ := strings.Cut(canonical, "@")
	if utf8.RuneCountInString(domain) >= maxCanonical-len(local) {
		return local
	}
	return local + "@" + domain
}

// checkDeferred makes constraints speak up that otherwise wait for the commit, which a rehearsal never sees.
const checkDeferred = `SET CONSTRAINTS ALL IMMEDIATE`

var errRehearsed = errors.New("rehearsed")

func (d *DB[U]) createWithin(ctx context.Context, id uuid.UUID, n driver.NewUser, u U, end error) error {
	return d.inSavepoint(ctx, "creating a user", end, func(ctx context.Context, in *DB[U], tx pgx.Tx) error {
		if _, err := in.create(ctx, id, n, u); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, checkDeferred)
		return err
	})
}

// inSavepoint does work within a savepoint. An end rolls it back and is returned; nobody hears of its events then.
func (d *DB[U]) inSavepoint(ctx context.Context, doing string, end error, work func(context.Context, *DB[U], pgx.Tx) error) error {
	var refused error // must come back as it is
	err := d.caller.do(ctx, doing, func(ctx context.Context, conn Conn) error {
		return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			in := d.within(tx)
			if end == nil {
				in.events.after = d.events.after
			}
			if refused = work(ctx, in, tx); refused != nil {
				return refused
			}
			return end
		})
	})
	if refused != nil && !errors.Is(err, driver.ErrUnavailable) {
		return refused
	}
	return err
}

// mailNewcomer queues the mail, and in the same round trip the event of an address that was taken.
func (d *DB[U]) mailNewcomer(ctx context.Context, created bool, o driver.MailOrder) error {
	o.Kind = driver.MailVerify
	if !created {
		o.Kind = driver.MailTaken
	}
	if d.events.on != nil {
		if err := d.hookTaken(ctx, created); err != nil {
			return err
		}
		return d.QueueMail(ctx, o)
	}
	mail, err := d.order(o)
	if err != nil {
		return err
	}
	return d.doThenAnnounce(ctx, "queueing a mail", func(ctx context.Context, conn Conn) (e driver.Event, err error) {
		var batch pgx.Batch
		if !created {
			e = takenEvent(ctx)
			args, err := d.eventArgs(e)
			if err != nil {
				return e, err
			}
			batch.Queue(insertEvent, args...).QueryRow(func(row pgx.Row) error { return row.Scan(&e.ID, wire.Time(&e.At)) })
		}
		batch.Queue(queueMail, mail...)
		return e, conn.SendBatch(ctx, &batch).Close()
	})
}

// hookTaken runs OnEvent for an address that was taken, and for a new one too, where it undoes that: hooks may take
// their time.
func (d *DB[U]) hookTaken(ctx context.Context, created bool) error {
	var end error
	if created {
		end = errRehearsed
	}
	err := d.inSavepoint(ctx, recordingEvent, end, func(ctx context.Context, in *DB[U], _ pgx.Tx) error {
		return in.RecordEvent(ctx, takenEvent(ctx))
	})
	if created && errors.Is(err, errRehearsed) {
		return nil
	}
	return err
}

// takenEvent tells nobody whose the address is.
func takenEvent(ctx context.Context) driver.Event {
	e := driver.NewEvent(ctx, driver.UserCreated, "")
	e.Outcome = driver.Failure
	return e
}

// within returns the store as a part of a transaction. It looks no sessions up.
func (d *DB[U]) within(tx pgx.Tx) *DB[U] {
	s := &Sessions{caller: newCaller(tx, d.caller.timeout, d.caller.log), now: d.now, maxData: d.maxData, notices: d.notices, events: eventOptions{on: d.events.on}}
	return &DB[U]{Sessions: s, layout: d.layout, statements: d.statements, afterCreate: d.afterCreate, pending: d.pending}
}
