package refresh

import (
	"context"
	"time"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/password"
)

// Store keeps refresh tokens by their login, a Family each. Expiry, idle and absolute, is the
// store's to enforce, by one clock, and what ends a user's sessions ends the families too. All methods must be safe
// for concurrent use, honour the context, and wrap ginauth.ErrUnavailable when the store cannot be asked.
type Store interface {
	// CreateRefreshFamily stores the first token of a login. ginauth.ErrNoUser means that the
	// user is unknown or disabled, or that their hash is no longer n.Credential.
	CreateRefreshFamily(ctx context.Context, n NewFamily) (Family, error)
	// FindRefreshFamily returns the live family of a token that RotateRefreshToken would take, and changes
	// nothing. ginauth.ErrTokenReused means that the token was replaced before, and is not within its grace;
	// ginauth.ErrNoSession that no live family has it.
	FindRefreshFamily(ctx context.Context, k Key) (Family, error)
	// RotateRefreshToken replaces a token by its successor, in one step. Of several calls with
	// one token, one replaces it; the others, and those within r.Grace, get what that one
	// stored. A token that was replaced before is ginauth.ErrTokenReused with the family, which has ended
	// then; ginauth.ErrNoSession means that no live family has it.
	RotateRefreshToken(ctx context.Context, r Rotation) (Rotated, error)
	// RevokeRefreshToken ends the family of a token, replaced or not, and returns what it
	// was. ginauth.ErrNoSession means that there is none.
	RevokeRefreshToken(ctx context.Context, k Key) (Family, error)
}

// Manager is an optional extension of Store for lists of logins, and to end one of which the token
// is not known.
type Manager interface {
	// UserRefreshFamilies returns the user's live families, the one last used first.
	UserRefreshFamilies(ctx context.Context, user ginauth.UserID) ([]Family, error)
	// RevokeRefreshFamily ends a family of the user. ginauth.ErrNoSession means that there is none
	// of that id, or that it is someone else's.
	RevokeRefreshFamily(ctx context.Context, user ginauth.UserID, id ginauth.SessionID) error
}

// Family is a login that refresh tokens keep alive: one device, as a rule.
type Family struct {
	// ID names the family in public, in lists and as "sid" of its access tokens. It is no credential.
	ID     ginauth.SessionID
	UserID ginauth.UserID
	// Scopes are those of the login; nil is everything that the user may do.
	Scopes []string
	// CreatedAt is when the user logged in, and LastUsedAt when a token was last replaced.
	CreatedAt, LastUsedAt, ExpiresAt time.Time
	// IdleTimeout ends the family when it was not used for as long.
	IdleTimeout time.Duration
	// Origin is the client that logged in.
	Origin ginauth.Origin
}

// NewFamily is a login about to be stored.
type NewFamily struct {
	Key    Key
	UserID ginauth.UserID
	// Credential, unless zero, must still be the user's password hash (SEC-78).
	Credential password.Hash
	Scopes     []string
	// Lifetime is the absolute end, counted from the store's now.
	Lifetime, IdleTimeout time.Duration
	// Limit is how many live families the user may have with this one; those used longest ago end
	// in the same step. Zero is no limit.
	Limit  int
	Origin ginauth.Origin
}

// Rotation replaces a token.
type Rotation struct {
	// Key is the presented token's.
	Key Key
	// Next is the digest of the successor, and Seal hides it from all but the presented token.
	Next ginauth.Digest
	Seal Seal
	// Grace is for how long the presented token still gets the same successor. Zero is not at all.
	Grace time.Duration
}

// Rotated is a family after one of its tokens was presented.
type Rotated struct {
	Family
	// Digest is the one of the successor, and Seal is for the presented token to open. They are those
	// of the Rotation, or of the one before it within its grace.
	Digest ginauth.Digest
	Seal   Seal
	// Elsewhere says that the token was used within its grace by another client than the one that replaced
	// it, for the first time: from another address prefix or by another browser.
	Elsewhere bool
}
