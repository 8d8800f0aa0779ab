package driver

import "context"

// Logins lists a user's sessions and ends sessions whose token is not known. The handlers for lists
// of logins ask for it. A session that is ended here is ended for all processes at once, and no
// write that is under way brings it back.
type Logins interface {
	// UserSessions returns the user's live sessions, the one last seen first. An unknown or
	// disabled user has none.
	UserSessions(ctx context.Context, user UserID) ([]Session, error)
	// RevokeSession ends a session of the user. ErrNoSession means that the user has no session of
	// that id; a session of another user stays as it is. For a session that has ended without being
	// deleted, either answer is right.
	RevokeSession(ctx context.Context, user UserID, id SessionID) error
	// RevokeUserSessions ends all sessions of the user except one, or all for an empty except.
	// Where the store is RefreshTokens too, it ends the user's logins by refresh tokens by the same
	// rule, and except may be one of those. It forgets the user's known browsers where the store
	// keeps them. An unknown user is no error.
	RevokeUserSessions(ctx context.Context, user UserID, except SessionID) error
	// RevokeAllSessions ends all sessions of all users, also anonymous ones, and all logins by
	// refresh tokens.
	RevokeAllSessions(ctx context.Context) error
}
