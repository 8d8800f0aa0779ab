package driver

import (
	"context"
	"time"
)

// Event is one thing that happened to an account, or somebody's failure to get in. It holds no secret.
type Event struct {
	// ID grows with every event that is stored. Zero: it is not stored.
	ID int64
	// At is the store's clock when it was stored, in UTC.
	At   time.Time
	Kind EventKind
	// User is the account that the event is about. It is empty where there is no account, such as for a failed login with an
	// unknown address.
	User UserID
	// Actor is the user who did it. Empty: not known, or the app's own code; see NewEvent.
	Actor UserID
	// Session is Cause.Session, or that of the login which the event began.
	Session string
	Origin  Origin
	// Outcome is Success or Failure.
	Outcome Outcome
	// Operation and RequestID are Cause's.
	Operation, RequestID string
	// Detail is more about it, such as the id of what ended. Nil: nothing.
	Detail map[string]string
}

// FirstProof says whether a mailed link proved an address for the first time, and handed the account over to whoever has the
// mailbox: the one who made the account may be somebody else. What they wrote into columns of the app's own, and the
// name, is still there; store.OnEvent clears it in the same transaction. It is false where the account's user proved
// the address, by email.VerifyEmail.
func (e Event) FirstProof() bool { return e.Detail["first_proof"] != "" }

// Outcome is how an Event went.
type Outcome string

// The outcomes.
const (
	Success Outcome = "success"
	Failure Outcome = "failure"
)

// NewEvent returns an event of now under the circumstances that ctx carries. Without any, the app's own code did
// it: then Detail has "actor": "operator". Where the user acts who is not logged in yet, set Actor.
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

// NewUserEvent is NewEvent for what a user does before the login: the user is the actor, where nobody else is.
func NewUserEvent(ctx context.Context, kind EventKind, user UserID) Event {
	e := NewEvent(ctx, kind, user)
	if _, known := CauseOf(ctx); known && e.Actor == "" {
		e.Actor = user
	}
	return e
}

// NewProofEvent is NewEvent for a change that a secret of the user, such as a link, allows: the user is the actor, even
// if the request had the session of somebody else.
func NewProofEvent(ctx context.Context, kind EventKind, user UserID) Event {
	e := NewEvent(ctx, kind, user)
	if _, known := CauseOf(ctx); known {
		e.Actor = user
	}
	return e
}

// EventLog keeps the events of accounts. A store that implements it writes the events of its own
// changes itself, in the transaction of the change, with the circumstances of NewEvent. The handlers
// that record failed logins use it where it is there, and the list of a user's activity asks for it.
type EventLog interface {
	// RecordEvent stores an event that goes with no change in the store, such as a failed login. It
	// does the same work whether or not the event has a user.
	RecordEvent(ctx context.Context, e Event) error
	// UserEvents returns the user's events from before a time, the newest first; the zero time begins
	// with the newest. It returns limit events, and after them all that have the same time as the
	// last one, so that the next page can begin before that time and misses none. An unknown user has
	// none.
	UserEvents(ctx context.Context, user UserID, before time.Time, limit int) ([]Event, error)
}
