package driver

import (
	"context"
	"time"
)

// Event is something that happened to an account, or a failed attempt to log in. It contains no
// secret.
type Event struct {
	// ID grows with every stored event. Zero means that the event is not stored.
	ID int64
	// At is the store's clock when it was stored, in UTC.
	At   time.Time
	Kind EventKind
	// User is the account that the event is about. It is empty if there is no account, such as for
	// a failed login with an unknown address.
	User UserID
	// Actor is the user who caused the event. Empty means unknown, or the app's own code; see
	// NewEvent.
	Actor UserID
	// Session is Cause.Session, or the session of a login that the event began.
	Session string
	Origin  Origin
	// Outcome is Success or Failure.
	Outcome Outcome
	// Operation and RequestID come from Cause.
	Operation, RequestID string
	// Detail has further facts, such as the id of a session that ended. It may be nil.
	Detail map[string]string
}

// DetailMethods is the key of Methods in Event.Detail.
const DetailMethods = "methods"

// Methods are how the user has proved who they are, in an event of a login. Empty means unknown.
func (e Event) Methods() Methods { return Methods(e.Detail[DetailMethods]) }

// FirstProof says whether a mailed link proved an address for the first time and gave the account
// to the owner of the mailbox. Another person may have made the account before. The name, and
// columns of the app's own, still hold what that person wrote; store.OnEvent can clear them in the
// same transaction. It is false if the account's user proved the address, by email.VerifyEmail.
func (e Event) FirstProof() bool { return e.Detail["first_proof"] != "" }

// Outcome is the result of an Event.
type Outcome string

// The outcomes.
const (
	Success Outcome = "success"
	Failure Outcome = "failure"
)

// NewEvent returns an event at this time with the Cause in ctx. Without one, the app's own code
// acted: Detail then has "actor": "operator". For a user who is not logged in yet, set Actor.
func NewEvent(ctx context.Context, kind EventKind, user UserID) Event {
	e := Event{Kind: kind, User: user, Outcome: kind.Outcome()}
	cause, known := CauseOf(ctx)
	if !known {
		e.Detail = map[string]string{"actor": "operator"}
		return e
	}
	e.Actor, e.Session, e.Origin = cause.Actor, cause.Session, cause.Origin
	e.Operation, e.RequestID = cause.Operation, cause.RequestID
	return e
}

// NewUserEvent is NewEvent for actions before a login: the user is the actor, unless another user
// is logged in.
func NewUserEvent(ctx context.Context, kind EventKind, user UserID) Event {
	e := NewEvent(ctx, kind, user)
	if _, known := CauseOf(ctx); known && e.Actor == "" {
		e.Actor = user
	}
	return e
}

// NewProofEvent is NewEvent for a change that one of the user's secrets allows, such as a link. The
// user is the actor, even if the request had the session of another user.
func NewProofEvent(ctx context.Context, kind EventKind, user UserID) Event {
	e := NewEvent(ctx, kind, user)
	if _, known := CauseOf(ctx); known {
		e.Actor = user
	}
	return e
}

// EventLog keeps the events of accounts. A store that implements it also writes the events of its
// own changes, in the transaction of the change, with NewEvent. Handlers record failed logins with
// it if it is there, and the list of a user's activity needs it.
type EventLog interface {
	// RecordEvent stores an event without a change in the store, such as a failed login. It does
	// the same work whether or not the event has a user.
	RecordEvent(ctx context.Context, e Event) error
	// UserEvents returns the user's events from before a time, the newest first; the zero time
	// begins with the newest. It returns limit events, and after them all that have the same time
	// as the last one, so that the next page can begin before that time and misses none. An unknown
	// user has none.
	UserEvents(ctx context.Context, user UserID, before time.Time, limit int) ([]Event, error)
}
