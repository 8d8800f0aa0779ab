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
	// disabled, or that the user's hash is not, or no longer, n.Credential. With a Limit, no more
	// than Limit sessions of the user are live afterwards, even after parallel calls.
	CreateSession(ctx context.Context, n NewSession) (Session, error)
	// UpdateSession changes a live session and marks it as seen, or returns ErrNoSession: it never
	// brings an ended session back. Values that the change does not name stay, also those that a
	// parallel call has written.
	UpdateSession(ctx context.Context, d Digest, change SessionChange) (Session, error)
	// DeleteSession ends a session. An unknown digest is no error.
	DeleteSession(ctx context.Context, d Digest) error
	// FindRotated finds a session by the digest that its last rotation replaced, so that requests
	// sent just before the rotation stay logged in. Within SessionChange.Grace it returns the live
	// session. After the grace it ends the session, because two parties hold its token, and returns
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

// SessionID is a session's public name, for lists and for revoking. It is not a credential.
type SessionID string

// Session is a stored session.
type Session struct {
	ID SessionID
	// Digest is the key under which the session is stored now.
	Digest Digest
	// UserID is empty for an anonymous session.
	UserID UserID
	// Data is a JSON object: each value in the form of codec.Encode, under its codec.Key.
	Data json.RawMessage
	// Version grows by one with every change of Data.
	Version int64

	CreatedAt, LastSeenAt, ExpiresAt time.Time
	// AuthenticatedAt is when the user last proved who they are; zero for an anonymous session,
	// unless NewSession.Authenticated was set.
	AuthenticatedAt time.Time
	// Methods are how the user has proved who they are, in this session.
	Methods Methods
	// SecondFactorAt is when the user last proved a second factor; zero means never.
	SecondFactorAt time.Time
	// Provider comes from NewSession. Only CreateSession and Logins.UserSessions need to return it.
	Provider ProviderSession
	// IdleTimeout ends the session if it was not seen for this long.
	IdleTimeout time.Duration
	// Persistent comes from NewSession.
	Persistent bool
	// ReadAt is the store's clock when it returned this record.
	ReadAt time.Time
	// Origin is the client that created the session.
	Origin Origin
	// Evicted is how many sessions of the user ended because of NewSession.Limit when CreateSession
	// stored this one. It is zero in every other record.
	Evicted int64
	// Settled says that CreateSession has settled NewSession.Settles. KnownBrowser is then the
	// result that Limiter.SettleAttempt would have returned. They are false in every other record.
	Settled, KnownBrowser bool
	// Elsewhere says that, since the session's token was replaced, FindRotated was called for the
	// first time by a client other than the one that replaced it: from another address prefix or
	// with another browser. It is false in every other record.
	Elsewhere bool
}

// ProviderSession is a user's session at another service. Logging out there may end sessions here,
// and the other way round.
type ProviderSession struct {
	// Issuer is the service, as "iss" of its tokens, and ID its name of the session, as "sid".
	Issuer, ID string
}

// NewSession is a session to be created.
type NewSession struct {
	Digest Digest
	// UserID is empty for an anonymous session.
	UserID UserID
	// Credential, unless zero, must still be the user's password hash when the session is stored.
	// So a password that has just been changed leaves no session of the old one.
	Credential password.Hash
	// Authenticated sets AuthenticatedAt in a session without a UserID: its user has just proved
	// who they are, but the store does not know the app's users. A session with a UserID always has
	// it.
	Authenticated bool
	// Methods are how the user has just proved who they are; empty if that is not known.
	Methods Methods
	// SecondFactor sets SecondFactorAt: the methods include a second factor.
	SecondFactor bool
	// Pending, unless zero, is the login under way that this session completes; it ends in the same
	// step. ErrNoPendingLogin means that it is not live, or not of n.UserID. Where the store is a
	// Factors, CreateSession returns ErrSecondFactor for a user with a confirmed factor that gates,
	// unless SecondFactor or Pending is set.
	Pending Digest
	// Provider is the user's session at the service where they logged in. Zero means none.
	Provider ProviderSession
	// Replaces is the session that this one replaces; it ends in the same step. Zero means none.
	Replaces Digest
	// Data is a JSON object as in Session; nil means empty.
	Data json.RawMessage
	// Lifetime is the time from now, by the store's clock, to the absolute end.
	Lifetime, IdleTimeout time.Duration
	// Persistent means that the cookie outlives the browser ("remember me"). The store only keeps
	// it.
	Persistent bool
	// Limit is how many live sessions the user may have, including this one. If there are more,
	// those not seen for the longest time end in the same step, and Session.Evicted counts them.
	// Zero means no limit.
	Limit  int
	Origin Origin
	// Settles, unless nil, is the attempt that led to this session. A store that is also the
	// Limiter may settle it in the same step; see Session.Settled.
	Settles *Settlement
	// NewBrowser means that the user logs in with an unknown browser. A store that writes mails to
	// users (store.WithMail) then tells users who have logged in with another browser before. It is
	// not set for the session after a sign-up.
	NewBrowser bool
}

// SessionChange is what one request changes in its session.
// The zero value only marks the session as seen.
type SessionChange struct {
	// Set is a JSON object with the keys to write; nil means none.
	Set json.RawMessage
	// Unset are the keys to remove.
	Unset []string
	// Digest, unless zero, replaces the session's digest: the old token is invalid at once.
	Digest Digest
	// Grace is how long Sessions.FindRotated still finds the session under the digest that Digest
	// replaced. It has no meaning without Digest. With zero the old digest is not stored: its use
	// neither finds nor ends the session.
	Grace time.Duration
	// Authenticated means that the user has just proved who they are. Methods, which are added to
	// those of the session, say how, and SecondFactor that they include a second factor. Both have
	// no meaning without Authenticated.
	Authenticated bool
	Methods       Methods
	SecondFactor  bool
	// UnlessSeenFor skips a change without values if the session was seen within this time, for
	// example by a parallel request. The answer is then ErrNoSession. Zero skips nothing.
	UnlessSeenFor time.Duration
}
