package driver

import (
	"context"
	"encoding/json"
	"time"

	"github.com/ginauth/ginauth/ginauth/password"
)

// Users keeps the accounts. store.DB is one on PostgreSQL. All methods must
// be safe for concurrent use, honour the context, and wrap ErrUnavailable when
// the store cannot be asked.
type Users[U User] interface {
	// FindUser returns the user, or ErrNoUser.
	FindUser(ctx context.Context, id UserID) (U, error)
	// FindCredential returns the user with that canonical identifier and the password hash,
	// which is zero for a user without a password; or ErrNoUser. Disabled users are returned too, and so is
	// the user whose hash is a password.ErrMalformedHash, for the log.
	FindCredential(ctx context.Context, identifier string) (U, password.Hash, error)
	// CreateUser stores a new user, or returns ErrIdentifierTaken. When fill is not nil it edits
	// the user before it is stored; its error undoes everything and is returned as it is.
	CreateUser(ctx context.Context, n NewUser, fill func(*U) error) (U, error)
	// ReplaceHash moves the same password to a newer hash, and does nothing when the
	// stored hash is no longer old.
	ReplaceHash(ctx context.Context, id UserID, old, replacement password.Hash) error
}

// NewUser is an account about to be created.
type NewUser struct {
	Name string
	// Email is the address as typed; Canonical is the form that is unique.
	Email, Canonical string
	// Hash is zero for a user without a password.
	Hash password.Hash
}

// SessionID names a session in public, for lists and for revoking. It is no credential.
type SessionID string

// Sessions keeps the sessions. Expiry, idle and absolute, is the store's to enforce,
// by one clock. All methods must be safe for concurrent use, honour the context, and
// wrap ErrUnavailable when the store cannot be asked.
type Sessions interface {
	// FindSession returns a live session, or ErrNoSession. It must not write, except that it may
	// delete a session that it finds past its end.
	FindSession(ctx context.Context, d Digest) (Session, error)
	// CreateSession stores a new session, and deletes n.Replaces in the same step.
	// A digest that exists already is an error, never an update. ErrNoUser means that
	// n.UserID is unknown or disabled, or that its hash is no longer n.Credential.
	CreateSession(ctx context.Context, n NewSession) (Session, error)
	// UpdateSession changes a live session and marks it seen, or returns ErrNoSession:
	// it never brings a session back. Keys that change does not name keep their value.
	UpdateSession(ctx context.Context, d Digest, change SessionChange) (Session, error)
	// DeleteSession ends a session. A session that does not exist is no error.
	DeleteSession(ctx context.Context, d Digest) error
}

// SessionFinder is an optional extension of Sessions that returns a live session and
// its user in one step. ErrNoSession means that either is missing or the user is disabled. The
// record's CreatedAt, IdleTimeout and Origin may stay empty: a request does not need them.
type SessionFinder[U User] interface {
	FindUserSession(ctx context.Context, d Digest) (U, Session, error)
}

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
	// Settled says that CreateSession has done what NewSession.Settles asks for, and KnownDevice what
	// Limiter.SettleAttempt would have returned. They are false in every other record.
	Settled, KnownDevice bool
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
	// NewDevice means that the user has not been seen on this device before. A store that writes to users
	// (store.WithMail) tells those who had been seen on another. It is not for the session that follows the
	// sign-up.
	NewDevice bool
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
	// Grace is for how long RotationStore.FindRotated still finds the session under the digest
	// that Digest replaced. It has no meaning without Digest. Zero keeps no trace of the old one: its
	// use neither finds nor ends the session.
	Grace time.Duration
	// Authenticated means that the user has just proved who they are.
	Authenticated bool
	// UnlessSeenFor skips a change without values for a session that was seen within this
	// time, as by a parallel request. The answer is ErrNoSession then. Zero skips none.
	UnlessSeenFor time.Duration
}

// SessionManager is an optional extension of Sessions for lists of sessions and for
// ending those of which the token is not known. What ends does so for all processes at once.
type SessionManager interface {
	// UserSessions returns the user's live sessions, the one last seen first. An unknown user
	// has none.
	UserSessions(ctx context.Context, user UserID) ([]Session, error)
	// RevokeSession ends a session of the user. ErrNoSession means that there is none of that
	// id, or that it is someone else's, which then lives on.
	RevokeSession(ctx context.Context, user UserID, id SessionID) error
	// RevokeUserSessions ends all sessions of the user but except, which is empty for none. In a
	// RefreshManager it ends logins by refresh tokens just so.
	RevokeUserSessions(ctx context.Context, user UserID, except SessionID) error
	// RevokeAllSessions ends all sessions of everybody, anonymous ones too.
	RevokeAllSessions(ctx context.Context) error
}

// RefreshManager is an optional extension of SessionManager for a store that keeps logins by refresh
// tokens beside the sessions, so that the user's list has them too, and ends them.
type RefreshManager interface {
	// UserRefreshLogins returns the user's live logins by refresh tokens, the one used last
	// first. Of their records, Digest, Data, Version and ReadAt are not set.
	UserRefreshLogins(ctx context.Context, user UserID) ([]Session, error)
	// RevokeRefreshFamily ends such a login. ErrNoSession means that the user has none of that id, or
	// that it is someone else's, which then lives on.
	RevokeRefreshFamily(ctx context.Context, user UserID, id SessionID) error
}

// RotationStore is an optional extension of Sessions that knows a session by the digest it
// had before its last rotation, so that requests sent just before it are not logged
// out, and a token used long after it is noticed.
type RotationStore interface {
	// FindRotated takes the digest that SessionChange.Digest replaced. Within
	// SessionChange.Grace it returns the live session. Later it ends the session, whose
	// token two parties hold by then, and returns what it was with ErrTokenReused. ErrNoSession
	// means that no live session had this digest last.
	FindRotated(ctx context.Context, d Digest) (Session, error)
}

// Authority is an optional extension of Users for sessions that another store of
// gin-contrib/sessions keeps. Those stores cannot end what they do not know of, such as a copied
// cookie, and know nothing of users; with an authority, a request is checked against it in one step.
type Authority[U User] interface {
	// AdmitSession says whether n.UserID may have a new session, by the rules of
	// Sessions.CreateSession, and under which epoch. It stores nothing.
	AdmitSession(ctx context.Context, n NewSession) (Admission, error)
	// FindAdmitted returns the user of a session that was admitted under this epoch, and the
	// store's clock. ErrNoSession means that the session was ended by EndAdmitted, or all of the
	// user's were, or that the user is gone or disabled. It must not write.
	FindAdmitted(ctx context.Context, user UserID, session Digest, epoch int64) (U, time.Time, error)
	// EndAdmitted ends one session for good. It may forget that after until, when the session
	// would have ended by itself.
	EndAdmitted(ctx context.Context, session Digest, until time.Time) error
}

// Admission is what a session that is kept elsewhere carries along.
type Admission struct {
	// Epoch is that of the user's sessions: it moves when all of them are ended.
	Epoch int64
	// At is the store's clock.
	At time.Time
}

// PasswordStore is an optional extension of Users for handlers that change a password.
type PasswordStore interface {
	// SetPassword replaces the user's password and ends everything that the old one began: all
	// sessions but change.Session, all logins by refresh tokens, and all mailed links, of which those that
	// undo a change of address alone live on. It does all of it or nothing,
	// and a login under way with the old password leaves no session. API keys live on. ErrNoUser
	// means that the user is unknown or disabled, or that the hash is not change.Old (any more): of
	// parallel calls with one Old, one succeeds.
	SetPassword(ctx context.Context, change PasswordChange) (PasswordChanged, error)
}

// PasswordChange is a new password and the session that may live on.
type PasswordChange struct {
	UserID UserID
	// Old must still be the user's hash; zero means that the user must have no password.
	Old password.Hash
	// New is not zero.
	New password.Hash
	// Session lives on, under Digest, and its old token is worthless at once. Empty: all end.
	Session SessionID
	// Digest is needed where Session is not empty.
	Digest Digest
	// Authenticated means that the user has just proved who they are.
	Authenticated bool
}

// PasswordChanged says what is left after a change of password.
type PasswordChanged struct {
	// Epoch is that of the user's sessions from now on; see Admission.
	Epoch int64
	// Kept: PasswordChange.Session lives on. It is false for a session that this store does not keep.
	Kept bool
}

// ProfileStore is an optional extension of Users for what users change about themselves.
type ProfileStore[U User] interface {
	// UpdateUser changes the name, unless it is nil, and what fill, unless it is nil, changes of the
	// app's own part of the user. Nothing else of a user changes by it, whatever fill does, and what
	// is left alone keeps the value that a parallel call may have written. An error of fill is
	// returned as it is, and nothing is stored. ErrNoUser means that the user is gone or disabled.
	UpdateUser(ctx context.Context, id UserID, name *string, fill func(*U) error) (U, error)
}

// AccountDeleter is an optional extension of Users for users who leave.
type AccountDeleter interface {
	// ArchiveUser disables the user, ends all sessions and logins, and marks the user to be deleted
	// after the grace, but not while a mailed link lives that undoes a change of address: the user may be a thief. It
	// returns when that is. Without a grace and such a link it deletes the user at once with all that
	// belongs to them (sessions, API keys, logins by refresh tokens), and returns the zero time. ErrNoUser means that there is none or that they are disabled already.
	ArchiveUser(ctx context.Context, id UserID, grace time.Duration) (deleteAfter time.Time, err error)
}

// AccountRestorer is an optional extension of Users for users who think better of it.
type AccountRestorer[U User] interface {
	// FindArchived returns the user with that canonical identifier, who is archived and whose grace is
	// not over, with the password hash, which is zero for none; or ErrNoUser. A password.ErrMalformedHash
	// comes beside the user, for the log.
	FindArchived(ctx context.Context, identifier string) (UserID, password.Hash, error)
	// RestoreUser undoes ArchiveUser within its grace; nothing that ended begins again. ErrNoUser means
	// that there is nothing to undo, or that the hash is no longer credential.
	RestoreUser(ctx context.Context, id UserID, credential password.Hash) (U, error)
}

// AccountExporter is an optional extension of Users for users who want to see what is known of them.
type AccountExporter interface {
	// ExportUser returns all that the store holds of the user, as a JSON object without secrets and
	// without digests of them. ErrNoUser means that there is none.
	ExportUser(ctx context.Context, id UserID) (json.RawMessage, error)
}
