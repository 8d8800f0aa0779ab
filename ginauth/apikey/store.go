package apikey

import (
	"context"
	"errors"
	"time"

	"github.com/ginauth/ginauth/ginauth"
)

// What a store answers.
var (
	// ErrNoKey means that there is no such live key, or that its user may not use it.
	ErrNoKey = errors.New("no such API key")
	// ErrTooManyKeys means that the user has as many live keys as NewRecord.Limit allows.
	ErrTooManyKeys = errors.New("too many API keys")
)

// Store keeps the keys. *store.DB is one. Expiry is the store's to enforce, by one clock. All
// methods must be safe for concurrent use, honour the context, and wrap
// ginauth.ErrUnavailable when the store cannot be asked.
type Store[U ginauth.User] interface {
	// CreateAPIKey stores a new key, or returns ErrTooManyKeys, which must hold under parallel
	// calls. ginauth.ErrNoUser means that the user is unknown or disabled. A digest that exists
	// already is an error, never an update.
	CreateAPIKey(ctx context.Context, n NewRecord) (Record, error)
	// FindAPIKey returns a live key and its user in one step, and writes nothing. ErrNoKey
	// means that there is none of this digest, that it has expired or was revoked, or that its user is
	// gone or disabled.
	FindAPIKey(ctx context.Context, d ginauth.Digest) (U, Record, error)
	// TouchAPIKey notes that the key is used now, unless that was done within the interval or is
	// being done by a parallel call. An unknown key is no error.
	TouchAPIKey(ctx context.Context, id ID, interval time.Duration) error
	// UserAPIKeys returns the user's keys, the newest first, expired ones too. An unknown user
	// has none.
	UserAPIKeys(ctx context.Context, user ginauth.UserID) ([]Record, error)
	// RevokeAPIKey ends a key of the user. ErrNoKey means that there is none of that id, or
	// that it is someone else's, which then lives on.
	RevokeAPIKey(ctx context.Context, user ginauth.UserID, id ID) error
	// RevokeUserAPIKeys ends all keys of the user. A user without keys is no error.
	RevokeUserAPIKeys(ctx context.Context, user ginauth.UserID) error
}

// ID names a key in public, for lists and for revoking. It is no credential.
type ID string

// Record is a stored key as its user sees it. It holds nothing that could authenticate a request.
type Record struct {
	ID     ID             `json:"id"`
	UserID ginauth.UserID `json:"-"`
	// Name is what the user calls the key.
	Name string `json:"name"`
	// Scopes are what the key may be used for, sorted. Empty, which is never nil, is nothing that
	// asks for a scope.
	Scopes []string `json:"scopes"`
	// Start is Key.Start.
	Start     string    `json:"start"`
	CreatedAt time.Time `json:"created_at" format:"date-time"`
	// ExpiresAt is zero for a key that never expires.
	ExpiresAt time.Time `json:"expires_at,omitzero" validate:"optional" format:"date-time"`
	// LastUsedAt is zero for a key that was never used. It is exact to Keys.TouchEvery.
	LastUsedAt time.Time `json:"last_used_at,omitzero" validate:"optional" format:"date-time"`
	// ReadAt is the store's clock when it returned this record.
	ReadAt time.Time `json:"-"`
} //	@name	APIKey

// NewRecord is a key about to be stored.
type NewRecord struct {
	Digest ginauth.Digest
	UserID ginauth.UserID
	Name   string
	Scopes []string
	Start  string
	// Lifetime is counted from the store's now. Zero never ends.
	Lifetime time.Duration
	// Limit is how many live keys the user may have with this one. Zero is no limit.
	Limit int
}
