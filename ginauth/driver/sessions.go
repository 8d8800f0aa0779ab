package driver

import (
	"context"
	"encoding/json"
	"time"

	"github.com/ginauth/ginauth/ginauth/password"
)

// Sessions keeps the sessions. The store enforces both ends of a session, idle and absolute, by one
// clock: a session is live while now is before ExpiresAt and before LastSeenAt plus IdleTimeout. A
// session also ends when its user is disabled or deleted.
type Sessions interface {
	// FindSession returns a live session, or ErrNoSession. It does not write, except that it may
	// delete a session that has ended.
	FindSession(ctx context.Context, d Digest) (Session, error)
	// CreateSession stores a new session, and deletes n.Replaces in the same step. A digest that
	// exists already is an error and changes nothing. ErrNoUser means that n.UserID is unknown or
	// disabled, or that the user's hash is not n.Credential (any more). With a Limit, no more than
	// Limit sessions of the user are live afterwards, also after parallel calls.
	CreateSession(ctx context.Context, n NewSession) (Session, error)
	// UpdateSession changes a live session and marks it as seen, or returns ErrNoSession: it never
	// brings an ended session back. Values that the change does not name stay, also those that a
	// parallel call has written.
	UpdateSession(ctx context.Context, d Digest, change SessionChange) (Session, error)
	// DeleteSession ends a session. An unknown digest is no error.
	DeleteSession(ctx context.Context, d Digest) error
	// FindRotated finds a session by the digest that its last rotation replaced, so that requests
	// sent just before the rotation stay logged in. Within SessionChange.Grace it returns the live
	// session. After the grace it ends the session, since two parties hold its token, and returns
	// the ended session with ErrTokenReused; of parallel calls, one gets that answer. ErrNoSession
	// means that no live session had this digest before its last rotation, or that the rotation had
	// no grace.
	FindRotated(ctx context.Context, d Digest) (Session, error)
}

// SessionFinder is an optional fast path of Sessions: one step instead of FindSession and FindUser.
type SessionFinder[U any] interface {
	// FindUserSession returns a live session and its user. ErrNoSession means that there is no such
	// session, that it has no user, or that the user is disabled. The record's CreatedAt,
	// IdleTimeout and Origin may stay empty.
	FindUserSession(ctx context.Context, d Digest) (U, Session, error)
}

// SessionID names a session in public, for lists and for revoking. It is no credential.
type SessionID string

// Session is a stored session.
type Session struct {
	ID SessionID
	// Digest is the one under which the session is stored now.
	Digest Digest
	// UserID is empty for an anonymous session.
	UserID UserID
	// Data is a JSON object: each value in the form of codec.Encode, under its codec.Key.
	Data json.RawMessage
	// Version grows by one with every change of Data.
	Version int64

	CreatedAt, LastSeenAt, ExpiresAt time.Time
	// AuthenticatedAt is when the user last proved who they are; zero for an anonymous session, unless
	// NewSession.Authenticated was set.
	AuthenticatedAt time.Time
	// IdleTimeout ends the session when it was not seen for as long.
	IdleTimeout time.Duration
	// Persistent is NewSession's.
	Persistent bool
	// ReadAt is the store's clock when it returned this record.
	ReadAt time.Time
	// Origin is the client that created the session.
	Origin Origin
	// Evicted is how many sessions of the user ended for NewSession.Limit when CreateSession
	// stored this one. It is zero in every other record.
	Evicted int64
	// Settled says that CreateSession has done what NewSession.Settles asks for, and KnownBrowser what
	// Limiter.SettleAttempt would have returned. They are false in every other record.
	Settled, KnownBrowser bool
	// Elsewhere says that FindRotated found the session by another client than the one that replaced its token, for the
	// first time since then: from another address prefix or by another browser. It is false in every other record.
	Elsewhere bool
}

// NewSession is a session about to be created.
type NewSession struct {
	Digest Digest
	// UserID is empty for an anonymous session.
	UserID UserID
	// Credential, unless zero, must still be the user's password hash when the session is
	// stored, so that a password changed meanwhile leaves no session of the old one.
	Credential password.Hash
	// Authenticated means that the user has just proved who they are, although UserID may be empty because
	// the store does not know the app's users: AuthenticatedAt is set. A session with a UserID has it in any case.
	Authenticated bool
	// Replaces is the session that ends with this one's creation; zero for none.
	Replaces Digest
	// Data is a JSON object as in Session; nil is empty.
	Data json.RawMessage
	// Lifetime is the absolute end, counted from the store's now.
	Lifetime, IdleTimeout time.Duration
	// Persistent means that the cookie outlives the browser ("remember me"). The store only
	// keeps it.
	Persistent bool
	// Limit is how many live sessions the user may have with this one. When there are more,
	// those last seen longest ago end in the same step, and Session.Evicted counts them.
	// Zero is no limit.
	Limit  int
	Origin Origin
	// Settles, unless nil, is the attempt that led to this session. A store that is the Limiter may settle it
	// in the same step; see Session.Settled.
	Settles *Settlement
	// NewBrowser means that the user has not been seen in this browser before. A store that writes to users
	// (store.WithMail) tells those who had been seen on another. It is not for the session that follows the
	// sign-up.
	NewBrowser bool
}

// SessionChange is what one request changes in its session.
// The zero value only marks the session as seen.
type SessionChange struct {
	// Set is a JSON object of keys to write; nil is none.
	Set json.RawMessage
	// Unset are the keys to remove.
	Unset []string
	// Digest, unless zero, replaces the session's digest: the old token is worthless at once.
	Digest Digest
	// Grace is for how long Sessions.FindRotated still finds the session under the digest
	// that Digest replaced. It has no meaning without Digest. Zero keeps no trace of the old one: its
	// use neither finds nor ends the session.
	Grace time.Duration
	// Authenticated means that the user has just proved who they are.
	Authenticated bool
	// UnlessSeenFor skips a change without values for a session that was seen within this
	// time, as by a parallel request. The answer is ErrNoSession then. Zero skips none.
	UnlessSeenFor time.Duration
}
