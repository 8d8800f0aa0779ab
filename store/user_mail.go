package store

import (
	"context"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store/internal/wire"
)

// CreateUserAndMail stores a new user as CreateUser does, with a mail that asks for the proof of
// the address. If the address has an account, it queues a mail to the owner instead. Both are one
// transaction with one mail (SEC-30, SEC-32). The password of a new user is valid once the address
// is proved; until then FindCredential returns none (SEC-183).
//
// If a constraint of the app's own columns, AfterCreate or anything else refuses a new user, it
// does so in both cases: for an address with an account, the same work runs and is rolled back. So
// do not make columns unique by the address: the owner already has such a row, and the refusal
// would reveal that the address has an account.
func (d *DB[U]) CreateUserAndMail(ctx context.Context, n driver.NewUser, fill func(*U) error, locale string) (bool, error) {
	n.Username, n.CanonicalUsername = "", ""
	id, u, err := d.filled(n, fill)
	if err != nil {
		return false, err
	}
	s := signUp[U]{db: d, new: n, other: n, user: u, locale: locale}
	s.other.Canonical = nobodys(n.Canonical, id)
	s.insert = func(ctx context.Context, tx pgx.Tx, n driver.NewUser, u *U) (driver.UserID, error) {
		return driver.UserID(id.String()), d.insertUser(ctx, tx, id, n, u, true)
	}
	return s.begin(ctx)
}

// begin runs the sign-up, and says whether there is a new user.
func (s *signUp[U]) begin(ctx context.Context) (created bool, err error) {
	err = s.db.doThenAnnounce(ctx, "creating a user", func(ctx context.Context, conn Conn) (e driver.Event, err error) {
		err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			e, err = s.run(ctx, tx)
			return err
		})
		return e, err
	})
	return s.outcome == signUpCreated && err == nil, err
}

// signUp is a sign-up that answers alike whether or not the address has an account. It does the
// same work in both cases, so that neither a refusal nor the time it takes tells which it was.
type signUp[U any] struct {
	db      *DB[U]
	new     driver.NewUser
	other   driver.NewUser // with an address that nobody has
	user    U              // after fill has edited it
	locale  string
	outcome signUpOutcome
	// insert stores a user whose password is not valid before the address is proved.
	insert func(context.Context, pgx.Tx, driver.NewUser, *U) (driver.UserID, error)
}

// signUpOutcome is the result of a sign-up.
type signUpOutcome int

const (
	// signUpRefused: the database, a constraint or a hook returned an error, and nothing is stored.
	signUpRefused signUpOutcome = iota
	// signUpCreated: the address was free, and the user is stored.
	signUpCreated
	// signUpTaken: the address has an account. A user with another address was stored and undone.
	signUpTaken
)

// run returns the event of the outcome.
func (s *signUp[U]) run(ctx context.Context, tx pgx.Tx) (e driver.Event, err error) {
	if s.outcome, e, err = s.attempt(ctx, tx); err != nil {
		return unchanged, err
	}
	mail, err := s.db.order(ctx, driver.MailOrder{Kind: s.mail(), Email: s.new.Email, Canonical: s.new.Canonical, Locale: s.locale})
	if err != nil {
		return unchanged, err
	}
	if s.db.events.on != nil {
		return s.tellHook(ctx, tx, e, mail)
	}
	return s.tell(ctx, tx, e, mail)
}

func (s *signUp[U]) mail() driver.MailKind {
	if s.outcome == signUpCreated {
		return driver.MailVerify
	}
	return driver.MailTaken
}

const isTaken = `
SELECT EXISTS (SELECT FROM ginauth.users WHERE email_canonical = $1::text AND realm = $2::text)`

func (s *signUp[U]) attempt(ctx context.Context, tx pgx.Tx) (signUpOutcome, driver.Event, error) {
	var has bool
	if err := tx.QueryRow(ctx, s.db.mail.isTaken, s.new.Canonical, driver.Realm(ctx)).Scan(&has); err != nil {
		return signUpRefused, unchanged, err
	}
	if !has {
		e, err := s.create(ctx, tx, s.new, nil)
		if err == nil {
			return signUpCreated, e, nil
		}
		if !errors.Is(err, driver.ErrIdentifierTaken) { // errors other than a parallel sign-up's
			return signUpRefused, unchanged, err
		}
	}
	if _, err := s.create(ctx, tx, s.other, errUndo); !errors.Is(err, errUndo) {
		return signUpRefused, unchanged, err
	}
	return signUpTaken, unchanged, nil
}

// checkDeferred checks constraints that otherwise wait for the commit, which the rolled-back user
// never reaches.
const checkDeferred = `SET CONSTRAINTS ALL IMMEDIATE`

// errUndo rolls back a savepoint although its work has succeeded.
var errUndo = errors.New("done and undone")

// create stores a user, with its event, within a savepoint. The error end rolls the savepoint back.
func (s *signUp[U]) create(ctx context.Context, tx pgx.Tx, n driver.NewUser, end error) (driver.Event, error) {
	var events []driver.Event
	err := pgx.BeginFunc(ctx, tx, func(tx pgx.Tx) error {
		u := s.user
		id, err := s.insert(ctx, tx, n, &u)
		if err != nil {
			return err
		}
		events = []driver.Event{driver.NewUserEvent(ctx, driver.UserCreated, id)}
		if err := s.db.callAfterCreate(ctx, tx, u); err != nil {
			return err
		}
		if err := s.db.recordAll(ctx, tx, events); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, checkDeferred); err != nil {
			return err
		}
		return end
	})
	if err != nil {
		return unchanged, err
	}
	return events[0], nil
}

// nobodys returns an address of the same domain with a blank, which no canonical address contains.
func nobodys(canonical string, id uuid.UUID) string {
	const maxCanonical = 254 // users_email_canonical_check, in characters
	local := "nobody " + id.String()
	_, domain, _ := strings.Cut(canonical, "@")
	if utf8.RuneCountInString(domain) >= maxCanonical-len(local) {
		return local
	}
	return local + "@" + domain
}

// tell queues the mail, and in the same round trip writes the event for an address that is taken.
func (s *signUp[U]) tell(ctx context.Context, tx pgx.Tx, e driver.Event, mail []any) (driver.Event, error) {
	var batch pgx.Batch
	if s.outcome == signUpTaken {
		e = takenEvent(ctx)
		args, err := s.db.eventArgs(ctx, e)
		if err != nil {
			return unchanged, err
		}
		batch.Queue(insertEvent, args...).QueryRow(func(row pgx.Row) error { return row.Scan(&e.ID, wire.Time(&e.At)) })
	}
	batch.Queue(queueMail, mail...)
	return e, tx.SendBatch(ctx, &batch).Close()
}

// tellHook is tell for a store with OnEvent, whose hook must see the event for an address that is
// taken. For a new user it also runs the hook and rolls it back, so that both take the same time.
func (s *signUp[U]) tellHook(ctx context.Context, tx pgx.Tx, e driver.Event, mail []any) (driver.Event, error) {
	var end error
	if s.outcome == signUpCreated {
		end = errUndo
	}
	events := []driver.Event{takenEvent(ctx)}
	err := pgx.BeginFunc(ctx, tx, func(tx pgx.Tx) error {
		if err := s.db.recordAll(ctx, tx, events); err != nil {
			return err
		}
		return end
	})
	if err != nil && !errors.Is(err, errUndo) {
		return unchanged, err
	}
	if s.outcome == signUpTaken {
		e = events[0]
	}
	_, err = tx.Exec(ctx, queueMail, mail...)
	return e, err
}

// takenEvent returns an event that does not say whose the address is.
func takenEvent(ctx context.Context) driver.Event {
	e := driver.NewEvent(ctx, driver.UserCreated, "")
	e.Outcome = driver.Failure
	return e
}
