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
	// error. ErrNoUser means that the user is unknown or disabled, or that the stored hash is not,
	// or no longer, n.Credential.
	CreateRefreshFamily(ctx context.Context, n NewRefreshFamily) (RefreshFamily, error)
	// FindRefreshFamily returns the live family of a token that RotateRefreshToken would accept,
	// and changes nothing. ErrTokenReused means that the token was replaced and its grace is over;
	// ErrNoSession means that no live family has the token.
	FindRefreshFamily(ctx context.Context, k RefreshKey) (RefreshFamily, error)
	// RotateRefreshToken replaces a token by its successor. Of parallel calls with one token, one
	// replaces it; the others, and later calls within r.Grace, get the successor that the first one
	// stored. A call after the grace ends the family, and returns it with ErrTokenReused.
	// ErrNoSession means that no live family has the token.
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

// RefreshFamily is a login that refresh tokens keep alive, usually of one device.
type RefreshFamily struct {
	// ID is the family's public name, in lists and as "sid" of its access tokens. It is not a
	// credential.
	ID     SessionID
	UserID UserID
	// Scopes are the scopes of the login; nil means everything that the user may do.
	Scopes []string
	// Methods are how the user proved at CreatedAt who they are.
	Methods Methods
	// SecondFactor says that the methods include a second factor.
	SecondFactor bool
	// CreatedAt is when the user logged in, and LastUsedAt when a token was last replaced.
	CreatedAt, LastUsedAt, ExpiresAt time.Time
	// IdleTimeout ends the family if it was not used for this long.
	IdleTimeout time.Duration
	// Origin is the client that logged in.
	Origin Origin
}

// NewRefreshFamily is a login to be stored.
type NewRefreshFamily struct {
	Key    RefreshKey
	UserID UserID
	// Credential, unless zero, must still be the user's password hash.
	Credential password.Hash
	Scopes     []string
	// Methods and SecondFactor are kept as they are. Pending is as in NewSession, and so is
	// ErrSecondFactor.
	Methods      Methods
	SecondFactor bool
	Pending      Digest
	// Lifetime is the time from now, by the store's clock, to the absolute end.
	Lifetime, IdleTimeout time.Duration
	// Limit is how many live families the user may have, including this one. Those unused for the
	// longest time end in the same step. Zero means no limit.
	Limit  int
	Origin Origin
}

// RefreshRotation is the replacement of a token.
type RefreshRotation struct {
	// Key is the key of the token that was sent.
	Key RefreshKey
	// Next is the digest of the successor. Seal hides the successor from everybody without the
	// token that was sent.
	Next Digest
	Seal RefreshSeal
	// Grace is how long the token that was sent still gets the same successor. Zero means not at
	// all.
	Grace time.Duration
}

// RefreshRotated is a family after one of its tokens was sent.
type RefreshRotated struct {
	RefreshFamily
	// Digest is the digest of the successor, and the token that was sent opens Seal. Both come from
	// this RefreshRotation, or from the earlier one within its grace.
	Digest Digest
	Seal   RefreshSeal
	// Elsewhere says that, within its grace, the token was used for the first time by a client
	// other than the one that replaced it: from another address prefix or with another browser.
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

// RefreshKey is what a store knows about a token.
type RefreshKey struct {
	// Selector is the SHA-256 of the part that all tokens of a login have in common.
	Selector Digest
	// Digest is the SHA-256 of the whole token.
	Digest Digest
}

// RefreshSeal hides a token from everybody who does not have the token before it.
type RefreshSeal [32]byte
