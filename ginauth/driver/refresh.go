package driver

import (
	"context"
	"time"

	"github.com/ginauth/ginauth/ginauth/password"
)

// RefreshTokens keeps refresh tokens by their login, a Family each. Expiry, idle and absolute, is the
// store's to enforce, by one clock, and what ends a user's sessions ends the families too. All methods must be safe
// for concurrent use, honour the context, and wrap ErrUnavailable when the store cannot be asked.
type RefreshTokens interface {
	// CreateRefreshFamily stores the first token of a login. ErrNoUser means that the
	// user is unknown or disabled, or that their hash is no longer n.Credential.
	CreateRefreshFamily(ctx context.Context, n NewRefreshFamily) (RefreshFamily, error)
	// FindRefreshFamily returns the live family of a token that RotateRefreshToken would take, and changes
	// nothing. ErrTokenReused means that the token was replaced before, and is not within its grace;
	// ErrNoSession that no live family has it.
	FindRefreshFamily(ctx context.Context, k RefreshKey) (RefreshFamily, error)
	// RotateRefreshToken replaces a token by its successor, in one step. Of several calls with
	// one token, one replaces it; the others, and those within r.Grace, get what that one
	// stored. A token that was replaced before is ErrTokenReused with the family, which has ended
	// then; ErrNoSession means that no live family has it.
	RotateRefreshToken(ctx context.Context, r RefreshRotation) (RefreshRotated, error)
	// RevokeRefreshToken ends the family of a token, replaced or not, and returns what it
	// was. ErrNoSession means that there is none.
	RevokeRefreshToken(ctx context.Context, k RefreshKey) (RefreshFamily, error)
}

// RefreshFamilies is an optional extension of Store for lists of logins, and to end one of which the token
// is not known.
type RefreshFamilies interface {
	// UserRefreshFamilies returns the user's live families, the one last used first.
	UserRefreshFamilies(ctx context.Context, user UserID) ([]RefreshFamily, error)
	// RevokeRefreshFamily ends a family of the user. ErrNoSession means that there is none
	// of that id, or that it is someone else's.
	RevokeRefreshFamily(ctx context.Context, user UserID, id SessionID) error
}

// RefreshFamily is a login that refresh tokens keep alive: one device, as a rule.
type RefreshFamily struct {
	// ID names the family in public, in lists and as "sid" of its access tokens. It is no credential.
	ID     SessionID
	UserID UserID
	// Scopes are those of the login; nil is everything that the user may do.
	Scopes []string
	// CreatedAt is when the user logged in, and LastUsedAt when a token was last replaced.
	CreatedAt, LastUsedAt, ExpiresAt time.Time
	// IdleTimeout ends the family when it was not used for as long.
	IdleTimeout time.Duration
	// Origin is the client that logged in.
	Origin Origin
}

// NewRefreshFamily is a login about to be stored.
type NewRefreshFamily struct {
	Key    RefreshKey
	UserID UserID
	// Credential, unless zero, must still be the user's password hash (SEC-78).
	Credential password.Hash
	Scopes     []string
	// Lifetime is the absolute end, counted from the store's now.
	Lifetime, IdleTimeout time.Duration
	// Limit is how many live families the user may have with this one; those used longest ago end
	// in the same step. Zero is no limit.
	Limit  int
	Origin Origin
}

// RefreshRotation replaces a token.
type RefreshRotation struct {
	// Key is the presented token's.
	Key RefreshKey
	// Next is the digest of the successor, and Seal hides it from all but the presented token.
	Next Digest
	Seal RefreshSeal
	// Grace is for how long the presented token still gets the same successor. Zero is not at all.
	Grace time.Duration
}

// RefreshRotated is a family after one of its tokens was presented.
type RefreshRotated struct {
	RefreshFamily
	// Digest is the one of the successor, and Seal is for the presented token to open. They are those
	// of the Rotation, or of the one before it within its grace.
	Digest Digest
	Seal   RefreshSeal
	// Elsewhere says that the token was used within its grace by another client than the one that replaced
	// it, for the first time: from another address prefix or by another browser.
	Elsewhere bool
}

// SessionChecker is an optional extension of UserFinder that knows which sessions have ended.
// store.DB is one.
type SessionChecker[U User] interface {
	// FindTokenUser returns the user of a live session, in one step. ErrNoSession means that
	// the session has ended, is not the user's, or that the user is gone or disabled.
	FindTokenUser(ctx context.Context, user UserID, session SessionID) (U, error)
}

// RefreshKey is what a store knows of a token.
type RefreshKey struct {
	// Selector is the SHA-256 of what all tokens of a login have in common.
	Selector Digest
	// Digest is the SHA-256 of the whole token.
	Digest Digest
}

// RefreshSeal hides a token from everybody who does not have the one before it.
type RefreshSeal [32]byte
