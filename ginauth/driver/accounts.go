package driver

import (
	"context"
	"encoding/json"
	"time"

	"github.com/ginauth/ginauth/ginauth/password"
)

// Accounts changes accounts. The handlers of package account need it: password, profile, export,
// deletion and restoring.
type Accounts[U any] interface {
	// SetPassword replaces the user's password and ends everything that began with the old one: all
	// sessions except change.Session, all logins by refresh tokens, and all mailed links, except
	// those that undo a change of address. API keys stay. A login that is under way with the old
	// password leaves no session. ErrNoUser means that the user is unknown or disabled, or that the
	// stored hash is not, or no longer, change.Old: of parallel calls with the same Old, one
	// succeeds. If Old is zero, ErrNoUser may also mean that change.Session has ended, for example
	// by the link that removed the password.
	SetPassword(ctx context.Context, change PasswordChange) (PasswordChanged, error)
	// UpdateUser changes the name, unless it is nil, and lets fill, unless it is nil, change the
	// app's own part of the user. Nothing else of the user changes, whatever fill does. A field
	// that fill does not change keeps the value that a parallel call may have written. An error of
	// fill is returned unchanged, and nothing is stored. Fill may run again if the store repeats
	// its transaction. ErrNoUser means that the user is unknown or disabled.
	UpdateUser(ctx context.Context, id UserID, name *string, fill func(*U) error) (U, error)
	// ArchiveUser disables the user, ends all their sessions and logins, and marks the user to be
	// deleted after the grace. The deletion waits for the last mailed link that undoes a change of
	// address to expire, because a thief may have archived the account. It returns the time of the
	// deletion. With a zero grace and without such a link, it deletes the user and everything that
	// belongs to them at once, and returns the zero time. ErrNoUser means that the user is unknown
	// or already disabled: of parallel calls, one succeeds.
	ArchiveUser(ctx context.Context, id UserID, grace time.Duration) (deleteAfter time.Time, err error)
	// FindArchived returns the id and the password hash of the user with that canonical identifier
	// who is archived and whose grace is not over, or ErrNoUser. The hash is zero for a user
	// without a password. A password.ErrMalformedHash comes together with the id, for the log.
	FindArchived(ctx context.Context, identifier string) (UserID, password.Hash, error)
	// RestoreUser undoes ArchiveUser within its grace. What had ended does not begin again.
	// ErrNoUser means that the user is not archived, that the grace is over, or that the stored
	// hash is not credential: of parallel calls, one succeeds.
	RestoreUser(ctx context.Context, id UserID, credential password.Hash) (U, error)
	// ExportUser returns everything that the store holds of the user as a JSON object, without
	// secrets or their digests. ErrNoUser means that the user is unknown.
	ExportUser(ctx context.Context, id UserID) (json.RawMessage, error)
}

// PasswordChange is a new password and the session that is kept.
type PasswordChange struct {
	UserID UserID
	// Old must still be the user's hash; zero means that the user must have no password.
	Old password.Hash
	// New is not zero.
	New password.Hash
	// Session is kept, under Digest, and its old token is invalid at once. If it is empty, all
	// sessions end.
	Session SessionID
	// Digest is needed if Session is not empty.
	Digest Digest
	// Authenticated means that the user has just proved who they are.
	Authenticated bool
}

// PasswordChanged is the result of a change of password.
type PasswordChanged struct {
	// Epoch is the new epoch of the user's sessions; see Admission.
	Epoch int64
	// Kept says that PasswordChange.Session was kept. It is false for a session that this store
	// does not have.
	Kept bool
}
