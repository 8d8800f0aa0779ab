package driver

import (
	"context"
	"time"

	"github.com/ginauth/ginauth/ginauth/password"
)

// RefreshTokens keeps logins by refresh tokens; the tokens of one login are a family. Package jwt
// asks for it, and so does the list of logins where the sessions' store implements it. The store
// enforces both ends of a family, idle and absolute, by one clock, and what ends all sessions of a
// user ends their families too.
type RefreshTokens interface {
	// CreateRefreshFamily stores the first token of a login. A digest that exists already is an
	// error. ErrNoUser means that the user is unknown or disabled, or that the stored hash is not
	// n.Credential (any more).
	CreateRefreshFamily(ctx context.Context, n NewRefreshFamily) (RefreshFamily, error)
	// FindRefreshFamily returns the live family of a token that RotateRefreshToken would take, and
	// changes nothing. ErrTokenReused means that the token was replaced and is not within its
	// grace; ErrNoSession means that no live family has the token.
	FindRefreshFamily(ctx context.Context, k RefreshKey) (RefreshFamily, error)
	// RotateRefreshToken replaces a token by its successor. Of parallel calls with one token, one
	// replaces it; the others, and later calls within r.Grace, get the successor that the first one
	// stored. After the grace the token is reused: the family ends, and is returned with
	// ErrTokenReused. ErrNoSession means that no live family has the token.
	RotateRefreshToken(ctx context.Context, r RefreshRotation) (RefreshRotated, error)
	// RevokeRefreshToken ends the family of a token, whether the token was replaced or not, and
	// returns the ended family. ErrNoSession means that there is none. For a family that has ended
	// without being deleted, either answer is right.
	RevokeRefreshToken(ctx context.Context, k RefreshKey) (RefreshFamily, error)
	// UserRefreshFamilies returns the user's live families, the one used last first. An unknown or
	// disabled user has none.
	UserRefreshFamilies(ctx context.Context, user UserID) ([]RefreshFamily, error)
	// RevokeRefreshFamily ends a family of the user. ErrNoSession means that the user has no family
	// of that id; a family of another user stays as it is. For a family that has ended without
	// being deleted, either answer is right.
	RevokeRefreshFamily(ctx context.Context, user UserID, id SessionID) error
}

// RefreshFamily is a login that refresh tokens keep alive: one device, as a rule.
type RefreshFamily struct {
	// ID names the family in public, in lists and as "sid" of its access tokens. It is no
	// credential.
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
	// Credential, unless zero, must still be the user's password hash.
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
	// Digest is the one of the successor, and Seal is for the presented token to open. They are
	// those of the Rotation, or of the one before it within its grace.
	Digest Digest
	Seal   RefreshSeal
	// Elsewhere says that the token was used within its grace by another client than the one that
	// replaced it, for the first time: from another address prefix or by another browser.
	Elsewhere bool
}

// SessionChecker says whether the login of an access token is still alive. Backends of package jwt
// ask for it unless they are Stateless.
type SessionChecker[U any] interface {
	// FindTokenUser returns the user of a live session or of a live family of refresh tokens, in
	// one step. ErrNoSession means that the login has ended, that it is not the user's, or that the
	// user is unknown or disabled.
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
